"""How the body of a reply to an agent is framed, faithfully or wrongly: heads, chunks and lengths as bytes.

Knows no loop, no upstream, and not why a frame is to be wrong.
"""

from chaosproxy.core.effects import Misframing
from chaosproxy.dataplane.http.wire import (
    Framing,
    Headers,
    end_to_end,
    last_chunk,
    response_head,
    upgrade_required,
    with_length,
)

GARBAGE = b"}]}\r\n"
"""What follows a body that something should not follow: the tail of some other reply."""

BAD_SIZE = b"zz"
"""What stands where a chunk's size should."""

IN_CHUNKS = frozenset({Misframing.NO_LAST_CHUNK, Misframing.BAD_CHUNK_SIZE})
OF_LENGTH = frozenset({Misframing.LENGTH_TOO_LONG, Misframing.LENGTH_TOO_SHORT})


def told_length(how: Misframing, length: int) -> int:
    """The Content-Length that a body of `length` bytes (more than none) is said to have: half of it, or half more."""
    return length // 2 if how is Misframing.LENGTH_TOO_SHORT else length + (length + 1) // 2


def in_chunks(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The same headers for a body that comes in chunks, where its length was told, or nothing."""
    chunked = (b"Transfer-Encoding", b"chunked")
    framed = [chunked if name.lower() == b"content-length" else (name, value) for name, value in headers]
    if b"transfer-encoding" not in {name.lower() for name, _ in framed}:
        framed.append(chunked)
    return framed


def until_close(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The same headers for a body that ends with the connection."""
    return [pair for pair in headers if pair[0].lower() not in (b"transfer-encoding", b"content-length")]


def content_length(headers: Headers) -> int:
    """The body's length as the head tells it; 0 if it does not (llhttp has refused anything that is not a number)."""
    return next((int(value) for name, value in headers if name.lower() == b"content-length"), 0)


class Frame:
    """One reply on its way to an agent: its head, its body piece by piece, its end."""

    __slots__ = ("_head", "_headers", "_left", "_promised", "_written", "framing", "how")

    def __init__(self, head: tuple[int, bytes, Headers], framing: Framing) -> None:
        self._head = head[:2]
        self._headers: Headers = upgrade_required(head[2]) if head[0] == 426 else end_to_end(head[2])
        self.framing = framing
        """How the agent is told of the body's end."""
        self.how: Misframing | None = None
        """How the frame is wrong."""
        self._promised = content_length(self._headers) if framing is Framing.LENGTH else -1
        """Body bytes still to come by the head's word; less than 0 if it gives none."""
        self._left = 0
        """Bytes still to come of the chunk that is being sent."""
        self._written = False

    def for_version(self, version: str) -> None:
        """HTTP/1.0 knows no chunks: there, the body ends with the connection."""
        if version == "1.0" and self.framing is Framing.CHUNKED:
            self._by_close()

    def of_any_length(self, version: str) -> None:
        """The body may become longer or shorter on its way: its length cannot be told beforehand."""
        if self.framing is Framing.LENGTH:
            if version == "1.0":
                self._by_close()
            else:
                self._by_chunks()

    def misframe(self, how: Misframing, length: int) -> list[str]:
        """Break the frame, whatever framing that takes. `length` is the body's, where it has to be known.

        Returns why it cannot be done, if it cannot.
        """
        if how in IN_CHUNKS and self.framing is not Framing.CHUNKED:
            self._by_chunks()
        elif how in OF_LENGTH:
            if length <= 0:
                return ["empty_body"]
            self.framing, self._promised = Framing.LENGTH, -1
            self._headers = with_length(self._headers, told_length(how, length))
        self.how = how
        return []

    def _by_chunks(self) -> None:
        self.framing, self._headers, self._promised = Framing.CHUNKED, in_chunks(self._headers), -1

    def _by_close(self) -> None:
        self.framing, self._headers, self._promised = Framing.CLOSE, until_close(self._headers), -1

    @property
    def complete(self) -> bool:
        """Has the agent got all of the body, and does it know that by the head's word?"""
        return self._promised == 0

    def head(self) -> bytes:
        """The status line and the headers."""
        return response_head(*self._head, self._headers)

    def piece(self, data: bytes, more: int = 0) -> bytes:
        """A piece of the body (not empty), of which `more` bytes follow that belong to the same chunk."""
        if self._promised > 0:
            self._promised -= len(data)
        if self.framing is not Framing.CHUNKED:
            return data
        opening = b"" if self._left else self._size(len(data) + more)
        self._left = (self._left or len(data) + more) - len(data)
        self._written = True
        return opening + data if self._left else opening + data + b"\r\n"

    def end(self, trailers: Headers) -> bytes:
        """What follows the body."""
        if self.how is Misframing.NO_LAST_CHUNK:
            return b""
        closing = last_chunk(end_to_end(trailers)) if self.framing is Framing.CHUNKED else b""
        if self.how is Misframing.BAD_CHUNK_SIZE and not self._written:
            return BAD_SIZE + closing[1:]
        return closing + GARBAGE if self.how is Misframing.TRAILING_GARBAGE else closing

    def _size(self, size: int) -> bytes:
        """The line before a chunk. The first is the bad one, whichever way the body has been cut into chunks."""
        if self.how is Misframing.BAD_CHUNK_SIZE and not self._written:
            return BAD_SIZE + b"\r\n"
        return b"%x\r\n" % size
