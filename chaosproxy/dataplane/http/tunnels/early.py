"""Connections of which it is not known yet who is to hear them, and how what they said meanwhile gets to whoever is."""

import asyncio
from contextlib import suppress
from typing import Protocol, cast, runtime_checkable

from chaosproxy.dataplane.http.tunnels.sniffing import Spoken, sniff


class Held(asyncio.Protocol):
    """A connection to an upstream that is not read from until somebody takes it over."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are transports without the class
        self.transport.pause_reading()


class Early(asyncio.Protocol):
    """Keeps what an agent says."""

    def __init__(self, transport: asyncio.Transport, data: bytes) -> None:
        self.transport = transport
        self.data = bytearray(data)
        self.lost = False
        self._news = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        self.data += data
        self._news.set()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Called by the loop."""
        self.lost = True
        self._news.set()

    def taken(self) -> bytes:
        """What has come; it is the taker's from then on."""
        taken, self.data = bytes(self.data), bytearray()
        return taken

    async def spoken(self, seconds: float) -> Spoken:
        """What the agent speaks, as soon as that is clear, or when it could have said it for so long."""
        try:
            async with asyncio.timeout(seconds):
                while (spoken := sniff(self.data)) is None and not self.lost:
                    await self._more()
        except TimeoutError:
            return Spoken.OTHER
        return spoken or Spoken.OTHER

    async def wait_until_lost(self, seconds: float) -> None:
        """Wait for the agent to leave, for so long at most. What it says meanwhile is nobody's."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.lost:
                    await self._more()
                    self.data.clear()

    async def _more(self) -> None:
        self._news.clear()
        await self._news.wait()


@runtime_checkable
class _Buffered(Protocol):
    """What the loops' TLS is to a transport: an `asyncio.BufferedProtocol`, of which uvloop's has all but the name."""

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes are to be put."""

    def buffer_updated(self, nbytes: int) -> None:
        """So many have been put there."""


def feed(transport: asyncio.Transport, data: bytes) -> None:
    """Give the transport's new protocol, the loop's TLS, what was read before it came."""
    protocol = transport.get_protocol()
    if not isinstance(protocol, _Buffered):
        return  # it has not come, because the connection has gone
    view = memoryview(data)
    while view:
        buffer = protocol.get_buffer(len(view))
        size = min(len(buffer), len(view))
        buffer[:size] = view[:size]
        protocol.buffer_updated(size)
        view = view[size:]
