"""A WebSocket through the proxy: a real client and a real server, every size of message, both directions at once."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
import trustme
from aiohttp import web

from tests.e2e.programs import Serving, chaosproxy, serve

SIZES = (0, 1, 125, 126, 65_535, 65_536, 3_000_000)

PROFILE = """
version: 1
name: websockets
upstreams:
  tool: http://{plain}
  secure: {{url: "https://{encrypted}", ca: authority.pem}}
rules:
{rules}
"""

CONCERNED = """
  - name: could concern the host, but no call that is made here
    match: {upstream: secure, path: /nothing/here}
    fault: {type: server_error}
"""
"""With this rule tunnels to the host are opened; without it they stay closed."""


async def _echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(protocols=("chat",), max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        if message.type is aiohttp.WSMsgType.TEXT:
            await socket.send_str(message.data)
        else:
            await socket.send_bytes(message.data)
    return socket


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def tool(authority: trustme.CA) -> AsyncIterator[tuple[str, str]]:
    """An echo over ws and over wss: the host and port of each."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    app = web.Application()
    app.router.add_get("/echo", _echo)
    runner = web.AppRunner(app)
    await runner.setup()
    for secure in (None, context):
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=secure).start()
    (_, plain), (_, encrypted) = runner.addresses
    yield f"127.0.0.1:{plain}", f"localhost:{encrypted}"
    await runner.cleanup()


async def echoes(session: aiohttp.ClientSession, url: str, trust: ssl.SSLContext | None = None) -> None:
    """Every size comes back, whether one after the other or all at once."""
    async with (
        asyncio.timeout(30),
        session.ws_connect(url, protocols=("chat",), max_msg_size=0, ssl=trust or True) as socket,
    ):
        assert socket.protocol == "chat"
        for size in SIZES:
            await socket.send_bytes(b"\x5a" * size)
            assert await socket.receive_bytes() == b"\x5a" * size
        for number in range(200):
            await socket.send_str(f"message {number}")
        assert [await socket.receive_str() for _ in range(200)] == [f"message {number}" for number in range(200)]
        assert await socket.close()


@contextmanager
def proxied(tool: tuple[str, str], authority: trustme.CA, folder: Path, rules: str = "  []") -> Iterator[Serving]:
    """A proxy in front of both, with an authority of its own in `folder`."""
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    profile = folder / "profile.yaml"
    profile.write_text(PROFILE.format(plain=tool[0], encrypted=tool[1], rules=rules))
    made = chaosproxy("ca", "new", "--host", "localhost", "--folder", str(folder / "ca"))
    assert made.returncode == 0, made.stderr
    with serve(str(profile), "--ca", str(folder / "ca"), folder=folder / "serve") as serving:
        yield serving


def trusting(*files: Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for file in files:
        context.load_verify_locations(file)
    return context


async def test_through_the_gateway(tool: tuple[str, str], authority: trustme.CA, tmp_path: Path) -> None:
    with proxied(tool, authority, tmp_path) as serving:
        async with aiohttp.ClientSession() as session:
            await echoes(session, f"ws://{serving.listen}/tool/echo")
            await echoes(session, f"ws://{serving.listen}/secure/echo")


async def test_through_a_forward_proxy(tool: tuple[str, str], authority: trustme.CA, tmp_path: Path) -> None:
    with proxied(tool, authority, tmp_path) as serving:
        async with aiohttp.ClientSession(proxy=f"http://{serving.listen}") as session:
            await echoes(session, f"ws://{tool[0]}/echo")


async def test_through_a_closed_tunnel(tool: tuple[str, str], authority: trustme.CA, tmp_path: Path) -> None:
    with proxied(tool, authority, tmp_path) as serving:
        async with aiohttp.ClientSession(proxy=f"http://{serving.listen}") as session:
            await echoes(session, f"wss://{tool[1]}/echo", trust=trusting(tmp_path / "authority.pem"))


async def test_through_a_tunnel_that_we_opened(tool: tuple[str, str], authority: trustme.CA, tmp_path: Path) -> None:
    with proxied(tool, authority, tmp_path, CONCERNED) as serving:
        async with aiohttp.ClientSession(proxy=f"http://{serving.listen}") as session:
            await echoes(session, f"wss://{tool[1]}/echo", trust=trusting(tmp_path / "ca" / "ca.pem"))
