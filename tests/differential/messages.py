"""Bytes from a wire, read as HTTP/1.1 messages: a second reading, which shares nothing with the one it judges.

Simple on purpose: it reads what is right, keeps every byte of what it reads, and stops where it understands no more.
"""

from collections.abc import Sequence

import msgspec

Pairs = tuple[tuple[bytes, bytes], ...]


class Message(msgspec.Struct, frozen=True):
    """A message, or as much of it as came."""

    start: bytes
    headers: Pairs
    framing: str
    """`none`, `length`, `chunked` or `close`."""
    body: bytes
    """Without chunk framing."""
    trailers: Pairs
    complete: bool


def read_messages(raw: bytes, methods: Sequence[bytes] | None, *, ended: bool) -> tuple[list[Message], bytes]:
    """Messages in order, and what is left over. `methods` are those of the requests that responses answer.

    With None, the bytes are requests.
    """
    found: list[Message] = []
    asked = list(methods or ())
    while b"\r\n\r\n" in raw:
        if methods is None:
            raw = raw.removeprefix(b"\r\n")  # a server ignores an empty line before a request (RFC 9112, 2.2)
        head, _, rest = raw.partition(b"\r\n\r\n")
        start, *lines = head.split(b"\r\n")
        headers = tuple(_pair(line) for line in lines)
        framing = _framing(start, headers, asked[0] if asked else b"") if methods is not None else _asks(headers)
        body, trailers, raw, complete = _body(framing, headers, rest, ended=ended)
        found.append(Message(start, headers, framing, body, trailers, complete))
        if methods is not None and not start.split(b" ")[1].startswith(b"1") and asked:
            asked.pop(0)
        if not complete:
            return found, b""
    return found, raw


def _pair(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name, value.strip(b" \t")


def _values(headers: Pairs, wanted: bytes) -> list[bytes]:
    return [value for name, value in headers if name.lower() == wanted]


def _asks(headers: Pairs) -> str:
    """How a request says where its body ends (RFC 9112, 6.3)."""
    if _values(headers, b"transfer-encoding"):
        return "chunked"
    return "length" if _values(headers, b"content-length") else "none"


def _framing(start: bytes, headers: Pairs, method: bytes) -> str:
    """How a response says where its body ends (RFC 9112, 6.3)."""
    status = int(start.split(b" ")[1])
    if method == b"HEAD" or status < 200 or status in (204, 304):
        return "none"
    how = _asks(headers)
    return "close" if how == "none" else how


def _body(framing: str, headers: Pairs, rest: bytes, *, ended: bool) -> tuple[bytes, Pairs, bytes, bool]:
    if framing == "none":
        return b"", (), rest, True
    if framing == "close":
        return rest, (), b"", ended
    if framing == "chunked":
        return _chunks(rest)
    length = int(_values(headers, b"content-length")[0])
    return rest[:length], (), rest[length:], len(rest) >= length


def _chunks(rest: bytes) -> tuple[bytes, Pairs, bytes, bool]:
    body = b""
    while b"\r\n" in rest:
        line, _, after = rest.partition(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        if size == 0:
            lines = (b"\r\n" + after).partition(b"\r\n\r\n")
            if not lines[1]:
                return body, (), b"", False
            trailers = tuple(_pair(each) for each in lines[0].split(b"\r\n") if each)
            return body, trailers, lines[2], True
        body += after[:size]
        if len(after) < size + 2:
            return body, (), b"", False
        rest = after[size + 2 :]
    return body, (), b"", False
