"""A stream whose bytes travel in TLS, for whoever plays a conversation on it."""

import ssl
from typing import Self

from tests.doubles.streams import End, Ended, Stream, soon
from tests.doubles.tls import TlsStream


class Encrypted:
    """The agent's end of a conversation, inside TLS."""

    def __init__(self, tls: TlsStream) -> None:
        self._tls = tls
        self.heard = bytearray()
        self.end: End | None = None

    @classmethod
    async def over(cls, stream: Stream, trusting: ssl.SSLContext) -> Self:
        """After a handshake with 127.0.0.1."""
        tls = TlsStream(stream, trusting, "127.0.0.1")
        await tls.handshake()
        return cls(tls)

    async def send(self, *pieces: bytes) -> None:
        await self._tls.send(*pieces)

    async def more(self) -> bool:
        try:
            going_on = await self._tls.more()
        except Ended as ended:
            self.end = ended.end
            return False
        if not going_on:
            self.end = End.FIN
        self.heard += self._tls.buffer
        self._tls.buffer.clear()
        return going_on

    async def hears_now(self, marker: bytes) -> None:
        while marker not in self.heard:
            if not await soon(self.more()):
                raise Ended(self.end or End.FIN, bytes(self.heard))
