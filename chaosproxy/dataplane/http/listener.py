"""The port that agents connect to: accepts, knows what is in progress, and stops without breaking calls."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, cast

from chaosproxy.core.call import ToolEffect
from chaosproxy.core.errors import StartError
from chaosproxy.core.events import ConnectionCounted
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.agents.agent import AgentConnection
from chaosproxy.dataplane.http.agents.deadlines import TICK, Deadlines
from chaosproxy.dataplane.http.agents.descriptors import connections_for, raise_limit
from chaosproxy.dataplane.http.agents.limits import DEFAULTS, Limits
from chaosproxy.dataplane.http.agents.presence import has_left
from chaosproxy.dataplane.http.agents.refusals import RefusalLog
from chaosproxy.dataplane.http.copies import Copies
from chaosproxy.dataplane.http.exchange import Exchange
from chaosproxy.dataplane.http.misbehaving.misbehave import misbehave
from chaosproxy.dataplane.http.overtaking import Held
from chaosproxy.dataplane.http.requests.reading import Judged, Reader
from chaosproxy.dataplane.http.tunnels.connect import Tunnels
from chaosproxy.dataplane.http.tunnels.interception import Interception
from chaosproxy.dataplane.http.upstreams.pool import Pool
from chaosproxy.dataplane.http.wire import Request
from chaosproxy.dataplane.port import CallPath
from chaosproxy.dialects import Dialect

LOOKED_AT = 32
"""Equal calls in flight, the oldest, of which it is asked whether their agent has left: each takes a microsecond."""
FAREWELL = 1.0
"""Seconds that connections may take to go once they have been given up; that is a few turns of the loop."""

log = logging.getLogger("chaosproxy.listener")


@dataclass(frozen=True)
class Surroundings:
    """What the listener is given to work with."""

    reader: Reader
    path: CallPath
    dialects: Mapping[str, Dialect]
    wall: Callable[[], float]
    interception: Interception
    limits: Limits = DEFAULTS


class Listener:
    """The data plane's server. Owns every connection, exchange and task of its wire."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._reader = surroundings.reader
        self.links = surroundings.reader.links
        self.dialects = surroundings.dialects
        self.path = surroundings.path
        self.wall = surroundings.wall
        self.pool = Pool(surroundings.reader.router.reach)
        self.in_flight: dict[int, AgentConnection] = {}
        """By number of the call, until it is over."""
        self.copies = Copies()
        self.held: Held = {}
        self.stopping = False
        self.limits = surroundings.limits
        self.deadlines = Deadlines(monotonic())
        self.refusals = RefusalLog()
        self._room = self.limits.connections
        self._tunnels = Tunnels(self, self.pool, surroundings.reader, surroundings.interception)
        self._connections: set[AgentConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._hanging: set[Exchange] = set()
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._accepted = 0

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen. Port 0 picks a free one. Returns the address listened on.

        The process may open as many files as its hard limit says from then on, because each connection is one.

        Raises:
            StartError: if the address cannot be had.
        """
        loop = asyncio.get_running_loop()
        self._room = connections_for(raise_limit(), self.limits.connections)
        try:
            server: Any = await loop.create_server(
                lambda: cast("asyncio.Protocol", AgentConnection(self)), host, port, backlog=2048, reuse_address=True
            )
        except OSError as error:
            raise StartError(
                f"cannot listen on {host}:{port}: {error.strerror or error}; "
                "choose another address with --listen HOST:PORT, or port 0 for a free one"
            ) from None
        self._server = server
        self._sweep()
        # uvloop has a list of them where asyncio has a tuple, and compiled code looks.
        name = server.sockets[0].getsockname()
        return str(name[0]), int(name[1])

    async def stop(self, grace: float) -> None:
        """Accept no more, end hanging calls at once, let the others end for up to `grace` seconds, close everything."""
        self.stopping = True
        if self._server is not None:
            self._server.close()
        for exchange in tuple(self._hanging):
            if not _still_writes(exchange):
                exchange.give_up(Outcome.AGENT_LEFT if exchange.left else Outcome.TIMEOUT)
        until = monotonic() + grace
        while self._anything_in_progress() and monotonic() < until:
            await asyncio.sleep(0.01)
        await self._cut_off()
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.pool.close()

    def _anything_in_progress(self) -> bool:
        """Close what is idle; is anything left that is worth waiting for?"""
        busy = [connection.close_if_idle() for connection in self._connections]
        exchanges = [connection.exchange for connection in self.in_flight.values()]
        return any(busy) or any(_still_writes(exchange) for exchange in exchanges)

    async def _cut_off(self) -> None:
        """Nothing is waited for any longer, but for the connections to go: whoever keeps books closes them next."""
        for connection in {*self._connections, *self.in_flight.values()}:
            connection.abandon()
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        until = monotonic() + FAREWELL
        while self._connections and monotonic() < until:
            await asyncio.sleep(0)

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

    def too_many(self) -> int:
        """How many connections there are beyond the limit; less than 1 if there is room."""
        return len(self._connections) - self._room

    def begin(self, request: Request, connection: AgentConnection) -> None:
        """Judge a request, and let happen to it what was decided.

        Raises:
            Malformed: if it goes nowhere.
        """
        if request.method == b"CONNECT":
            self._tunnels.open(request, connection)
            return
        destination = self._reader.destination(request, connection.peer.inside)
        call = self._reader.read(request, destination, connection.peer, monotonic())
        match, decision = self.path.begin(call)
        exchange = Exchange(self, connection, Judged(request, destination, call, (match, decision)))
        connection.exchange = exchange
        self.in_flight[call.number] = connection
        if decision.injections:
            misbehave(exchange, self.dialects, self._hanging)
        else:
            exchange.forward()

    def let_leavers_go(self, numbers: Sequence[int], now: float) -> None:
        """End those of these calls whose agent had left by `now`, although the loop has not come to tell us.

        Who gives up on a call and makes it again on another connection may be heard before its leaving is.
        """
        for number in numbers[:LOOKED_AT]:
            connection = self.in_flight.get(number)
            if connection is not None and connection.exchange is not None and has_left(connection.transport):
                connection.exchange.agent_left(now)
                connection.transport.abort()

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
        self.deadlines.turn(monotonic())
        self.pool.sweep()
        self._sweeper = asyncio.get_running_loop().call_later(TICK, self._sweep)


def _still_writes(exchange: Exchange | None) -> bool:
    """Has the agent left a write that the tool may still carry out? How often it did is known when it has."""
    if exchange is None or not exchange.outlives_agent or not exchange.left:
        return False
    return exchange.judged.call.route.effect is ToolEffect.WRITE
