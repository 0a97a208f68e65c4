"""Whatever comes, from agents or tools: one clear answer, one count, and the proxy goes on."""

import asyncio
import json
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from chaosproxy.app import Proxy, Settings
from chaosproxy.profiles.loader import load_profile

PROFILE = """
version: 1
name: bad-input
upstreams:
  good: "{good}"
  garbage: "{garbage}"
  nobody: "{nobody}"
  mute: {{url: "{mute}", timeout: 300ms}}
"""


@asynccontextmanager
async def answering(reply: bytes | None) -> AsyncIterator[str]:
    """A server that answers whatever it is sent with these bytes, and closes; with None it never answers."""

    conversations: set[asyncio.Task[None] | None] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.add(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError):  # a request that was given up
            await reader.readuntil(b"\r\n\r\n")
            if reply is None:
                await reader.read()
            else:
                writer.write(reply)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield "http://{}:{}".format(*server.sockets[0].getsockname())
    await asyncio.wait_for(asyncio.gather(*[each for each in conversations if each]), 10)


@asynccontextmanager
async def proxy_among_bad_tools(folder: Path, free_port: int) -> AsyncIterator[Proxy]:
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    async with answering(good) as fine, answering(b"\x00\x01 what?\r\n\r\n") as garbage, answering(None) as mute:
        profile = folder / "profile.yaml"
        nobody = f"http://127.0.0.1:{free_port}"
        profile.write_text(PROFILE.format(good=fine, garbage=garbage, nobody=nobody, mute=mute))
        async with Proxy(load_profile([profile], {}), Settings(journal=folder / "journal.jsonl")) as proxy:
            yield proxy


async def converse(proxy: Proxy, sent: bytes, *, half_close: bool = False) -> bytes:
    """Send bytes on a connection of their own; all that comes back until it is closed."""
    host, _, port = proxy.listen.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    if half_close:
        writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def counted(proxy: Proxy, series: str) -> float:
    """The value of one series on /metrics."""
    async with aiohttp.ClientSession() as http, http.get(f"http://{proxy.admin}/metrics") as response:
        lines = (await response.text()).splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(series)), 0.0)


def request_to(upstream: str) -> bytes:
    return f"GET /{upstream}/x HTTP/1.1\r\nHost: tool\r\nConnection: close\r\n\r\n".encode()


FROM_AGENTS: list[tuple[str, bytes, bool, bytes, str]] = [
    ("half a request", b"GET /good/x HTTP/1.1\r\nHos", True, b"", "half_request"),
    ("a head of 1 MiB", b"GET /good/x HTTP/1.1\r\nX: " + b"a" * 2**20, False, b"HTTP/1.1 431 ", "head_too_large"),
    (
        "a chunk of a bad size",
        b"POST /mute/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n",
        False,
        b"HTTP/1.1 400 ",
        "malformed",
    ),
    (
        "TLS to the plain port",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        False,
        b"HTTP/1.1 400 ",
        "tls_on_plain_port",
    ),
    ("a SOCKS greeting", b"\x05\x01\x00", False, b"\x05\xff", "socks"),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", False, b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07", "http2"),
    ("an unknown upstream", request_to("typo"), False, b"HTTP/1.1 404 ", "unknown_upstream"),
]


@pytest.mark.parametrize("row", FROM_AGENTS, ids=[row[0] for row in FROM_AGENTS])
async def test_what_is_no_request_is_refused_and_counted(
    tmp_path: Path, free_port: int, row: tuple[str, bytes, bool, bytes, str]
) -> None:
    _, sent, half_close, answer, reason = row
    async with proxy_among_bad_tools(tmp_path, free_port) as proxy:
        got = await converse(proxy, sent, half_close=half_close)

        assert got.startswith(answer)
        assert got.count(b"HTTP/1.1 4") == answer.count(b"HTTP")
        assert await counted(proxy, f'chaosproxy_requests_refused_total{{reason="{reason}"}}') == 1
        assert (await converse(proxy, request_to("good"))).endswith(b"ok")


FROM_TOOLS = [
    ("nobody", 502, r"refused the connection", "unavailable"),
    ("garbage", 502, r"not HTTP", "unavailable"),
    ("mute", 504, r"no answer from 127\.0\.0\.1:\d+ in time", "timeout"),
]


@pytest.mark.parametrize("row", FROM_TOOLS, ids=[row[0] for row in FROM_TOOLS])
async def test_a_tool_that_fails_by_itself_is_told_apart(
    tmp_path: Path, free_port: int, row: tuple[str, int, str, str]
) -> None:
    upstream, status, says, outcome = row
    async with proxy_among_bad_tools(tmp_path, free_port) as proxy:
        head, _, body = (await converse(proxy, request_to(upstream))).partition(b"\r\n\r\n")

        assert head.startswith(f"HTTP/1.1 {status} ".encode())
        assert re.search(says, json.loads(body)["detail"])
        assert b"chaos" not in (head + body).lower()
        series = f'chaosproxy_responses_total{{origin="proxy",outcome="{outcome}",tool="GET /x"}}'
        assert await counted(proxy, series) == 1
        assert (await converse(proxy, request_to("good"))).endswith(b"ok")


def serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chaosproxy", "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_busy_port_is_one_line_and_exit_4() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for option, other in (("--listen", "--admin"), ("--admin", "--listen")):
            ended = serve("quiet", option, address, other, "127.0.0.1:0")

            assert ended.returncode == 4
            assert len(ended.stderr.splitlines()) == 1, ended.stderr
            assert address in ended.stderr
            assert option in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["rate-limitd"], 2, "rate-limited"),
        (["quiet", "--listen", "8080"], 2, "HOST:PORT"),
        (["quiet", "--upstream", "tool"], 2, "NAME=URL"),
        (["quiet", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--journal", "/"], 2, "directory"),
        (["quiet", "--listen", "127.0.0.1:0", "--admin", "0.0.0.0:0"], 4, "CHAOSPROXY_ADMIN_TOKEN"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_run(arguments: list[str], code: int, says: str) -> None:
    ended = serve(*arguments)

    assert ended.returncode == code
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
