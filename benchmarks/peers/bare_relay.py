"""The least that a relay in Python can do: event-loop protocols, httptools on both sides, uvloop, and nothing else.

`bare_relay.py PORT UPSTREAM_PORT`. It is no proxy that anybody should use: no deadline, no backpressure, no error that
is not a closed connection. It shows what the language costs on this machine before any of our own work is done.
"""

import asyncio
import sys
from collections import deque
from typing import cast

import httptools
import uvloop

CLOSING = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Upstream(asyncio.Protocol):
    """A connection to the upstream, with the agent whose call is on it."""

    transport: asyncio.Transport

    def __init__(self, idle: deque["Upstream"]) -> None:
        self._idle = idle
        self._lines: list[bytes] = []
        self.parser = httptools.HttpResponseParser(self)
        self.agent: Agent | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own, and no subclass of it

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def connection_lost(self, _: Exception | None) -> None:
        if self in self._idle:
            self._idle.remove(self)
        if self.agent is not None:
            self.agent.transport.close()

    # What the parser calls

    def on_header(self, name: bytes, value: bytes) -> None:
        self._lines.append(b"%s: %s\r\n" % (name, value))

    def on_headers_complete(self) -> None:
        self._lines.append(b"\r\n")

    def on_body(self, body: bytes) -> None:
        self._lines.append(body)

    def on_message_complete(self) -> None:
        agent, self.agent = self.agent, None
        lines, self._lines = self._lines, []
        self._idle.append(self)
        if agent is not None:
            status = b"HTTP/1.1 %d OK\r\n" % self.parser.get_status_code()
            agent.transport.write(status + b"".join(lines))


class Agent(asyncio.Protocol):
    """An agent's connection: reads a call, and hands it to an idle upstream connection or a new one."""

    transport: asyncio.Transport

    def __init__(self, upstream_port: int, idle: deque[Upstream]) -> None:
        self._port = upstream_port
        self._idle = idle
        self._lines: list[bytes] = []
        self._parser = httptools.HttpRequestParser(self)
        self._opening: asyncio.Task[None] | None = None
        self._target = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own, and no subclass of it

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.close()

    # What the parser calls

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._lines.append(b"%s: %s\r\n" % (name, value))

    def on_headers_complete(self) -> None:
        self._lines.append(b"\r\n")

    def on_body(self, body: bytes) -> None:
        self._lines.append(body)

    def on_message_complete(self) -> None:
        head = b"%s %s HTTP/1.1\r\n" % (self._parser.get_method(), self._target)
        request = head + b"".join(self._lines)
        self._lines = []
        self._target = b""
        if self._idle:
            self._send(self._idle.pop(), request)
        else:
            self._opening = asyncio.get_running_loop().create_task(self._open(request))

    async def _open(self, request: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, upstream = await loop.create_connection(lambda: Upstream(self._idle), "127.0.0.1", self._port)
        except OSError:
            self.transport.write(CLOSING)
            self.transport.close()
        else:
            self._send(upstream, request)

    def _send(self, upstream: Upstream, request: bytes) -> None:
        upstream.agent = self
        upstream.transport.write(request)


async def serve(port: int, upstream_port: int) -> None:
    """Relay until ended."""
    idle: deque[Upstream] = deque()
    server = await asyncio.get_running_loop().create_server(lambda: Agent(upstream_port, idle), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(*map(int, sys.argv[1:])))
