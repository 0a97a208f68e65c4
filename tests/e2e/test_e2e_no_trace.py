"""Nothing that an agent reads betrays the proxy, and no secret of the agent's is kept by it."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from chaosproxy.app import Proxy, Settings
from chaosproxy.faults._catalogue import catalogue
from chaosproxy.profiles.loader import load_profile

PROXY_PASSWORD = b64encode(b"run42:s3cret-password").decode()
SECRETS = (
    PROXY_PASSWORD,
    "s3cret-token",
    "s3cret-cookie",
    "s3cret-query",
    "s3cret-body",
    "s3cret-password",
    "s3cret-key",
    "s3cret-path",
)

SETTINGS = {
    "latency": "delay: 1ms",
    "timeout": "after: 10ms, then: gateway_timeout",
    "rate_limit": "retry_after: 7s",
    "slow_body": "bytes_per_second: 4KiB",
    "slow_stream": "every: 10ms",
    "stall": "lasts: 10ms",
    "stream_stall": "lasts: 10ms",
}
"""What a fault needs to be quick and to say all it can; the others need nothing."""


EVENTS = b"".join(b'data: {"n": %d}\n\n' % number for number in range(8)) + b"data: [DONE]\n\n"


async def tool(request: web.Request) -> web.Response:
    if "event" in request.path or "stream" in request.path or "terminator" in request.path:
        return web.Response(body=EVENTS, content_type="text/event-stream")
    return web.json_response({"items": [1, 2, 3]}, headers={"X-Served-By": "tool"})


@asynccontextmanager
async def proxy_with(rules: str, folder: Path, dialect: str = "generic") -> AsyncIterator[Proxy]:
    application = web.Application()
    application.router.add_route("*", "/{any:.*}", tool)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    profile = folder / "profile.yaml"
    upstream = f"{{url: 'http://{host}:{port}', dialect: {dialect}}}"
    profile.write_text(f"version: 1\nname: no-trace\nupstreams: {{tool: {upstream}}}\nrules:\n{rules}")
    try:
        async with Proxy(load_profile([profile], {}), Settings(journal=folder / "journal.jsonl")) as proxy:
            yield proxy
    finally:
        await runner.cleanup()


async def raw_reply(proxy: Proxy, path: str) -> bytes:
    host, _, port = proxy.listen.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /tool/{path} HTTP/1.1\r\nHost: tool\r\nAuthorization: Bearer x\r\nContent-Length: 2\r\n\r\n"
    writer.write(f"{head}{{}}".encode())
    got = b""
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(0.5):
            while part := await reader.read(65536):
                got += part
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return got


@pytest.mark.parametrize("dialect", ["generic", "openai", "anthropic", "github", "stripe", "nginx", "cloudflare"])
async def test_no_fault_betrays_the_proxy(tmp_path: Path, dialect: str) -> None:
    # Those that strike a handshake say nothing but a certificate, which test_tls_authority reads.
    # A stale answer is one of the tool's own.
    faults = sorted({name for name, fault in catalogue().items() if not fault.strikes_handshake} - {"stale_response"})
    rules = "".join(
        f"  - {{name: '{name}', match: {{path: /{name}}}, fault: {{type: {name}, {SETTINGS.get(name, '')}}}}}\n"
        for name in faults
    )
    async with proxy_with(rules, tmp_path, dialect) as proxy:
        replies = await asyncio.gather(*[raw_reply(proxy, name) for name in faults])
        fired = proxy.scorecard.rules_fired

    assert set(fired) == set(faults)
    for name, reply in zip(faults, replies, strict=True):
        for word in (b"chaos", b"proxy", b"inject", b"fault"):
            assert word not in reply.lower(), (name, reply)


async def test_no_secret_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rules = "  - {name: broken, when: {every: 2}, fault: {type: server_error}}\n"
    async with proxy_with(rules, tmp_path) as proxy, aiohttp.ClientSession() as http:
        headers = {
            "Authorization": "Bearer s3cret-token",
            "Cookie": "id=s3cret-cookie",
            "Idempotency-Key": "s3cret-key",
        }
        for _ in range(4):
            url = f"http://{proxy.listen}/tool/v1/items?api_key=s3cret-query"
            async with http.post(url, json={"password": "s3cret-body"}, headers=headers) as response:
                await response.read()
        async with http.get(
            f"http://{proxy.listen}/bot-s3cret-path/send",
            headers={"Proxy-Authorization": f"Basic {PROXY_PASSWORD}"},
        ) as response:
            assert response.status == 404
        async with http.get(f"http://{proxy.admin}/metrics") as response:
            metrics = await response.text()
        async with http.get(f"http://{proxy.admin}/api/v1/status") as response:
            status = await response.text()

    journal = (tmp_path / "journal.jsonl").read_text()
    kinds = [json.loads(line)["type"] for line in journal.splitlines()]
    assert kinds.count("call") == 4
    assert kinds.count("refused") == 1
    for secret in SECRETS:
        for kept in (journal, metrics, status, caplog.text):
            assert secret not in kept
