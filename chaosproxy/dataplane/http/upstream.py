"""Connections to the tools: made, kept alive, reused, and given up as soon as anything about them is doubtful.

Knows nothing of calls and faults: it hands a response, piece by piece, to whoever sent the request.
"""

import asyncio
import logging
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpResponseParser

from chaosproxy.dataplane.http.routing import Origin
from chaosproxy.dataplane.http.wire import MAX_HEAD, Framing, Headers, response_framing

IDLE_LIMIT = 55.0
"""Seconds that an unused connection is kept: a little less than servers usually do."""

IDLE_LIMIT_UNSAFE = 1.0
"""The same for requests that must not be sent twice: nobody could tell whether a connection that dies under one had
delivered it, so they do not risk a connection that the upstream may be about to close."""


log = logging.getLogger("chaosproxy.upstream")


class UpstreamError(Exception):
    """The upstream failed by itself, before it answered."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status
        """What the agent is told: 502 or 504."""
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

    def flush(self) -> None:
        """All that has arrived until now has been told."""

    def done(self, trailers: Headers) -> None:
        """The response is complete; the connection is no longer the receiver's."""

    def broke(self, problem: str, *, reset: bool) -> None:
        """The connection ended before the response did."""

    def upstream_full(self, full: bool) -> None:
        """The upstream cannot take more of the request for now; or it can again."""


class UpstreamConnection(asyncio.Protocol):
    """One connection; one request at a time."""

    __slots__ = (
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

    def __init__(self, pool: "Pool", origin: Origin) -> None:
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
        self._head_seen = self._complete = self._interim = self._spoilt = False
        self._keep = False
        self._framing = Framing.NONE
        self.head_bytes = 0

    # What its user does

    def send(self, receiver: Receiver, data: bytes, *, whole: bool) -> None:
        """Begin a request, or send all of it; `receiver` is told of the response."""
        self.receiver = receiver
        self.whole = whole
        self.transport.write(data)

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
        (self._trailers if self._head_seen else self._headers).append((name, value))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        receiver = self.receiver
        if self._complete or receiver is None:
            return
        status = self._parser.get_status_code()
        if status == 101 or status < 100:
            raise UpstreamError(502, f"the upstream answered {status} unasked")
        if status < 200:
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

    def on_message_complete(self) -> None:
        """Called by the parser."""
        if self._interim:
            self._interim = False
            return
        if self._complete:
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
    log.error("response_failed", exc_info=cause)
    return "the upstream's answer could not be handled"


class Pool:
    """The connections to all upstreams."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._idle: dict[Origin, deque[UpstreamConnection]] = {}
        self._contexts: dict[Origin, ssl.SSLContext] = {}
        self._monotonic = monotonic

    def take(self, origin: Origin, *, unsafe: bool) -> UpstreamConnection | None:
        """An idle connection, the one used last; None if there is none fit for it."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.transport.is_closing():
                continue
            if unsafe and self._monotonic() - connection.idle_since > IDLE_LIMIT_UNSAFE:
                idle.append(connection)
                return None
            return connection
        return None

    def give_back(self, connection: UpstreamConnection) -> None:
        """It is free for another request."""
        connection.idle_since = self._monotonic()
        idle = self._idle.get(connection.origin)
        if idle is None:
            idle = self._idle[connection.origin] = deque()
        idle.append(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        """It has closed."""
        idle = self._idle.get(connection.origin)
        if idle and connection in idle:
            idle.remove(connection)

    def sweep(self) -> None:
        """Close what has not been used for long. The oldest are on the left."""
        limit = self._monotonic() - IDLE_LIMIT
        for idle in self._idle.values():
            while idle and idle[0].idle_since < limit:
                idle.popleft().abandon()

    def close(self) -> None:
        """Close all idle connections."""
        for idle in self._idle.values():
            while idle:
                idle.popleft().abandon()

    async def connect(self, origin: Origin) -> UpstreamConnection:
        """A new connection.

        Raises:
            UpstreamError: with what went wrong, in words.
        """
        loop = asyncio.get_running_loop()
        limit = origin.settings.connect_timeout
        try:
            async with asyncio.timeout(limit):
                _, connection = await loop.create_connection(
                    lambda: UpstreamConnection(self, origin), origin.host, origin.port, ssl=self._context(origin)
                )
        except TimeoutError:
            raise UpstreamError(504, f"no connection to {origin.authority} within {limit:g} s") from None
        except ssl.SSLCertVerificationError as error:
            raise UpstreamError(502, f"{origin.authority}: certificate not trusted: {error.verify_message}") from None
        except ssl.SSLError as error:
            raise UpstreamError(502, f"{origin.authority}: TLS failed: {error.reason or error}") from None
        except socket.gaierror as error:
            raise UpstreamError(502, f"{origin.host}: name not found: {error.strerror}") from None
        except ConnectionRefusedError:
            raise UpstreamError(502, f"{origin.authority} refused the connection") from None
        except OSError as error:
            raise UpstreamError(502, f"{origin.authority}: {error.strerror or error}") from None
        return connection

    def _context(self, origin: Origin) -> ssl.SSLContext | None:
        if origin.scheme != "https":
            return None
        context = self._contexts.get(origin)
        if context is None:
            context = ssl.create_default_context(cafile=origin.settings.ca)
            context.set_alpn_protocols(["http/1.1"])
            if not origin.settings.verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            self._contexts[origin] = context
        return context
