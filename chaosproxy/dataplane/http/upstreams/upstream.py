"""A connection to a tool: one request at a time, and given up as soon as anything about it is doubtful.

Knows nothing of calls and faults: it hands a response, piece by piece, to whoever sent the request.
"""

import asyncio
import logging
from typing import Final, Protocol, cast

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpResponseParser

from chaosproxy.dataplane.http.requests.routing import Origin
from chaosproxy.dataplane.http.wire import (
    MAX_HEAD,
    Framing,
    Headers,
    Malformed,
    check_interim,
    check_phrase,
    is_offered,
    response_framing,
)

NONE: Final = Framing.NONE
"""Looked up once: an enum member costs more than a global, and every call asks."""

log = logging.getLogger("chaosproxy.upstream")


class UpstreamError(Exception):
    """The upstream failed by itself, before it answered."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status
        """What the agent is told: 502, 504, or 403 for a host that must not be reached."""
        self.problem = problem


class Receiver(Protocol):
    """Who sent the request and is told of the response."""

    method: bytes

    def interim(self, status: int, reason: bytes, headers: Headers) -> None:
        """A 1xx came; the response is still to come."""

    def head(self, status: int, reason: bytes, headers: list[tuple[bytes, bytes]], framing: Framing) -> None:
        """The response begins."""

    def data(self, data: bytes) -> None:
        """A piece of the body, without its framing."""

    def chunk_end(self) -> None:
        """The data since the last end of a chunk were one chunk; also told of the last chunk, which holds none."""

    def flush(self) -> None:
        """All that has arrived until now has been told."""

    def done(self, trailers: Headers) -> None:
        """The response is complete; the connection is no longer the receiver's."""

    def switch(self, reason: bytes, headers: list[tuple[bytes, bytes]], said: bytes) -> None:
        """A 101 that was asked for came, and after it what was `said`; the transport is now the receiver's."""

    def broke(self, problem: str, *, reset: bool) -> None:
        """The connection ended before the response did."""

    def upstream_full(self, full: bool) -> None:
        """The upstream cannot take more of the request for now; or it can again."""


class Keeper(Protocol):
    """Who has connections when nobody uses them."""

    def give_back(self, connection: "UpstreamConnection") -> None:
        """It is free for another request."""

    def forget(self, connection: "UpstreamConnection") -> None:
        """It has closed."""


class UpstreamConnection:
    """One connection; one request at a time. A protocol by what it does, not by descent, so that it can be compiled."""

    __slots__ = (
        "_asked",
        "_complete",
        "_framing",
        "_head_seen",
        "_headers",
        "_interim",
        "_keep",
        "_parser",
        "_pool",
        "_reason",
        "_spoilt",
        "_switching",
        "_trailer_bytes",
        "_trailers",
        "closed",
        "head_bytes",
        "idle_since",
        "origin",
        "receiver",
        "reused",
        "transport",
        "whole",
    )

    transport: asyncio.Transport

    def __init__(self, pool: Keeper, origin: Origin) -> None:
        self._pool = pool
        self.origin = origin
        self.receiver: Receiver | None = None
        self.closed = False
        self.reused = False
        self.idle_since = 0.0
        self.whole = True
        """Has all of the request been sent? What follows half a request would be taken for its other half."""
        self._parser = HttpResponseParser(self)
        self._fresh()

    def _fresh(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._trailers: list[tuple[bytes, bytes]] = []
        self._reason = b""
        self._trailer_bytes = 0
        self._head_seen = self._complete = self._interim = self._spoilt = self._switching = False
        self._asked: bytes | None = None
        self._keep = False
        self._framing = NONE
        self.head_bytes = 0

    # What its user does

    def send(self, receiver: Receiver, data: bytes, *, whole: bool, asked: bytes | None = None) -> None:
        """Begin a request, or send all of it; `receiver` is told of the response.

        Args:
            receiver: who is told.
            data: the bytes to send.
            whole: is that all of the request?
            asked: the protocols that it asks to switch to.
        """
        self.receiver = receiver
        self._asked = asked
        self.whole = whole
        self.transport.write(data)

    @property
    def died_unheard(self) -> bool:
        """Was it kept from before, and ended without a byte of a response? Then it was probably closed unused."""
        return self.reused and not self.head_bytes

    def abandon(self) -> None:
        """Close at once: nobody wants the rest."""
        self.receiver = None
        self.closed = True
        self.transport.abort()

    # What the loop tells it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are transports without the class

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        receiver = self.receiver
        if receiver is None:
            self.abandon()  # bytes that nobody asked for: whatever comes next could not be trusted
            return
        if not self._head_seen:
            self.head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if self._switching and isinstance(error, HttpParserUpgrade):
                self._switch(receiver, data[error.args[0] :])
                return
            if not self._complete:
                self._fail(_problem(error))
                return
            self._spoilt = True  # the response is whole; what follows it is not one
        if not self._head_seen and self.head_bytes > MAX_HEAD * 4:
            self._fail("the upstream's response head is too large")
            return
        if self._complete:
            self._finish(receiver)
        else:
            receiver.flush()

    def eof_received(self) -> None:
        """The upstream says no more, and may read no more either: what is unsent does not hold its end up."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self.closed = True
        self._pool.forget(self)
        receiver = self.receiver
        if receiver is None:
            return
        self.receiver = None
        if self._head_seen and self._framing is Framing.CLOSE and exc is None:
            receiver.done(())
        else:
            receiver.broke("the upstream closed the connection", reset=isinstance(exc, ConnectionError))

    def pause_writing(self) -> None:
        """Called by the loop."""
        if self.receiver is not None:
            self.receiver.upstream_full(True)

    def resume_writing(self) -> None:
        """Called by the loop."""
        if self.receiver is not None:
            self.receiver.upstream_full(False)

    # What the parser tells it

    def on_message_begin(self) -> None:
        """Called by the parser."""
        if self._complete:
            self._spoilt = True  # a second response to one request

    def on_status(self, status: bytes) -> None:
        """Called by the parser; also with parts of the phrase."""
        self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser; after the head, it is a trailer."""
        if self._complete:
            return
        if not self._head_seen:
            self._headers.append((name, value))
            return
        self._trailer_bytes += len(name) + len(value) + 4
        if self._trailer_bytes > MAX_HEAD * 4:
            raise UpstreamError(502, "the upstream's trailers are too large")
        self._trailers.append((name, value))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        receiver = self.receiver
        if self._complete or receiver is None:
            return
        status = self._parser.get_status_code()
        if not self._reason.isalnum():
            check_phrase(self._reason)
        if status == 101 and self._asked is not None and is_offered(self._asked, self._headers):
            self._switching = True
            return
        if status == 101 or status < 100:
            raise UpstreamError(502, f"the upstream answered {status} unasked")
        if status < 200:
            check_interim(self._headers)
            self._interim = True
            receiver.interim(status, self._reason, self._headers)
            self._headers, self._reason = [], b""
            return
        self._head_seen = True
        self._framing = response_framing(receiver.method, status, self._headers)
        receiver.head(status, self._reason, self._headers, self._framing)
        if receiver.method == b"HEAD":
            self._complete = True
            self._keep = self._parser.get_http_version() == "1.1" and not _says_close(self._headers)
            self._parser = HttpResponseParser(self)  # the old one waits for a body that will not come

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        if self._complete:
            self._spoilt = True  # a body where there can be none
        elif self.receiver is not None:
            self.receiver.data(body)

    def on_chunk_complete(self) -> None:
        """Called by the parser."""
        if self.receiver is not None and not self._complete:
            self.receiver.chunk_end()

    def on_message_complete(self) -> None:
        """Called by the parser."""
        if self._interim:
            self._interim = False
            return
        if self._complete or self._switching:
            return
        self._complete = True
        self._keep = self._parser.should_keep_alive()

    # Ends

    def _finish(self, receiver: Receiver) -> None:
        """Only now, when all bytes have been read, is it known that nothing came after the response."""
        trailers = self._trailers
        self.receiver = None
        keep = self._keep and self.whole and not self._spoilt and not self.closed
        self._fresh()
        if keep:
            self.reused = True
            self._pool.give_back(self)
        else:
            self.closed = True
            self.transport.close()
        receiver.done(trailers)

    def _switch(self, receiver: Receiver, said: bytes) -> None:
        """Neither HTTP nor ours any longer: whoever asked for it takes the transport."""
        self.receiver = None
        self.closed = True
        self.transport.pause_reading()
        receiver.switch(self._reason, self._headers, said)

    def _fail(self, problem: str) -> None:
        receiver = self.receiver
        self.abandon()
        if receiver is not None:
            receiver.broke(problem, reset=False)


def _says_close(headers: Headers) -> bool:
    return any(b"close" in value.lower() for name, value in headers if name.lower() == b"connection")


def _problem(error: Exception) -> str:
    """What is wrong with the upstream's answer. What a callback of ours raised stands behind the parser's complaint."""
    if not isinstance(error, HttpParserCallbackError):
        return f"the upstream's answer is not HTTP: {error}"
    cause = error.__context__
    if isinstance(cause, UpstreamError):
        return cause.problem
    if isinstance(cause, Malformed):
        return f"the upstream's answer is not clear: {cause.detail}"
    log.error("response_failed", exc_info=cause)
    return "the upstream's answer could not be handled"
