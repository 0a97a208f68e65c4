"""HTTP/1.1 messages as bytes: what a request and a response consist of, and how we write them.

Strict in, free out. Reading is llhttp's work (httptools), which refuses what two readers could understand differently.
Writing is ours, because a library that is right about HTTP refuses to write the responses that must be wrong.
This file knows no loop, no socket, no call and no fault.
"""

import json
from collections.abc import Iterable, Sequence
from enum import Enum
from http import HTTPStatus

Headers = Sequence[tuple[bytes, bytes]]

MAX_HEAD = 64 * 1024
"""Bytes of a request's head that we read; more gets a 431."""

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"upgrade",
    }
)
"""Headers that are about one connection (RFC 9110, 7.6.1). Transfer-Encoding stays: we keep the framing it names."""

IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"})
"""Methods of requests that may be sent twice (RFC 9110, 9.2.2)."""

LAST_CHUNK = b"0\r\n\r\n"


class Framing(Enum):
    """How a body's end is told (RFC 9112, 6.3)."""

    NONE = "none"
    """There is no body: HEAD, 1xx, 204, 304."""
    LENGTH = "length"
    CHUNKED = "chunked"
    CLOSE = "close"
    """The body ends when the connection does."""


class Malformed(Exception):  # noqa: N818 - it is what the message is, not what the program did
    """Bytes that are not a request we can pass on without two readers disagreeing about it."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        """What the agent is answered."""
        self.reason = reason
        """From a small set: a metric label."""
        self.detail = detail


class Request:
    """A request as it came in. The body grows while it is being received."""

    __slots__ = (
        "complete",
        "found",
        "headers",
        "keep_alive",
        "lowered",
        "method",
        "parts",
        "size",
        "started",
        "target",
        "version",
    )

    def __init__(self, method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], version: str) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.version = version
        self.lowered = [name.lower() for name, _ in headers]
        """The header names in lower case, in order."""
        self.found = dict(zip(self.lowered, [value for _, value in headers], strict=True))
        """Values by lower-case name; of duplicates the last."""
        self.parts: list[bytes] = []
        """The body received so far and not yet passed on."""
        self.size = 0
        """Body bytes received so far."""
        self.keep_alive = True
        self.complete = False
        self.started = False
        """Has its call begun? A body that is streamed grows after that."""

    @property
    def chunked(self) -> bool:
        """Is the body sent in chunks?"""
        return b"transfer-encoding" in self.found

    def length(self) -> int:
        """The Content-Length; 0 if there is none (llhttp has refused anything that is not one whole number)."""
        return int(self.found.get(b"content-length", b"0"))


def check_request(request: Request) -> None:
    """Refuse what llhttp lets pass but readers disagree about.

    Raises:
        Malformed: with the status that RFC 9112 asks for.
    """
    if request.version not in ("1.1", "1.0"):
        raise Malformed(505, "http_version", f"HTTP/{request.version} is not spoken here")
    coding = request.found.get(b"transfer-encoding")
    if coding is not None:
        if request.version == "1.0":
            raise Malformed(400, "bad_framing", "Transfer-Encoding in an HTTP/1.0 request")  # RFC 9112, 6.1
        if coding.strip().lower() != b"chunked" or request.lowered.count(b"transfer-encoding") > 1:
            raise Malformed(501, "bad_framing", "a transfer coding other than chunked")  # RFC 9112, 6.1
    hosts = request.lowered.count(b"host")
    if hosts > 1 or (hosts == 0 and request.version == "1.1"):
        raise Malformed(400, "bad_host", "a request needs exactly one Host header")  # RFC 9112, 3.2


_USUAL_CONNECTION = frozenset({b"keep-alive", b"close", b"Keep-Alive", b"Close"})


def _dropped(connection: bytes | None) -> frozenset[bytes]:
    """Headers not to be passed on: the usual ones, and those that `Connection` names."""
    if connection is None or connection in _USUAL_CONNECTION:
        return HOP_BY_HOP
    return HOP_BY_HOP | {token.strip().lower() for token in connection.split(b",")}


def _joined(lowered: Sequence[bytes], headers: Headers, name: bytes) -> bytes:
    """All values of a header that is a list, as one: lines of the same name mean the same as commas (RFC 9110, 5.2)."""
    if lowered.count(name) == 1:
        return headers[lowered.index(name)][1]
    return b",".join([value for each, (_, value) in zip(lowered, headers, strict=True) if each == name])


def request_head(request: Request, target: bytes, host: bytes) -> bytes:
    """The head as the upstream gets it: in the agent's order and spelling, without what was for us alone.

    `target` is in origin form. `host` replaces the Host header's value where it stands, and is added if there was none.
    """
    connection = request.found.get(b"connection")
    if connection is not None and len(request.found) < len(request.headers):
        connection = _joined(request.lowered, request.headers, b"connection")
    drop = _dropped(connection)
    lines = [request.method + b" " + target + b" HTTP/1.1"]
    for lowered, (name, value) in zip(request.lowered, request.headers, strict=True):
        if lowered == b"host":
            lines.append(name + b": " + host)
        elif lowered not in drop:
            lines.append(name + b": " + value)
    if b"host" not in request.found:
        lines.insert(1, b"Host: " + host)
    lines.append(b"\r\n")
    return b"\r\n".join(lines)


def response_head(status: int, reason: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A status line and headers, exactly these, and the empty line."""
    lines = [b"HTTP/1.1 %d %b" % (status, reason)]
    lines.extend([name + b": " + value for name, value in headers])
    lines.append(b"\r\n")
    return b"\r\n".join(lines)


def end_to_end(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Headers without those about one connection."""
    lowered = [name.lower() for name, _ in headers]
    drop = _dropped(_joined(lowered, headers, b"connection") if b"connection" in lowered else None)
    return [pair for name, pair in zip(lowered, headers, strict=True) if name not in drop]


def response_framing(method: bytes, status: int, headers: Headers) -> Framing:
    """How the end of this response's body is told (RFC 9112, 6.3)."""
    if method == b"HEAD" or status < 200 or status in (204, 304):
        return Framing.NONE
    lowered = [name.lower() for name, _ in headers]
    if b"transfer-encoding" in lowered:
        coding = _joined(lowered, headers, b"transfer-encoding")
        return Framing.CHUNKED if coding.lower().rstrip().endswith(b"chunked") else Framing.CLOSE
    return Framing.LENGTH if b"content-length" in lowered else Framing.CLOSE


def chunk(data: bytes) -> bytes:
    """`data` (not empty) as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: Headers) -> bytes:
    """The last chunk, with its trailers."""
    if not trailers:
        return LAST_CHUNK
    return b"0\r\n" + b"".join(name + b": " + value + b"\r\n" for name, value in trailers) + b"\r\n"


def reason_phrase(status: int) -> bytes:
    """The usual phrase for a status; empty for one that has none."""
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b"Site Overloaded" if status == 529 else b""


def with_length(headers: Headers, length: int) -> list[tuple[bytes, bytes]]:
    """The same headers for a body of `length` bytes: one true Content-Length, where the old framing stood if it did."""
    framed: list[tuple[bytes, bytes]] = []
    placed = False
    for name, value in headers:
        lowered = name.lower()
        if lowered in (b"content-length", b"transfer-encoding"):
            if not placed:
                framed.append((b"Content-Length" if lowered != b"content-length" else name, b"%d" % length))
                placed = True
        elif lowered != b"trailer":
            framed.append((name, value))
    if not placed:
        framed.append((b"Content-Length", b"%d" % length))
    return framed


def own_word(status: int, detail: str, *, head_only: bool = False, close: bool = False) -> bytes:
    """An answer of the proxy's own, as any gateway might give it: an RFC 9457 problem document."""
    title = reason_phrase(status)
    body = json.dumps({"title": title.decode(), "status": status, "detail": detail}).encode() + b"\n"
    headers = [(b"Content-Type", b"application/problem+json"), (b"Content-Length", b"%d" % len(body))]
    if close:
        headers.append((b"Connection", b"close"))
    return response_head(status, title, headers) + (b"" if head_only else body)
