"""Requests as they come off the wire: bytes in, requests out, read strictly. Knows no call, and no answer.

A request whose body may matter to what it is, is handed over when it is whole; one that streams, with its head alone.
After a request that may switch to another protocol, nothing is read until it is known whether it has.
"""

from typing import Protocol

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from chaosproxy.dataplane.http.agents.refusals import HEAD_TOO_LARGE, TOO_MUCH_BESIDE_THE_BODY, refusal_of
from chaosproxy.dataplane.http.agents.strictness import check_request, check_trailer
from chaosproxy.dataplane.http.requests.reading import BODY_CAP
from chaosproxy.dataplane.http.wire import MAX_HEAD, Malformed, Request

_LONGEST_OPENING = 512
"""Bytes of a connection's beginning that are kept until they have turned out to be HTTP."""


class Taker(Protocol):
    """Who is given the requests."""

    def take_request(self, request: Request) -> None:
        """A request can be judged: it is whole, or it streams."""

    def take_body(self, request: Request, data: bytes) -> None:
        """More of the body of a request that was handed over before it was whole."""

    def take_end(self, request: Request) -> None:
        """Such a request is whole now."""

    def refuse(self, error: Malformed) -> None:
        """What came is not clearly one request. Nothing more will be read."""

    def hold_raw(self, held: bool) -> None:
        """Enough has come that nobody may read yet; or it has been taken."""


class Incoming:
    """Reads one connection. Its parser calls the `on_` methods back."""

    __slots__ = (
        "_beside",
        "_body_skipped",
        "_head_bytes",
        "_headers",
        "_parser",
        "_primed",
        "_switches",
        "_taker",
        "_target",
        "began",
        "deaf",
        "midway",
        "opening",
        "raw",
        "receiving",
    )

    def __init__(self, taker: Taker) -> None:
        self._taker = taker
        self._parser = HttpRequestParser(self)
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = self._beside = 0
        self._switches = self._body_skipped = self._primed = False
        self.receiving: Request | None = None
        """The request whose head has been read and whose body has not."""
        self.began = False
        """Has there been a request?"""
        self.midway = False
        """Has a request begun that is not whole?"""
        self.deaf = False
        """Is what comes thrown away?"""
        self.raw: bytearray | None = None
        """What came after a request that may switch protocols: not to be read before it is known whether it has."""
        self.opening: bytes = b""
        """How the connection began, until that has turned out to be a request."""

    def feed(self, data: bytes) -> None:
        """Read what has come."""
        if not self.began and len(self.opening) < _LONGEST_OPENING:
            self.opening += data[:_LONGEST_OPENING]
        while data and not self.deaf:
            if self.raw is not None:
                self.raw += data
                self._taker.hold_raw(len(self.raw) > MAX_HEAD)
                return
            data = self._parse(data)

    def _parse(self, data: bytes) -> bytes:
        """Feed the parser; what is left is for the parser that comes after it."""
        rest = b""
        receiving = self.receiving
        size = 0
        if receiving is None:
            self._head_bytes += len(data)
        else:
            size = receiving.size
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as stop:
            rest = self._stopped(stop, data)
        if self.receiving is receiving:  # else there has been progress of a larger kind
            self._bound(receiving, size, len(data))
        return rest

    def _stopped(self, stop: HttpParserError | HttpParserUpgrade, data: bytes) -> bytes:
        if isinstance(stop, HttpParserUpgrade):
            self._after_switch()
            return data[stop.args[0] :]
        self._refuse(refusal_of(stop, self.opening))
        return b""

    def _bound(self, receiving: Request | None, size: int, more: int) -> None:
        """Refuse heads without end, and bodies of which nothing comes but what is beside them."""
        if receiving is None:
            if self._head_bytes > MAX_HEAD:
                self._refuse(HEAD_TOO_LARGE)
            return
        self._beside = self._beside + more if receiving.size == size else 0
        if self._beside > MAX_HEAD:
            self._refuse(TOO_MUCH_BESIDE_THE_BODY)

    def _refuse(self, error: Malformed) -> None:
        if not self.deaf:  # else something in this segment has been refused already
            self._taker.refuse(error)

    def stop(self) -> None:
        """Read nothing more: what comes is thrown away."""
        self.deaf = True
        self.midway = False
        self.receiving = None
        self.raw = None

    # Requests that may switch protocols

    def _after_switch(self) -> None:
        """The parser has come to the end of a head after which it takes another protocol to begin."""
        self._parser = HttpRequestParser(self)
        self._head_bytes = 0
        request = self.receiving
        if self._body_skipped and request is not None:
            # But there is a body first, which llhttp would have us skip. Another parser is told of a head with the
            # same framing, and reads on from there.
            self._body_skipped, self._primed = False, True
            framing = b"Transfer-Encoding: chunked" if request.chunked else b"Content-Length: %d" % request.length()
            self._parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + b"\r\n\r\n")
            self._primed = False
        elif self._switches:
            self.raw = bytearray()

    def take_raw(self) -> bytes:
        """What has come for the other protocol until now; it is the taker's from then on."""
        taken, self.raw = bytes(self.raw or b""), bytearray()
        self._taker.hold_raw(False)
        return taken

    def go_on(self) -> None:
        """The protocol stays: what came after the request was the next one."""
        waiting, self.raw = self.raw, None
        if waiting is not None:
            self._taker.hold_raw(False)
            self.feed(bytes(waiting))

    # What the parser tells; it reads on to the end of a segment in which something was refused

    def on_message_begin(self) -> None:
        """Called by the parser."""
        if self.deaf or self._primed:
            return
        self._target = b""
        self._headers = []
        self.midway = True

    def on_url(self, url: bytes) -> None:
        """Called by the parser; also with parts of the target."""
        if not self._primed:
            self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser; after the head, it is a trailer."""
        request = self.receiving
        if request is None:
            self._headers.append((name, value))
        elif not self._primed:
            check_trailer(name)
            if request.trailers is None:
                request.trailers = []
            request.trailers.append((name, value))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        if self.deaf or self._primed:
            return
        parser = self._parser
        request = Request(parser.get_method(), self._target, self._headers, parser.get_http_version())
        request.keep_alive = request.version != "1.0" and parser.should_keep_alive()
        if self._head_bytes > MAX_HEAD and _head_size(request) > MAX_HEAD:
            raise HEAD_TOO_LARGE
        check_request(request)
        self._head_bytes = self._beside = 0
        self.receiving = request
        if not self.began:
            self.began, self.opening = True, b""
        if parser.should_upgrade():
            self._switches = request.switches
            self._body_skipped = request.chunked or request.length() > 0
        if _streams(request):
            request.handed = True
            self._taker.take_request(request)

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        request = self.receiving
        if request is None:
            return
        request.size += len(body)
        if request.handed:
            self._taker.take_body(request, body)
            return
        request.parts.append(body)
        if request.size > BODY_CAP:
            request.handed = True
            self._taker.take_request(request)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        request = self.receiving
        if request is None or self._body_skipped:
            return
        self.receiving = None
        self.midway = False
        request.complete = True
        if request.handed:
            self._taker.take_end(request)
        else:
            request.handed = True
            self._taker.take_request(request)


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
