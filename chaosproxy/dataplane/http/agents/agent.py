"""An agent's connection: requests in, answers out, one at a time and in order, also when they are pipelined.

Decides nothing. `incoming` reads what comes; how long it may take, and what becomes of the silent, is in `limits`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, Protocol, cast

from chaosproxy.core.effects import Ending
from chaosproxy.core.events import RequestRefused
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.agents.deadlines import Deadlines
from chaosproxy.dataplane.http.agents.incoming import Incoming
from chaosproxy.dataplane.http.agents.limits import Limits
from chaosproxy.dataplane.http.agents.patience import Patience
from chaosproxy.dataplane.http.agents.refusals import TOO_MANY_CONNECTIONS, RefusalLog, word
from chaosproxy.dataplane.http.agents.upgrades import Upgrade
from chaosproxy.dataplane.http.endings import reset, reset_when_sent, unsent
from chaosproxy.dataplane.http.exchange import Exchange
from chaosproxy.dataplane.http.requests.reading import BODY_CAP
from chaosproxy.dataplane.http.requests.routing import Inside
from chaosproxy.dataplane.http.requests.sessions import Peer
from chaosproxy.dataplane.http.tunnel import Takeover
from chaosproxy.dataplane.http.uploading import complete, pass_on
from chaosproxy.dataplane.http.wire import Malformed, Request, own_word
from chaosproxy.dataplane.port import CallPath

PIPELINE_LIMIT = 16
"""Requests that may wait on one connection before we stop reading from it."""


class AgentHost(Protocol):
    """What a connection needs of its listener."""

    path: CallPath
    stopping: bool
    limits: Limits
    deadlines: Deadlines
    refusals: RefusalLog

    def joined(self, connection: "AgentConnection") -> int:
        """A connection was made: its number."""

    def parted(self, connection: "AgentConnection") -> None:
        """A connection has gone."""

    def too_many(self) -> int:
        """How many connections there are beyond the limit; less than 1 if there is room."""

    def begin(self, request: Request, connection: "AgentConnection") -> None:
        """A request is ready to be judged; its exchange becomes the connection's.

        Raises:
            Malformed: if it goes nowhere.
        """

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine as a task that the listener owns."""


class AgentConnection:
    """One connection from an agent. A protocol by what it does, not by descent, so that it can be compiled."""

    __slots__ = (
        "__weakref__",
        "_closed",
        "_ended",
        "_half_closed",
        "_host",
        "_inside",
        "_queue",
        "_refusal",
        "exchange",
        "full",
        "gone",
        "held",
        "incoming",
        "patience",
        "peer",
        "takeover",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(self, host: AgentHost, inside: Inside | None = None, closed: Callable[[], None] | None = None) -> None:
        """`inside` is the tunnel that it is the inner end of; `closed` is called when it has gone."""
        self._host = host
        self._inside = inside
        self._closed = closed
        self.incoming = Incoming(self)
        self._queue: deque[Request] = deque()
        self._refusal: Malformed | None = None
        self.held = self.full = self._ended = self._half_closed = self.gone = False
        self.patience = Patience(self, host.limits, host.deadlines)
        self.exchange: Exchange | None = None
        self.takeover: Takeover | None = None
        """Whoever makes a tunnel of this connection, once its turn has come."""
        self.peer = Peer("", 0)

    # What the loop tells it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are transports without the class
        name = transport.get_extra_info("peername")
        host = self._host
        self.peer = Peer(name[0] if isinstance(name, tuple) else "local", host.joined(self), self._inside)
        self.patience.wait(host.limits.silence)
        too_many = host.too_many()
        if too_many > 0:
            self.refuse(TOO_MANY_CONNECTIONS)
            if too_many > host.limits.told:
                self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        incoming = self.incoming
        incoming.feed(data)
        if incoming.midway and self.exchange is None:
            self.patience.wait_for_more()

    def eof_received(self) -> bool:
        """The agent will send no more; but perhaps it still reads: see ADR 0007. Called by the loop."""
        incoming = self.incoming
        if incoming.midway:
            self.report(Malformed(0, "half_request", "the connection ended in the middle of a request"))
        elif (self.exchange is not None or self._queue) and incoming.raw is None and self.transport.can_write_eof():
            self._half_closed = self.patience.half_closed()
        return self._half_closed

    def connection_lost(self, _exc: Exception | None) -> None:
        """Called by the loop."""
        self._part()
        self._queue.clear()
        takeover, self.takeover = self.takeover, None
        if takeover is not None:
            takeover.agent_left()
        exchange = self.exchange
        if exchange is not None:
            exchange.agent_left()
            if not exchange.finished:
                return  # the tool runs to its end, or to its deadline, which is still watched here
            self.exchange = None
        self.patience.no_more()

    def pause_writing(self) -> None:
        """Called by the loop."""
        self.full = True
        self.patience.full()
        if self.exchange is not None:
            self.exchange.agent_full(True)

    def resume_writing(self) -> None:
        """Called by the loop."""
        self.full = False
        if self.exchange is not None:
            self.exchange.agent_full(False)
        else:
            self._take_next()

    # What is read of it

    @property
    def taken_over(self) -> bool:
        """Does it belong to a tunnel?"""
        return self.takeover is not None

    def take_request(self, request: Request) -> None:
        """A request can be judged: now, or when its turn comes."""
        self.patience.heading = False
        if self.exchange is None and not self._queue and not self.full:
            self._begin(request)
            return
        self._queue.append(request)
        if len(self._queue) >= PIPELINE_LIMIT:
            self.hold(True)

    def take_body(self, request: Request, data: bytes) -> None:
        """More of the body of a request that streams."""
        exchange = self.exchange
        if request.started and exchange is not None and exchange.request is request:
            pass_on(exchange, data)
            return
        request.parts.append(data)
        if request.size > BODY_CAP:
            self.hold(True)

    def take_end(self, request: Request) -> None:
        """A request that streams is whole."""
        exchange = self.exchange
        if request.started and exchange is not None and exchange.request is request:
            complete(exchange)

    def hold_raw(self, held: bool) -> None:
        """Enough has come of what nobody may read yet; or it has been taken."""
        self.hold(held)

    # One call after the other

    def _begin(self, request: Request) -> None:
        request.started = True
        try:
            self._host.begin(request, self)
        except Malformed as error:
            if request.complete and request.keep_alive and error.status == 404:
                self.report(error)
                self.send(own_word(error.status, error.detail, head_only=request.method == b"HEAD"))
                self._next()
            else:
                self._queue.clear()
                self.refuse(error)

    def exchange_done(self, *, keep: bool) -> None:
        """The call is over; go on with the next, or close when all is written."""
        exchange, self.exchange = self.exchange, None
        if self.gone or self._ended or exchange is None or exchange.switched:
            return
        request = exchange.request
        if not request.complete:
            self._linger()
        elif not keep or self._host.stopping or not request.keep_alive:
            self.close()
        else:
            self._next()

    def _next(self) -> None:
        if self._queue:
            # Not at once: a long pipeline of requests that are answered at once would be a deep recursion.
            asyncio.get_running_loop().call_soon(self._take_next)
        elif self.incoming.raw is not None:
            asyncio.get_running_loop().call_soon(self._go_on)
        elif self._refusal is not None:
            self.refuse(self._refusal)
        elif self._half_closed:
            self.close()
        else:
            if self.held:
                self.hold(False)
            self.patience.wait_for_more()

    def _take_next(self) -> None:
        if self.exchange is None and self._queue and not self.full and not self.gone:
            self._begin(self._queue.popleft())
            self.hold(len(self._queue) >= PIPELINE_LIMIT)

    @property
    def _busy(self) -> bool:
        """Asked anew each time: a type checker takes an attribute for what it was before a call, and so does mypyc."""
        return self.exchange is not None

    def _go_on(self) -> None:
        """The request that might have switched protocols has got an ordinary answer: what followed it is the next."""
        if not self._busy and not self.gone:
            self.incoming.go_on()
            if not self._busy:
                self.patience.wait_for_more()

    # What an exchange asks of it

    def send(self, data: bytes) -> None:
        """Write to the agent."""
        self.transport.write(data)

    def hold(self, held: bool) -> None:
        """Stop reading from the agent, or go on."""
        if held is self.held or self.gone:
            return
        self.held = held
        if self._half_closed:
            return  # nothing more will come, and the loop would only tell us so again
        if held:
            self.transport.pause_reading()
            self.patience.held()
        else:
            self.transport.resume_reading()

    def watch(self, at: float) -> None:
        """Look at the deadlines at that time (monotonic seconds), if not before."""
        self.patience.watch(at)

    def end(self, ending: Ending) -> None:
        """End the connection: with FIN when all is written, or with RST as soon as it is."""
        self._ended = True
        if ending is Ending.CLOSE and (self.incoming.receiving is not None or self.held):
            self._linger()  # closing now, with bytes of the agent's unread, would be a reset
        elif ending is Ending.CLOSE:
            self.close()
        else:
            self.incoming.stop()
            if unsent(self.transport) == 0:
                reset(self.transport)
            else:
                self._host.spawn(reset_when_sent(self.transport))

    def switch(self, upstream: asyncio.Transport, said: bytes, place: str) -> None:
        """The upstream at `place` has switched protocols and has `said` this since: join both connections."""
        if self.gone:
            upstream.abort()
            return
        upgrade = Upgrade(self._host.path.report, place, self.hand_over)
        self.takeover = upgrade
        upgrade.join(self.transport, upstream, to_upstream=self.take_raw(), to_agent=said)

    # What a tunnel asks of it

    def take_raw(self) -> bytes:
        """What has come for the tunnel until now; it is the taker's from then on."""
        return self.incoming.take_raw()

    def refuse_tunnel(self, error: Malformed) -> None:
        """There will be no tunnel: say why, and close."""
        self.takeover = None
        if not self.gone:
            self.refuse(error)

    def hand_over(self) -> None:
        """The transport has become somebody else's, and tells us of nothing any more."""
        self.takeover = None
        if not self.gone:
            self.patience.no_more()
            self._part()

    def _part(self) -> None:
        self.gone = True
        self._host.parted(self)
        if self._closed is not None:
            self._closed()

    # Refusals and ends

    def refuse(self, error: Malformed) -> None:
        """Answer what cannot be passed on, once the calls before it have been answered, and close."""
        exchange = self.exchange
        incoming = self.incoming
        if exchange is not None and exchange.request is incoming.receiving:
            self.report(error)
            exchange.break_off(error.status, error.detail)
            return
        if exchange is not None or self._queue:
            if self._queue and self._queue[-1] is incoming.receiving:
                self._queue.pop()  # the rest of it will never come
            self._refusal = error
            incoming.stop()
            if exchange is not None or self._queue:
                return
        self.report(error)
        if not self.gone:
            self.send(word(error, incoming.opening))
            self._linger()

    def report(self, error: Malformed) -> None:
        """Tell of a refusal."""
        self._host.path.report(RequestRefused(error.reason, error.detail, error.status))
        self._host.refusals.note(error, self.peer.address, monotonic())

    def _linger(self) -> None:
        """Close our half; what still comes is read and dropped until the agent closes, or for a while."""
        self.incoming.stop()
        self.hold(False)
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
        else:
            self._shut()
        self.patience.wait(self._host.limits.linger)

    def close(self) -> None:
        """Close, once all is written."""
        self.incoming.stop()
        self._shut()
        self.patience.wait(self._host.limits.flush)

    def _shut(self) -> None:
        """Once only: asyncio's TLS, closed twice, loses sight of its connection, which nobody could abort any more."""
        if not self.transport.is_closing():
            self.transport.close()

    # When the listener stops

    def close_if_idle(self) -> bool:
        """Close the connection if no call is in progress on it; True if one is, or if an answer is still on its way."""
        if self.takeover is not None:
            return self.takeover.close_if_idle()
        if self.exchange is None and not self._queue:
            self._shut()
            return unsent(self.transport) > 0
        return True

    def abandon(self) -> None:
        """Give up the call in progress, and the connection."""
        self._queue.clear()
        if self.exchange is not None:
            self.exchange.give_up(Outcome.AGENT_LEFT)
        if self.takeover is not None:
            self.takeover.abort()
        else:
            self.transport.abort()
