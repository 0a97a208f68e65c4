"""A tool on a real socket that says exactly the bytes it was told to say, and remembers exactly what it was sent."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

import msgspec

from tests.doubles.log import Log
from tests.doubles.streams import End, Ended, Message, Stream


class Then(StrEnum):
    """What the tool does with the connection after it has said its bytes."""

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"
    STALL = "stall"
    """Nothing: it neither says more nor listens to another request."""


class Say(msgspec.Struct, frozen=True):
    """An answer: pieces, each by a write of its own, and what follows them."""

    pieces: tuple[bytes, ...]
    then: Then = Then.KEEP


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n" + b'{"ok":true}'

Play = Callable[[Stream], Awaitable[None]]


class ScriptedUpstream:
    """Listens from `start` on. Each request counts as executed once all of it has come."""

    def __init__(self) -> None:
        self.received: Log[Message] = Log()
        """Requests, in the order in which they were complete."""
        self.ends: Log[End] = Log()
        """How connections ended that the other side ended."""
        self.streams: Log[Stream] = Log()
        """Every connection ever made."""
        self.play: Play | None = None
        """Takes a connection over from its first byte, instead of the script."""
        self._script = [Say((OK,))]
        self._tasks: set[asyncio.Task[Any]] = set()
        self._socket = socket.socket()

    @property
    def url(self) -> str:
        host, port = self.address
        return f"http://{host}:{port}"

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._socket.getsockname()
        return str(host), int(port)

    @property
    def authority(self) -> bytes:
        return self.url.removeprefix("http://").encode()

    @property
    def executions(self) -> int:
        return len(self.received)

    @property
    def connections(self) -> int:
        return len(self.streams)

    def says(self, *pieces: bytes, then: Then = Then.KEEP) -> None:
        """The answer to every request from now on."""
        self._script = [Say(pieces, then)]

    def says_in_turn(self, *answers: Say) -> None:
        """The answers to the next requests; the last one repeats."""
        self._script = list(answers)

    def start(self) -> None:
        self._socket.setblocking(False)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(64)
        self._spawn(self._accept())

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for stream in self.streams.all:
            stream.close()
        self._socket.close()

    def _spawn(self, work: Any) -> None:  # noqa: ANN401  any coroutine
        self._tasks.add(asyncio.get_running_loop().create_task(work))

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            sock, _ = await loop.sock_accept(self._socket)
            stream = Stream(sock)
            self.streams.add(stream)
            self._spawn(self._serve(stream))

    async def _serve(self, stream: Stream) -> None:
        try:
            if self.play is not None:
                await self.play(stream)
                return
            while await self._one_request(stream):
                pass
        except (Ended, OSError):
            self.ends.add(stream.end or End.RESET)

    async def _one_request(self, stream: Stream) -> bool:
        if not stream.buffer and not await stream.more():
            self.ends.add(stream.end or End.FIN)
            return False
        self.received.add(await stream.request())
        say = self._script[0] if len(self._script) == 1 else self._script.pop(0)
        await stream.send(*say.pieces)
        match say.then:
            case Then.CLOSE:
                stream.close()
            case Then.RESET:
                stream.reset()
            case Then.STALL:
                while await stream.more():
                    pass
                self.ends.add(stream.end or End.FIN)
            case Then.KEEP:
                return True
        return False
