"""One end of a real TCP connection in the hands of a test: exact bytes both ways, and how the other end stopped."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Self, TypeVar

import msgspec

WAIT = 10.0
"""Seconds after which whatever is waited for counts as missing. Long, because a shared machine is slow at times."""

SILENCE = 0.3
"""Seconds without a byte after which an open connection counts as silent."""

T = TypeVar("T")


async def soon(awaited: Awaitable[T]) -> T:
    """What is awaited, or a failure of the test."""
    async with asyncio.timeout(WAIT):
        return await awaited


async def until_true(it_is: Callable[[], bool]) -> None:
    """Give way to the others until something has become true."""
    async with asyncio.timeout(WAIT):
        while not it_is():
            await asyncio.sleep(0)


class End(StrEnum):
    """How the other side's half of a connection ended."""

    FIN = "fin"
    RESET = "reset"
    SILENT = "silent"
    """Not at all: it is open, and nothing comes."""


class Message(msgspec.Struct, frozen=True):
    """An HTTP message as it came."""

    start: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    """Without chunk framing."""
    raw: bytes
    """Every byte of it."""
    trailers: list[tuple[bytes, bytes]]

    @property
    def status(self) -> int:
        return int(self.start.split(b" ")[1])

    def values(self, name: bytes) -> list[bytes]:
        return [value for each, value in self.headers if each.lower() == name.lower()]


class Ended(Exception):  # noqa: N818  it is what happened to the connection
    """The connection ended while more was expected."""

    def __init__(self, end: End, got: bytes) -> None:
        super().__init__(f"{end} after {got[:200]!r}")
        self.end = end
        self.got = got


class Stream:
    """A connected socket. Keeps what was not asked for yet in a buffer, and remembers all that it heard."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.buffer = bytearray()
        self.heard = bytearray()
        self.end: End | None = None
        self._news = asyncio.Event()

    @classmethod
    async def connect(cls, address: tuple[str, int]) -> Self:
        sock = socket.socket()
        sock.setblocking(False)
        try:
            await soon(asyncio.get_running_loop().sock_connect(sock, address))
        except OSError:
            sock.close()
            raise
        return cls(sock)

    # Writing and ending

    async def send(self, *pieces: bytes) -> None:
        """All pieces, each by a write of its own."""
        for piece in pieces:
            await soon(asyncio.get_running_loop().sock_sendall(self.socket, piece))
            await asyncio.sleep(0)

    def half_close(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    # Reading

    async def more(self) -> bool:
        """Wait for more; False if there will be none."""
        try:
            data = await asyncio.get_running_loop().sock_recv(self.socket, 262_144)
        except ConnectionError:
            self.end = End.RESET
            return False
        if not data:
            self.end = End.FIN
        self.buffer += data
        self.heard += data
        self._news.set()
        self._news = asyncio.Event()
        return bool(data)

    async def hears(self, marker: bytes) -> None:
        """Wait until somebody else who reads this stream has come upon the marker."""
        while marker not in self.heard:
            await soon(self._news.wait())

    async def hears_now(self, marker: bytes) -> None:
        """Read until the marker has come at some time."""
        while marker not in self.heard:
            if not await soon(self.more()):
                raise Ended(self.end or End.FIN, bytes(self.heard))

    def take(self, count: int) -> bytes:
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    async def exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            if not await soon(self.more()):
                raise Ended(self.end or End.FIN, bytes(self.buffer))
        return self.take(count)

    async def until(self, marker: bytes) -> bytes:
        """Everything up to and with the marker."""
        while marker not in self.buffer:
            if not await soon(self.more()):
                raise Ended(self.end or End.FIN, bytes(self.buffer))
        return self.take(self.buffer.index(marker) + len(marker))

    async def ending(self, silence: float = SILENCE) -> tuple[bytes, End]:
        """All that still comes, and how it ends: by FIN, by RST, or in `silence` seconds without a byte."""
        while True:
            try:
                async with asyncio.timeout(silence):
                    more = await self.more()
            except TimeoutError:
                return self.take(len(self.buffer)), End.SILENT
            if not more:
                return self.take(len(self.buffer)), self.end or End.FIN

    async def ended(self) -> tuple[bytes, End]:
        """All that still comes and how it ends, where it surely ends."""
        while await soon(self.more()):
            pass
        return self.take(len(self.buffer)), self.end or End.FIN

    # Messages

    async def request(self) -> Message:
        """A whole request."""
        return await self._message(has_body=True, until_end=False)

    async def response(self, method: str = "GET") -> Message:
        """A final response to a request with this method; interim ones are passed over."""
        while True:
            message = await self._message(has_body=method != "HEAD", until_end=True)
            if message.status >= 200:
                return message

    async def _message(self, *, has_body: bool, until_end: bool) -> Message:
        head = await self.until(b"\r\n\r\n")
        start, headers = parse_head(head)
        status = int(start.split(b" ")[1]) if start.startswith(b"HTTP/") else 0
        named = {name.lower(): value for name, value in headers}
        if not has_body or status in (204, 304) or 100 <= status < 200:
            return Message(start, headers, b"", head, [])
        if b"transfer-encoding" in named:
            body, raw, trailers = await self._chunks()
            return Message(start, headers, body, head + raw, trailers)
        if b"content-length" in named:
            body = await self.exactly(int(named[b"content-length"]))
        elif until_end:
            body, _ = await self.ended()
        else:
            body = b""
        return Message(start, headers, body, head + body, [])

    async def _chunks(self) -> tuple[bytes, bytes, list[tuple[bytes, bytes]]]:
        body, raw = bytearray(), bytearray()
        while True:
            line = await self.until(b"\r\n")
            raw += line
            size = int(line.partition(b";")[0], 16)
            if not size:
                break
            piece = await self.exactly(size + 2)
            assert piece.endswith(b"\r\n")
            body += piece[:-2]
            raw += piece
        trailers = []
        while (line := await self.until(b"\r\n")) != b"\r\n":
            name, _, value = line[:-2].partition(b": ")
            trailers.append((name, value))
            raw += line
        return bytes(body), bytes(raw) + b"\r\n", trailers


def parse_head(head: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Start line and headers, as they are written (with one space after the colon, as everything here writes them)."""
    start, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    pairs = (line.partition(b":") for line in lines)
    return start, [(name, value.strip(b" \t")) for name, _, value in pairs]
