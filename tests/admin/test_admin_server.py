"""The admin port over real sockets: what it answers, whom it answers, and how it says that it cannot open."""

import asyncio
import json
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing

import aiohttp
import pytest

from chaosproxy.admin.routes import Status, Views
from chaosproxy.admin.server import AdminServer
from chaosproxy.core.errors import StartError
from chaosproxy.profiles.models import Profile
from chaosproxy.telemetry.metrics import Metrics

STATUS = Status(
    version="1.2.3",
    profile="monday",
    digest="abc123",
    seed=7,
    listen="127.0.0.1:8080",
    uptime_seconds=1.5,
    calls=12,
    faults_injected=3,
    episodes_open=1,
    sessions_active=2,
)
ROUTES = ("/", "/metrics", "/healthz", "/readyz", "/api/v1/status")


class Proxy:
    """What the admin port looks at."""

    def __init__(self) -> None:
        self.accepting = True
        self.broken = False
        self.clean_operations = {"find": 4}
        self.open_episodes = 1
        self.active_sessions = 2
        self.metrics = Metrics(Profile(version=1, name="monday"), "abc123", self, self)

    def eligible_counts(self) -> dict[str, int]:
        return {}

    def ready(self) -> bool:
        return self.accepting

    def status(self) -> Status:
        if self.broken:
            raise RuntimeError("a mistake of ours")
        return STATUS

    def views(self) -> Views:
        return Views(self.metrics.render, self.ready, self.status)


class Client:
    """Asks one admin port."""

    def __init__(self, session: aiohttp.ClientSession, address: str, proxy: Proxy) -> None:
        self._session = session
        self.address = address
        self.proxy = proxy

    async def ask(self, path: str, *, method: str = "GET", **headers: str) -> tuple[int, str, str]:
        """Status, content type and body; header names are written with `_`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://{self.address.replace('0.0.0.0', '127.0.0.1')}{path}"
        async with self._session.request(method, url, headers=sent) as answer:
            return answer.status, answer.headers["Content-Type"], await answer.text()

    async def problem(self, path: str, *, method: str = "GET", **headers: str) -> tuple[int, str]:
        """Status and detail of an answer that is a whole problem document."""
        status, content_type, body = await self.ask(path, method=method, **headers)
        document = json.loads(body)
        assert content_type.startswith("application/problem+json")
        assert set(document) == {"type", "title", "status", "detail"}
        assert (document["type"], document["status"]) == ("about:blank", status)
        return status, document["detail"]


@asynccontextmanager
async def serving(host: str = "127.0.0.1", token: str | None = None) -> AsyncIterator[Client]:
    proxy = Proxy()
    server = AdminServer(host, 0, proxy.views(), token)
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Client(session, server.address, proxy)
    finally:
        await server.stop()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with serving() as client:
        yield client


@pytest.fixture
def taken_port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        yield other.getsockname()[1]


# What it answers


async def test_metrics_please_promtool(client: Client) -> None:
    status, content_type, body = await client.ask("/metrics")

    checked = await asyncio.to_thread(
        subprocess.run, ["promtool", "check", "metrics"], input=body.encode(), capture_output=True, check=False
    )
    assert (status, content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert 'chaosproxy_operations_total{result="clean",tool="_other"} 4.0' in body
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


async def test_metrics_as_openmetrics(client: Client) -> None:
    # What Prometheus 2.42 sends.
    accept = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain"
    status, content_type, body = await client.ask("/metrics", Accept=accept)

    assert status == 200
    assert content_type.startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert body.endswith("# EOF\n")


async def test_alive(client: Client) -> None:
    client.proxy.accepting = False

    assert await client.ask("/healthz") == (200, "text/plain; charset=utf-8", "ok\n")


async def test_ready_while_the_listener_accepts(client: Client) -> None:
    assert (await client.ask("/readyz"))[0] == 200
    client.proxy.accepting = False
    assert await client.problem("/readyz") == (503, "the proxy does not accept connections")


async def test_status(client: Client) -> None:
    status, content_type, body = await client.ask("/api/v1/status")

    assert (status, content_type) == (200, "application/json")
    assert json.loads(body) == {
        "version": "1.2.3",
        "profile": "monday",
        "digest": "abc123",
        "seed": 7,
        "listen": "127.0.0.1:8080",
        "uptime_seconds": 1.5,
        "calls": 12,
        "faults_injected": 3,
        "episodes_open": 1,
        "sessions_active": 2,
    }


async def test_index_lists_the_routes(client: Client) -> None:
    _, content_type, body = await client.ask("/")

    assert content_type.startswith("text/plain")
    assert {line.split()[0] for line in body.splitlines() if line.startswith("/")} == set(ROUTES) - {"/"}


async def test_unknown_route(client: Client) -> None:
    assert await client.problem("/metricz") == (404, "there is nothing at /metricz; / lists what there is")


async def test_wrong_method(client: Client) -> None:
    assert await client.problem("/metrics", method="POST") == (405, "POST is not possible here, only GET, HEAD")


async def test_our_own_mistake(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.proxy.broken = True

    assert await client.problem("/api/v1/status") == (500, "the proxy's log says what went wrong")
    assert "a mistake of ours" in caplog.text
    assert (await client.ask("/healthz"))[0] == 200


async def test_no_access_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    await client.ask("/healthz")

    assert [record.name for record in caplog.records if record.name.startswith("aiohttp")] == []


# Whom it answers


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("host", ["evil.example", "evil.example:9464", "127.0.0.1.evil.example", "10.0.0.1", "[::2]:1"])
async def test_rebound_name_is_refused(client: Client, path: str, host: str) -> None:
    assert await client.problem(path, Host=host) == (403, f"this is not {host}; ask for localhost")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:9464", "[::1]", "[::1]:9464"])
async def test_own_names_are_answered(client: Client, host: str) -> None:
    assert (await client.ask("/metrics", Host=host))[0] == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://localhost:3000", 200), ("http://[::1]", 200), ("https://evil.example", 403), ("null", 403)],
)
async def test_foreign_pages_are_refused(client: Client, origin: str, status: int) -> None:
    assert (await client.ask("/api/v1/status", Origin=origin))[0] == status


async def test_loopback_needs_no_token() -> None:
    async with serving(token="hush") as client:
        assert (await client.ask("/metrics"))[0] == 200


@pytest.mark.parametrize(
    ("path", "authorization", "status"),
    [
        ("/metrics", "Bearer hush", 200),
        ("/api/v1/status", "bearer  hush ", 200),
        ("/metrics", "", 401),
        ("/metrics", "Bearer hus", 401),
        ("/metrics", "Bearer hushh", 401),
        ("/metrics", "Bearer", 401),
        ("/metrics", "Basic hush", 401),
        ("/metrics", "Bearer h\u00fcsh", 401),
        ("/", "", 401),
        ("/nowhere", "", 401),
        ("/nowhere", "Bearer hush", 404),
        ("/healthz", "", 200),
        ("/readyz", "", 200),
    ],
)
async def test_elsewhere_a_token_opens(path: str, authorization: str, status: int) -> None:
    async with serving("0.0.0.0", token="hush") as client:
        assert (await client.ask(path, Host="proxy.example", Authorization=authorization))[0] == status


async def test_says_how_to_be_let_in() -> None:
    async with serving("0.0.0.0", token="hush") as client:
        status, detail = await client.problem("/metrics")

    assert status == 401
    assert detail == "this needs the header Authorization: Bearer, with the token in CHAOSPROXY_ADMIN_TOKEN"


# How it opens


@pytest.mark.parametrize("token", [None, ""])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "proxy.example"])
def test_foreign_address_without_a_token(host: str, token: str | None) -> None:
    with pytest.raises(StartError, match=r"can be reached from other machines: set CHAOSPROXY_ADMIN_TOKEN"):
        AdminServer(host, 9464, Proxy().views(), token)


async def test_busy_port(taken_port: int) -> None:
    server = AdminServer("127.0.0.1", taken_port, Proxy().views())
    with pytest.raises(StartError) as refused:
        await server.start()

    expected = (
        f"127.0.0.1:{taken_port} is already in use: choose another with --admin HOST:PORT, or port 0 for a free one"
    )
    assert str(refused.value) == expected
    await server.stop()


async def test_address_that_is_not_ours() -> None:
    server = AdminServer("192.0.2.1", 0, Proxy().views(), "hush")
    with pytest.raises(StartError) as refused:
        await server.start()

    assert str(refused.value) == (
        "the admin address 192.0.2.1:0 cannot be opened (Cannot assign requested address): "
        "choose another with --admin HOST:PORT"
    )


async def test_name_that_does_not_resolve() -> None:
    server = AdminServer("nowhere.invalid", 0, Proxy().views(), "hush")
    with pytest.raises(StartError, match=r"nowhere.invalid:0 cannot be opened \(.+\): choose another"):
        await server.start()


async def test_stopped_port_is_free_again() -> None:
    async with serving() as client:
        port = int(client.address.rpartition(":")[2])

    with closing(socket.create_server(("127.0.0.1", port))) as successor:
        assert successor.getsockname()[1] == port


async def test_ipv6() -> None:
    async with serving("::1") as client:
        assert client.address.startswith("[::1]:")
        assert (await client.ask("/healthz"))[0] == 200


async def test_stop_without_start() -> None:
    await AdminServer("127.0.0.1", 0, Proxy().views()).stop()
