"""A tool that counts how often it ran, under the id that each request bears, whatever becomes of its answers."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Self

BODY = json.dumps(
    {
        "id": "item-1",
        "name": "a thing",
        "price": 12.5,
        "stock": 7,
        "tags": ["a", "b"],
        "items": [{"n": n} for n in range(9)],
    }
).encode()
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


class CountingTool:
    """Listens while it is entered. A request is told by its `X-Id`, and counts once all of it is there."""

    def __init__(self) -> None:
        self.ran: Counter[str] = Counter()
        self.told: Callable[[], None] = lambda: None
        """Called each time that it has run."""
        self.address = ("", 0)
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        host, port = self.address
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, backlog=1024)
        host, port = self._server.sockets[0].getsockname()[:2]
        self.address = (host, port)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._server is not None:
            self._server.close()


class _Connection(asyncio.Protocol):
    def __init__(self, tool: CountingTool) -> None:
        self._tool = tool
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (size := _size(self._buffer)) is not None:
            head = self._buffer.partition(b"\r\n\r\n")[0].lower()
            self._buffer = self._buffer[size:]
            self._tool.ran[head.partition(b"x-id: ")[2].partition(b"\r\n")[0].decode()] += 1
            self._tool.told()
            self._transport.write(REPLY)  # type: ignore[attr-defined]  # a transport, whatever the loop calls it


def _size(buffer: bytes) -> int | None:
    """Bytes of the first request, if all of it is there."""
    head, end, body = buffer.partition(b"\r\n\r\n")
    if not end:
        return None
    lowered = head.lower()
    if b"transfer-encoding:" in lowered:
        last = body.find(b"0\r\n\r\n")  # no body here has this within
        return None if last < 0 else len(head) + 4 + last + 5
    length = int((lowered.partition(b"content-length: ")[2].partition(b"\r\n")[0]) or b"0")
    return len(head) + 4 + length if len(body) >= length else None
