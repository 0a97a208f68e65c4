"""HTTP/1.1 messages as bytes: what a request and a response consist of, and how we write them.

Strict in, free out. Reading is llhttp's work (httptools), which refuses what two readers could understand differently.
Writing is ours, because a library that is right about HTTP refuses to write the responses that must be wrong.
This file knows no loop, no socket, no call and no fault.
"""

import json
from collections.abc import Iterable, Sequence
from enum import Enum
from http import HTTPStatus
from typing import Final

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

_HOP_LENGTHS = frozenset(map(len, HOP_BY_HOP))
"""Most names are told apart from these by their length, at half the price of lowering their case."""

FRAMING_HEADERS = frozenset({b"content-length", b"transfer-encoding", b"host"})
"""Headers that say where a message ends and whom it is for: `Connection` cannot take them away (RFC 9110, 7.6.1)."""

LENGTH_DIGITS = 18
"""Digits of a Content-Length. With more it is near or beyond what 64 bits hold, and not the same to each reader."""

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


CHUNKED: Final = Framing.CHUNKED
LENGTH: Final = Framing.LENGTH
"""Looked up once: an enum member costs more than a global, and every answer asks."""

_CODING_SIZE: Final = len(b"transfer-encoding")
_LENGTH_SIZE: Final = len(b"content-length")


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
        "handed",
        "headers",
        "keep_alive",
        "lowered",
        "method",
        "parts",
        "size",
        "started",
        "target",
        "trailers",
        "upgrade",
        "version",
    )

    def __init__(self, method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], version: str) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.version = version
        self.lowered = [name.lower() for name, _ in headers]
        """The header names in lower case, in order."""
        self.found = {name: headers[at][1] for at, name in enumerate(self.lowered)}
        """Values by lower-case name; of duplicates the last."""
        self.parts: list[bytes] = []
        """The body received so far and not yet passed on."""
        self.size = 0
        """Body bytes received so far."""
        self.keep_alive = True
        self.complete = False
        self.handed = False
        """Has it been handed over to be judged? It may have to wait for its turn."""
        self.started = False
        """Has its call begun? A body that is streamed grows after that."""
        self.trailers: list[tuple[bytes, bytes]] | None = None
        """Fields that came after a chunked body."""
        self.upgrade: bytes | None = None
        """The protocols that it wishes to go on in (RFC 9110, 7.8), as the upstream is told."""

    @property
    def chunked(self) -> bool:
        """Is the body sent in chunks?"""
        return b"transfer-encoding" in self.found

    @property
    def switches(self) -> bool:
        """May what follows it be another protocol?"""
        return self.upgrade is not None or self.method == b"CONNECT"

    def length(self) -> int:
        """The Content-Length; 0 if there is none (llhttp has refused anything that is not one whole number)."""
        return int(self.found.get(b"content-length", b"0"))


USUAL_CONNECTION = frozenset({b"keep-alive", b"close", b"Keep-Alive", b"Close"})
"""Values of `Connection` that name no header."""


def joined(lowered: Sequence[bytes], headers: Headers, name: bytes) -> bytes:
    """All values of a header that is a list, as one: lines of the same name mean the same as commas (RFC 9110, 5.2)."""
    if lowered.count(name) == 1:
        return headers[lowered.index(name)][1]
    return b",".join([value for each, (_, value) in zip(lowered, headers, strict=True) if each == name])


def named(lowered: Sequence[bytes], headers: Headers) -> set[bytes]:
    """What `Connection` names, in lower case."""
    return {token.strip(b" \t").lower() for token in joined(lowered, headers, b"connection").split(b",")}


def _dropped(lowered: Sequence[bytes], headers: Headers) -> frozenset[bytes] | set[bytes]:
    """Headers not to be passed on: the usual ones, and those that `Connection` names."""
    if lowered.count(b"connection") == 1 and headers[lowered.index(b"connection")][1] in USUAL_CONNECTION:
        return HOP_BY_HOP
    return (HOP_BY_HOP | named(lowered, headers)) - FRAMING_HEADERS


def request_head(request: Request, target: bytes, host: bytes) -> bytes:
    """The head as the upstream gets it: in the agent's order and spelling, without what was for us alone.

    `target` is in origin form. `host` replaces the Host header's value where it stands, and is added if there was none.
    """
    connection = request.found.get(b"connection")
    drop: frozenset[bytes] | set[bytes] = HOP_BY_HOP
    kept: dict[bytes, bytes] = {}
    if connection is not None and (connection not in USUAL_CONNECTION or len(request.found) < len(request.headers)):
        drop = _dropped(request.lowered, request.headers)
        kept = _kept(request)
    lines = [request.method + b" " + target + b" HTTP/1.1"]
    for at, (name, value) in enumerate(request.headers):
        lowered = request.lowered[at]
        if lowered == b"host":
            lines.append(name + b": " + host)
        elif lowered not in drop:
            lines.append(name + b": " + value)
        elif lowered in kept:
            lines.append(name + b": " + kept.pop(lowered))
    if b"host" not in request.found:
        lines.insert(1, b"Host: " + host)
    lines.append(b"\r\n")
    return b"\r\n".join(lines)


def request_bytes(request: Request, target: bytes, host: bytes) -> bytes:
    """A request as the upstream gets it, as far as it has come: `request_head`, and what there is of the body."""
    data = request_head(request, target, host)
    if request.parts:
        data += b"".join([chunk(part) for part in request.parts] if request.chunked else request.parts)
    if request.complete and request.chunked:
        data += last_chunk(request.trailers or ())
    return data


def _kept(request: Request) -> dict[bytes, bytes]:
    """Of what is about the connection, that which we say in our own name: a wish to upgrade, and that trailers pass."""
    if request.upgrade is not None:
        return {b"connection": b"Upgrade", b"upgrade": request.upgrade}
    if request.version == "1.1" and b"te" in named(request.lowered, request.headers):
        codings = request.found.get(b"te", b"").lower().split(b",")
        if b"trailers" in [each.strip(b" \t") for each in codings]:
            return {b"connection": b"TE", b"te": b"trailers"}  # RFC 9110, 10.1.4
    return {}


def response_head(status: int, reason: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A status line and headers, exactly these, and the empty line."""
    lines = [b"HTTP/1.1 %d %b" % (status, reason)]
    lines.extend([name + b": " + value for name, value in headers])
    lines.append(b"\r\n")
    return b"\r\n".join(lines)


def end_to_end(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Headers without those about one connection."""
    kept: list[tuple[bytes, bytes]] = []
    for pair in headers:
        name, value = pair
        if len(name) not in _HOP_LENGTHS or (lower := name.lower()) not in HOP_BY_HOP:
            kept.append(pair)
        elif lower == b"connection" and value not in USUAL_CONNECTION:
            return _not_named(headers)
    return kept


def _not_named(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The same where `Connection` names headers of its own."""
    lowered = [name.lower() for name, _ in headers]
    drop = _dropped(lowered, headers)
    return [headers[at] for at, name in enumerate(lowered) if name not in drop]


def is_offered(asked: bytes, headers: Headers) -> bool:
    """Does a 101 with these headers switch to one of the protocols that were `asked` for (RFC 9110, 7.8)?"""
    lowered = [name.lower() for name, _ in headers]
    if b"upgrade" not in lowered or b"connection" not in lowered or b"upgrade" not in named(lowered, headers):
        return False
    offers = {each.strip(b" \t").lower() for each in asked.split(b",")}
    chosen = [each.strip(b" \t").lower() for each in joined(lowered, headers, b"upgrade").split(b",")]
    return offers.issuperset(chosen)


def upgrade_required(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Headers of a 426: it says which protocols would do, and that is about the connection (RFC 9110, 15.5.22)."""
    kept = end_to_end(headers)
    wanted = [pair for pair in headers if pair[0].lower() == b"upgrade"]
    return [*kept, *wanted, (b"Connection", b"Upgrade")] if wanted else kept


def response_framing(method: bytes, status: int, headers: Headers) -> Framing:
    """How the end of this response's body is told (RFC 9112, 6.3).

    Raises:
        Malformed: if readers would disagree about it.
    """
    if method == b"HEAD" or status < 200 or status in (204, 304):
        return Framing.NONE
    coding, length = _coding_and_length(headers)
    if coding is not None:
        codings = [each.strip(b" \t") for each in coding.lower().split(b",")]
        if codings[-1] == b"chunked" and codings.count(b"chunked") == 1:
            return CHUNKED
        # RFC 9112, 6.3 lets such a body end with the connection; a less careful reader takes it for chunks.
        raise Malformed(502, "bad_framing", "a transfer coding that does not end in chunked")
    if length is None:
        return Framing.CLOSE
    if len(length) > LENGTH_DIGITS:
        raise Malformed(502, "bad_framing", "a Content-Length beyond all sizes")
    return LENGTH


def _coding_and_length(headers: Headers) -> tuple[bytes | None, bytes | None]:
    """All of Transfer-Encoding, and the first Content-Length."""
    coding: bytes | None = None
    length: bytes | None = None
    for name, value in headers:
        size = len(name)
        if size == _CODING_SIZE and name.lower() == b"transfer-encoding":
            coding = value if coding is None else coding + b"," + value
        elif size == _LENGTH_SIZE and length is None and name.lower() == b"content-length":
            length = value
    return coding, length


def streams_events(headers: Headers) -> bool:
    """Does a response with these headers come event by event, whether its events can be read or not?"""
    kinds = [value for name, value in headers if name.lower() == b"content-type"]
    return bool(kinds) and kinds[0].lower().startswith(b"text/event-stream")


def check_interim(headers: Headers) -> None:
    """Refuse an interim response that says it has a body: llhttp would read one, and others none (RFC 9112, 6.3).

    Raises:
        Malformed: 502.
    """
    if any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in headers):
        raise Malformed(502, "bad_framing", "an interim response with a body")


_CONTROLS = bytes(byte for byte in range(32) if byte != 9) + b"\x7f"


def check_phrase(reason: bytes) -> None:
    """Refuse a reason phrase that llhttp lets pass, but that no head may hold.

    Raises:
        Malformed: 502.
    """
    if reason != reason.translate(None, _CONTROLS):
        raise Malformed(502, "bad_response", "control characters in the reason phrase")


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
