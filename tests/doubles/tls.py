"""TLS in the hands of a test: an agent that speaks it over a stream, and a tool that is reached by it."""

import asyncio
import ssl
from contextlib import suppress

from tests.doubles.streams import SILENCE, End, Ended, Message, Stream, soon


class TlsEnded(Exception):  # noqa: N818  it is what happened to the connection
    """The other side ended TLS by a close_notify."""


class TlsStream:
    """A TLS client on a stream. What comes below TLS stays visible: how the TCP connection ends, and with what."""

    def __init__(
        self, stream: Stream, context: ssl.SSLContext, host: str, session: ssl.SSLSession | None = None
    ) -> None:
        self.stream = stream
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_hostname=host, session=session)
        self.buffer = bytearray()
        self.closed = False
        """Has a close_notify come?"""

    def greeting(self) -> bytes:
        """The client's first bytes, instead of letting `handshake` send them."""
        with suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self._out.read()

    async def handshake(self, *, last_words: bytes = b"") -> None:
        """All of it; `last_words` go out in one write with its end."""
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._more()
            except ssl.SSLError:
                await self._flush()  # the alert that says why
                raise
            else:
                if last_words:
                    self.tls.write(last_words)
                await self._flush()
                return

    async def quiet(self) -> bool:
        """Wait for what comes below TLS; False if nothing does for a while."""
        try:
            async with asyncio.timeout(SILENCE):
                return await self.stream.more()
        except TimeoutError:
            return False

    async def take_in(self) -> None:
        """Give TLS what has come."""
        self._in.write(self.stream.take(len(self.stream.buffer)))
        with suppress(ssl.SSLWantReadError):
            self.buffer += self.tls.read(262_144)

    async def _flush(self) -> None:
        if self._out.pending:
            await self.stream.send(self._out.read())

    async def _more(self) -> None:
        if not self.stream.buffer and not await soon(self.stream.more()):
            raise Ended(self.stream.end or End.FIN, b"")
        self._in.write(self.stream.take(len(self.stream.buffer)))

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.tls.write(piece)
            await self._flush()

    async def more(self) -> bool:
        """Wait for more; False once a close_notify has come."""
        while True:
            try:
                data = self.tls.read(262_144)
            except ssl.SSLWantReadError:
                await self._more()
                continue
            except ssl.SSLZeroReturnError:
                data = b""
            self.closed = self.closed or not data
            self.buffer += data
            return bool(data)

    async def exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            if not await soon(self.more()):
                raise TlsEnded
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    async def until(self, marker: bytes) -> bytes:
        while marker not in self.buffer:
            if not await soon(self.more()):
                raise TlsEnded
        return await self.exactly(self.buffer.index(marker) + len(marker))

    async def close_notify(self) -> None:
        """End TLS on this side."""
        with suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        await self._flush()

    async def response(self, method: str = "GET") -> Message:
        """A whole response, framed by its length."""
        head = await self.until(b"\r\n\r\n")
        lines = head[:-4].split(b"\r\n")
        headers = [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines[1:])]
        length = next((int(value) for name, value in headers if name.lower() == b"content-length"), 0)
        body = await self.exactly(length) if method != "HEAD" else b""
        return Message(lines[0], headers, body, head + body, [])


class TlsFront:
    """Listens with TLS and passes what comes on to a plain address, both ways."""

    def __init__(self, context: ssl.SSLContext, behind: tuple[str, int]) -> None:
        self._context = context
        self._behind = behind
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.names: list[str | None] = []
        """The server names that clients asked for (SNI)."""
        context.sni_callback = lambda _tls, name, _context: self.names.append(name)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        behind_reader, behind_writer = await asyncio.open_connection(*self._behind)
        try:
            await asyncio.gather(_pump(reader, behind_writer), _pump(behind_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            behind_writer.close()
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
