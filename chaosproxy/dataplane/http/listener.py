"""The port that agents connect to: accepts, knows what is in progress, and stops without breaking calls."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from time import monotonic
from typing import Any

import msgspec

from chaosproxy.core.errors import StartError
from chaosproxy.core.events import ConnectionCounted
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.agent import AgentConnection
from chaosproxy.dataplane.http.exchange import Exchange
from chaosproxy.dataplane.http.misbehave import misbehave
from chaosproxy.dataplane.http.reading import Judged, Reader
from chaosproxy.dataplane.http.rendering import stages
from chaosproxy.dataplane.http.upstream import Pool
from chaosproxy.dataplane.http.wire import Request
from chaosproxy.dataplane.port import CallPath
from chaosproxy.dialects import Dialect

SWEEP_EVERY = 0.25
"""Seconds between looks at deadlines. Deadlines are kept this exactly; injected delays have timers of their own."""

log = logging.getLogger("chaosproxy.listener")


class Surroundings(msgspec.Struct, frozen=True):
    """What the listener is given to work with."""

    reader: Reader
    path: CallPath
    dialects: Mapping[str, Dialect]
    wall: Callable[[], float]


class Listener:
    """The data plane's server. Owns every connection, exchange and task of its wire."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._reader = surroundings.reader
        self._dialects = surroundings.dialects
        self.path = surroundings.path
        self.wall = surroundings.wall
        self.pool = Pool()
        self.exchanges: set[Exchange] = set()
        """Calls that wait for an upstream."""
        self.stopping = False
        self._connections: set[AgentConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._hanging: set[Exchange] = set()
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._accepted = 0

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen. Port 0 picks a free one. Returns the address listened on.

        Raises:
            StartError: if the address cannot be had.
        """
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: AgentConnection(self), host, port, backlog=2048, reuse_address=True
            )
        except OSError as error:
            raise StartError(
                f"cannot listen on {host}:{port}: {error.strerror or error}; "
                "choose another address with --listen HOST:PORT, or port 0 for a free one"
            ) from None
        self._sweep()
        name = self._server.sockets[0].getsockname()
        return str(name[0]), int(name[1])

    async def stop(self, grace: float) -> None:
        """Accept no more, end hanging calls at once, let the others end for up to `grace` seconds, close everything."""
        self.stopping = True
        if self._server is not None:
            self._server.close()
        for exchange in tuple(self._hanging):
            exchange.give_up(Outcome.TIMEOUT)
        until = monotonic() + grace
        while any([connection.close_if_idle() for connection in self._connections]) and monotonic() < until:  # noqa: C419
            await asyncio.sleep(0.01)
        await self._cut_off()
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.pool.close()

    async def _cut_off(self) -> None:
        """Nothing is waited for any longer."""
        for connection in tuple(self._connections):
            connection.abandon()
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    # What connections ask of it

    def joined(self, connection: AgentConnection) -> int:
        """A connection was made: its number."""
        self._connections.add(connection)
        self._accepted += 1
        self.path.report(ConnectionCounted(1))
        return self._accepted

    def parted(self, connection: AgentConnection) -> None:
        """A connection has gone."""
        self._connections.discard(connection)
        self.path.report(ConnectionCounted(-1))

    def begin(self, request: Request, connection: AgentConnection) -> None:
        """Judge a request, and let happen to it what was decided.

        Raises:
            Malformed: if it goes nowhere.
        """
        destination = self._reader.destination(request)
        call = self._reader.read(request, destination, connection.peer, monotonic())
        match, decision = self.path.begin(call)
        exchange = Exchange(self, connection, Judged(request, destination, call, (match, decision)))
        connection.exchange = exchange
        if decision.injections:
            self._hanging.add(exchange)
            exchange.task = self.spawn(self._misbehave(exchange))
            # Not in the task: one that is cancelled before its first step never runs.
            exchange.task.add_done_callback(lambda _: self._hanging.discard(exchange))
        else:
            exchange.forward()

    async def _misbehave(self, exchange: Exchange) -> None:
        try:
            await misbehave(exchange, stages(exchange.judged.decision), self._dialects)
        except Exception:
            # A mistake of ours must not look like a hang: the agent gets an answer, but one only, and the call an end.
            log.exception("fault_failed")
            if not exchange.finished:
                exchange.skipped = "fault_failed"
                exchange.break_off(502, "the reply could not be made")

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine as a task of the listener's: cancelled when it stops, and told of when it fails."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task_failed", exc_info=error)

    def _sweep(self) -> None:
        now = monotonic()
        for exchange in [each for each in self.exchanges if each.deadline and each.deadline < now]:
            exchange.overdue()
        for connection in [each for each in self._connections if each.since]:
            connection.overdue(now)
        self.pool.sweep()
        self._sweeper = asyncio.get_running_loop().call_later(SWEEP_EVERY, self._sweep)
