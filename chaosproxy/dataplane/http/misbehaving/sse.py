"""Server-sent events as they lie in a stream of bytes (WHATWG HTML, section 9.2): where one ends, and what its data is.

Splits, and changes nothing: every byte that comes is handed out, in order. Knows no loop, no fault and no HTTP but the
one content type.
"""

import re

from chaosproxy.dataplane.http.wire import Headers

LARGEST_EVENT = 1024 * 1024
"""Bytes of a block that are held until its end has come; what is larger passes in pieces, and is no event."""

_BOM = b"\xef\xbb\xbf"
_EMPTY_LINE = re.compile(rb"\r\n|\n|\r")
_END = re.compile(rb"(?>\r\n|\n|\r)(\r\n|\n|\r)")
"""The end of a line and an empty line behind it. What began as CRLF is not taken for CR and LF when that would fit."""
_LINES = re.compile(rb"([^\r\n]*)(?:\r\n|\n|\r)")


class EventSplitter:
    """Cuts a stream into blocks, each handed out with the byte that completes it.

    A block is what stands up to and with an empty line: an event, a comment, or an empty line alone. A CR ends a line
    by itself, so a block that ends in one does not wait for the LF that may follow; that LF is then handed out as a
    piece of its own, and so is a byte order mark at the start: neither belongs to an event. A block larger than
    `largest` bytes passes in pieces, none of which `has_data`.
    """

    __slots__ = ("_after_cr", "_held", "_largest", "_seen", "_started", "_too_large")

    def __init__(self, largest: int = LARGEST_EVENT) -> None:
        self._largest = largest
        self._held = bytearray()
        """What has come of the block that is under way."""
        self._seen = 0
        """How much of it need not be searched again."""
        self._started = self._after_cr = self._too_large = False

    def feed(self, data: bytes) -> list[bytes]:
        """The blocks that these bytes complete. All blocks together, and then `rest`, are what was fed."""
        if not data:
            return []
        blocks: list[bytes] = []
        if self._after_cr and data.startswith(b"\n"):
            blocks.append(b"\n")
            data = data[1:]
        self._after_cr = False
        self._held += data
        if self._started or self._start(blocks):
            self._cut(blocks)
            self._let_pass(blocks)
        return blocks

    def rest(self) -> bytes:
        """What has come of a block whose end has not. When the stream ends here, it is no event by the standard."""
        rest = bytes(self._held)
        self._held.clear()
        self._seen = 0
        return rest

    def _start(self, blocks: list[bytes]) -> bool:
        """Take off a byte order mark, which may stand at the start; False if that cannot be told yet."""
        held = self._held
        if len(held) < len(_BOM) and _BOM.startswith(held):
            return False
        self._started = True
        if held.startswith(_BOM):
            blocks.append(_BOM)
            del held[: len(_BOM)]
        return True

    def _cut(self, blocks: list[bytes]) -> None:
        """Move all complete blocks from what is held."""
        held = self._held
        while (found := self._empty_line()) is not None:
            start, end = found
            if self._too_large:
                # The line end goes with what stands before it, the empty line alone: so neither looks like an event.
                blocks.append(bytes(held[:start]))
                blocks.append(bytes(held[start:end]))
                self._too_large = False
            else:
                blocks.append(bytes(held[:end]))
            del held[:end]
            self._seen = 0
            self._after_cr = not held and blocks[-1].endswith(b"\r")

    def _empty_line(self) -> tuple[int, int] | None:
        """Where the empty line that ends the block begins and ends; None if it has not come."""
        held = self._held
        if not self._too_large and (alone := _EMPTY_LINE.match(held)):
            return alone.span()
        found = _END.search(held, self._seen)
        if found is None:
            self._seen = max(0, len(held) - len(b"\r\n"))
            return None
        return found.span(1)

    def _let_pass(self, blocks: list[bytes]) -> None:
        """Hand out what is held of a block that is too large, but for the end of a line, after which it may end."""
        held = self._held
        if len(held) <= self._largest and not self._too_large:
            return
        self._too_large = True
        if piece := bytes(held.rstrip(b"\r\n")):
            blocks.append(piece)
            del held[: len(piece)]
            self._seen = 0


def has_data(block: bytes) -> bool:
    """Is it a whole event with data, which a client tells its program of? Comments and bare retry or id lines are not.

    An event whose data is empty is one: the standard drops events without a data line only.
    """
    lines = _LINES.findall(block)
    return len(lines) > 1 and not lines[-1] and any(is_data(line) for line in lines)


def data_of(block: bytes) -> bytes:
    """The event's data: its data lines, joined by LF."""
    return b"\n".join(value_of(line) for line in _LINES.findall(block) if is_data(line))


def name_of(block: bytes) -> bytes:
    """The event's name, as its last event line says; empty if none does."""
    named = [line for line in _LINES.findall(block) if line == b"event" or line.startswith(b"event:")]
    return value_of(named[-1]) if named else b""


def is_event_stream(headers: Headers) -> bool:
    """Does a reply with these headers consist of events that can be read as they come? Not if it is compressed."""
    kinds = [value for name, value in headers if name.lower() == b"content-type"]
    media_type = kinds[0].partition(b";")[0].strip().lower() if kinds else b""
    codings = {value.strip().lower() for name, value in headers if name.lower() == b"content-encoding"}
    return media_type == b"text/event-stream" and codings <= {b"", b"identity"}


def is_data(line: bytes) -> bool:
    """Is it a line of an event's data?"""
    return line == b"data" or line.startswith(b"data:")


def value_of(line: bytes) -> bytes:
    """What stands behind the colon, without the one blank that may stand there too."""
    return line.partition(b":")[2].removeprefix(b" ")
