"""An agent's connection: requests in, answers out, one at a time and in order, also when they are pipelined.

Reads strictly: what is not clearly one request is refused, counted, and the connection closed. Decides nothing.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from time import monotonic
from typing import Any, Protocol, cast

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser

from chaosproxy.core.effects import Ending
from chaosproxy.core.events import RequestRefused
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.endings import reset, unsent
from chaosproxy.dataplane.http.exchange import Exchange
from chaosproxy.dataplane.http.reading import BODY_CAP
from chaosproxy.dataplane.http.sessions import Peer
from chaosproxy.dataplane.http.wire import MAX_HEAD, Malformed, Request, check_request, own_word
from chaosproxy.dataplane.port import CallPath

HEAD_TIME = 30.0
"""Seconds that a request may take to arrive before its connection is closed. A body may take longer, if it moves."""

LINGER_TIME = 2.0
"""Seconds for which we read on after a refusal: closing at once could destroy the answer on its way (RFC 9112, 9.6)."""

PIPELINE_LIMIT = 16
"""Requests that may wait on one connection before we stop reading from it."""

_HEAD_TOO_LARGE = Malformed(431, "head_too_large", f"the request head is larger than {MAX_HEAD} bytes")


log = logging.getLogger("chaosproxy.agent")


class AgentHost(Protocol):
    """What a connection needs of its listener."""

    path: CallPath
    stopping: bool

    def joined(self, connection: "AgentConnection") -> int:
        """A connection was made: its number."""

    def parted(self, connection: "AgentConnection") -> None:
        """A connection has gone."""

    def begin(self, request: Request, connection: "AgentConnection") -> None:
        """A request is ready to be judged; its exchange becomes the connection's.

        Raises:
            Malformed: if it goes nowhere.
        """

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine as a task that the listener owns."""


class AgentConnection(asyncio.Protocol):
    """One connection from an agent."""

    __slots__ = (
        "__weakref__",
        "_deaf",
        "_ended",
        "_full",
        "_head_bytes",
        "_headers",
        "_held",
        "_host",
        "_parser",
        "_queue",
        "_receiving",
        "_refusal",
        "_target",
        "exchange",
        "gone",
        "peer",
        "since",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(self, host: AgentHost) -> None:
        self._host = host
        self._parser = HttpRequestParser(self)
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._receiving: Request | None = None
        self._queue: deque[Request] = deque()
        self._refusal: Malformed | None = None
        self._deaf = self._held = self._full = self._ended = self.gone = False
        self.exchange: Exchange | None = None
        self.since = 0.0
        """When the request that is being received began, or the lingering; 0 when the connection is idle."""
        self.peer = Peer("", 0)

    # What the loop tells it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are transports without the class
        name = transport.get_extra_info("peername")
        self.peer = Peer(name[0] if isinstance(name, tuple) else "local", self._host.joined(self))

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        while data and not self._deaf:
            rest = b""
            if self._receiving is None:
                self._head_bytes += len(data)
            try:
                self._parser.feed_data(data)
            except HttpParserUpgrade as upgrade:
                # The request itself has been read; it is relayed without its wish to switch protocols.
                self._parser = HttpRequestParser(self)
                self._head_bytes = 0
                rest = data[upgrade.args[0] :]
            except HttpParserError as error:
                if not self._deaf:  # else something in this segment has been refused already
                    self._refuse(_refusal(error))
            if self._receiving is None and self._head_bytes > MAX_HEAD and not self._deaf:
                self._refuse(_HEAD_TOO_LARGE)
            data = rest

    def eof_received(self) -> bool:
        """The agent will send no more. With a call in progress it has left: see ADR 0006. Called by the loop."""
        if self.since and not self._deaf and self._refusal is None:
            self._report(Malformed(0, "half_request", "the connection ended in the middle of a request"), 0)
        return False

    def connection_lost(self, _exc: Exception | None) -> None:
        """Called by the loop."""
        self.gone = True
        self._host.parted(self)
        self._queue.clear()
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.agent_left()

    def pause_writing(self) -> None:
        """Called by the loop."""
        self._full = True
        if self.exchange is not None:
            self.exchange.agent_full(True)

    def resume_writing(self) -> None:
        """Called by the loop."""
        self._full = False
        if self.exchange is not None:
            self.exchange.agent_full(False)
        else:
            self._take_next()

    # What the parser tells it

    def on_message_begin(self) -> None:
        """Called by the parser, which reads on to the end of a segment in which something was refused."""
        if self._deaf:
            return
        self._target = b""
        self._headers = []
        self.since = monotonic()

    def on_url(self, url: bytes) -> None:
        """Called by the parser; also with parts of the target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser; after the head, it is a trailer, which no request of an agent's needs."""
        if self._receiving is None:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        if self._deaf:
            return
        parser = self._parser
        request = Request(parser.get_method(), self._target, self._headers, parser.get_http_version())
        request.keep_alive = parser.should_keep_alive() and request.version != "1.0"
        if self._head_bytes > MAX_HEAD and _head_size(request) > MAX_HEAD:
            raise _HEAD_TOO_LARGE
        check_request(request)
        self._head_bytes = 0
        self._receiving = request
        if _streams(request):
            self._enqueue(request)

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        request = self._receiving
        if request is None:
            return
        request.size += len(body)
        self.since = monotonic()
        exchange = self.exchange
        if request.started and exchange is not None and exchange.request is request:
            exchange.request_data(body)
            return
        request.parts.append(body)
        if request.size > BODY_CAP and not request.started:
            if request in self._queue:
                self.hold(True)
            else:
                self._enqueue(request)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        request, self._receiving = self._receiving, None
        if request is None:
            return
        self.since = 0.0
        request.complete = True
        exchange = self.exchange
        if request.started:
            if exchange is not None and exchange.request is request:
                exchange.request_done()
        elif request not in self._queue:
            self._enqueue(request)

    # One call after the other

    def _enqueue(self, request: Request) -> None:
        if self.exchange is None and not self._queue and not self._full:
            self._begin(request)
            return
        self._queue.append(request)
        if len(self._queue) >= PIPELINE_LIMIT:
            self.hold(True)

    def _begin(self, request: Request) -> None:
        request.started = True
        try:
            self._host.begin(request, self)
        except Malformed as error:
            if request.complete and request.keep_alive and error.status == 404:
                self._report(error, error.status)
                self.send(own_word(error.status, error.detail, head_only=request.method == b"HEAD"))
                self._next()
            else:
                self._queue.clear()
                self._refuse(error)

    def exchange_done(self, *, keep: bool) -> None:
        """The call is over; go on with the next, or close when all is written."""
        exchange, self.exchange = self.exchange, None
        if self.gone or self._ended:
            return
        if exchange is not None and not exchange.request.complete:
            self._linger()
        elif not keep or self._host.stopping or (exchange is not None and not exchange.request.keep_alive):
            self._deaf = True
            self.transport.close()
        else:
            self._next()

    def _next(self) -> None:
        if self._queue:
            # Not at once: a long pipeline of requests that are answered at once would be a deep recursion.
            asyncio.get_running_loop().call_soon(self._take_next)
        elif self._refusal is not None:
            self._refuse(self._refusal)
        elif self._held:
            self.hold(False)

    def _take_next(self) -> None:
        if self.exchange is None and self._queue and not self._full and not self.gone:
            self._begin(self._queue.popleft())
            self.hold(len(self._queue) >= PIPELINE_LIMIT)

    # What an exchange asks of it

    def send(self, data: bytes) -> None:
        """Write to the agent."""
        self.transport.write(data)

    def hold(self, held: bool) -> None:
        """Stop reading from the agent, or go on."""
        if held is self._held or self.gone:
            return
        self._held = held
        if held:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def end(self, ending: Ending) -> None:
        """End the connection: with FIN when all is written, or with RST as soon as it is."""
        self._deaf = self._ended = True
        if ending is Ending.CLOSE and (self._receiving is not None or self._held):
            self._linger()  # closing now, with bytes of the agent's unread, would be a reset
        elif ending is Ending.CLOSE:
            self.transport.close()
        elif unsent(self.transport) == 0:
            reset(self.transport)
        else:
            self._host.spawn(self._reset_when_sent())

    async def _reset_when_sent(self) -> None:
        until = monotonic() + 1.0
        while not self.gone and unsent(self.transport) and monotonic() < until:
            await asyncio.sleep(0.001)
        if not self.gone:
            reset(self.transport)

    # Refusals

    def _refuse(self, error: Malformed) -> None:
        """Answer what cannot be passed on, once the calls before it have been answered, and close."""
        exchange = self.exchange
        if exchange is not None and exchange.request is self._receiving:
            self._report(error, error.status)
            exchange.break_off(error.status, error.detail)
            return
        if exchange is not None or self._queue:
            self._refusal = error
            self._deaf = True
            return
        self._report(error, error.status)
        if not self.gone:
            self.send(own_word(error.status, error.detail, close=True))
            self._linger()

    def _report(self, error: Malformed, status: int) -> None:
        self._host.path.report(RequestRefused(error.reason, error.detail, status))

    def _linger(self) -> None:
        """Close our half; what still comes is read and dropped until the agent closes, or for a while."""
        self._deaf = True
        self._receiving = None
        self.since = monotonic()
        self.hold(False)
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
        else:
            self.transport.close()

    # When the listener stops

    def close_if_idle(self) -> bool:
        """Close the connection if no call is in progress on it; True if one is."""
        if self.exchange is None and not self._queue:
            self.transport.close()
            return False
        return True

    def abandon(self) -> None:
        """Give up the call in progress, and the connection."""
        self._queue.clear()
        if self.exchange is not None:
            self.exchange.give_up(Outcome.AGENT_LEFT)
        self.transport.abort()

    def overdue(self, now: float) -> None:
        """Called now and then: give up on a request that does not arrive, and on lingering."""
        if not self.since or self.exchange is not None:
            return
        if self._deaf:
            if now - self.since > (HEAD_TIME if self.transport.get_write_buffer_size() else LINGER_TIME):
                self.transport.abort()
        elif now - self.since > HEAD_TIME:
            self._refuse(Malformed(408, "slow_request", f"the request did not arrive within {HEAD_TIME:g} s"))


def _refusal(error: HttpParserError) -> Malformed:
    """What the agent is told of the parser's complaint. One that a callback of ours raised stands behind it."""
    if not isinstance(error, HttpParserCallbackError):
        return Malformed(400, "malformed", f"not an HTTP/1.1 request: {error}")
    cause = error.__context__
    if isinstance(cause, Malformed):
        return cause
    log.error("request_failed", exc_info=cause)
    return Malformed(500, "internal", "the request could not be handled")


def _head_size(request: Request) -> int:
    return len(request.target) + sum(len(name) + len(value) + 4 for name, value in request.headers)


def _streams(request: Request) -> bool:
    """Must its body be passed on while it is still coming?

    Bodies are read before the call is judged, because arguments are part of what it is; but not if they are too
    large, nor if the agent waits for a word of the upstream's first, nor if the two may be talking in both directions.
    """
    if b"expect" in request.found:
        return True
    if request.chunked:
        return b"json" not in request.found.get(b"content-type", b"").lower()
    return request.length() > BODY_CAP
