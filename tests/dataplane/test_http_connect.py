import asyncio
import logging
import socket
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chaosproxy.core.answer import Origin
from chaosproxy.core.effects import Disconnect, Ending
from chaosproxy.core.events import TunnelMode, TunnelReason
from chaosproxy.core.failures import Outcome, Phase
from chaosproxy.dataplane.http.agents.limits import DEFAULTS, Limits
from chaosproxy.dataplane.tls.authority import Authority
from chaosproxy.dataplane.tls.contexts import AgentContexts
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Stream, soon
from tests.doubles.tls import TlsEnded, TlsFront, TlsStream
from tests.doubles.upstream import OK, ScriptedUpstream, Then

OURS = Authority.create(["127.0.0.1"])
"""Who signs in the proxy's name."""

THEIRS = Authority.create(["127.0.0.1"])
"""Who signed the tool's own certificate."""

RULE = {"name": "everything", "fault": {"type": "server_error"}}
QUICK = Limits(greeting=0.1)
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.certificate_pem.decode())


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("ca") / "theirs.pem"
    file.write_bytes(THEIRS.certificate_pem)
    return str(file)


@pytest.fixture
async def front(tool: ScriptedUpstream) -> AsyncIterator[TlsFront]:
    """The tool, reached by TLS."""
    front = TlsFront(AgentContexts(THEIRS).context("127.0.0.1"), tool.address)
    await front.start()
    yield front
    await front.stop()


@pytest.fixture
async def plane(front: TlsFront, tool: ScriptedUpstream, theirs: str) -> AsyncIterator[Plane]:
    """Rules may concern the tool, and nothing else."""
    upstream = {"url": f"https://127.0.0.1:{front.port}", "ca": theirs}
    profile = {
        "upstreams": {"tool": upstream, "plain": tool.url},
        "rules": [{"name": "all of it", "match": {"upstream": "tool"}, "fault": {"type": "server_error"}}],
    }
    running = Plane(profile, authority=OURS)
    await running.start()
    yield running
    await running.stop()


def connect(place: str, *headers: str) -> bytes:
    return "\r\n".join([f"CONNECT {place} HTTP/1.1", f"Host: {place}", *headers, "", ""]).encode()


async def opened(plane: Plane, place: str, *headers: str) -> Stream:
    """An agent that has a way through."""
    agent = await plane.agent()
    await agent.send(connect(place, *headers))
    assert await agent.until(b"\r\n\r\n") == ESTABLISHED
    return agent


async def through(plane: Plane, front: TlsFront, *headers: str, trust: Authority = OURS) -> TlsStream:
    """The same, and TLS in it."""
    agent = await opened(plane, f"127.0.0.1:{front.port}", *headers)
    tls = TlsStream(agent, trusting(trust), "127.0.0.1")
    await tls.handshake()
    return tls


@asynccontextmanager
async def running(profile: Mapping[str, Any], **kinds: Any) -> AsyncIterator[Plane]:  # noqa: ANN401  what Plane takes
    plane = Plane(profile, **kinds)
    await plane.start()
    try:
        yield plane
    finally:
        await plane.stop()


def get(host: str = "127.0.0.1", path: str = "/v1/items?q=1", *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]).encode()


# What comes through an intercepted tunnel are calls


async def test_a_request_inside_is_a_call_to_the_tool(plane: Plane, front: TlsFront, tool: ScriptedUpstream) -> None:
    tls = await through(plane, front)
    await tls.send(get())
    assert (await tls.response()).raw == OK
    assert (await tool.received.first()).raw == get()
    call = await plane.path.calls.first()
    assert (call.route.upstream, call.route.tool, call.route.touchable) == ("tool", "GET /v1/items", True)
    assert (call.route.transport, len(plane.path.calls)) == ("http", 1), "the CONNECT is none"
    tunnel = await plane.path.opened.first()
    assert (tunnel.host, tunnel.mode) == (f"127.0.0.1:{front.port}", TunnelMode.INTERCEPTED)
    await tls.close_notify()
    tls.stream.close()
    assert (await plane.path.closed.first()).mode is TunnelMode.INTERCEPTED
    assert plane.path.connected.all == [1, -1, 1, -1], "one connection, which changed its reader"


async def test_one_segment_may_hold_a_pipeline_the_connect_and_the_greeting(
    plane: Plane, front: TlsFront, tool: ScriptedUpstream
) -> None:
    agent = await plane.agent()
    tls = TlsStream(agent, trusting(OURS), "127.0.0.1")
    first = b"GET /plain/first HTTP/1.1\r\nHost: a\r\n\r\n"
    await agent.send(first + connect(f"127.0.0.1:{front.port}") + tls.greeting())
    assert (await agent.response()).raw == OK
    assert await agent.until(b"\r\n\r\n") == ESTABLISHED
    await tls.handshake()
    await tls.send(get())
    assert (await tls.response()).raw == OK
    assert [each.start for each in tool.received.all] == [b"GET /first HTTP/1.1", b"GET /v1/items?q=1 HTTP/1.1"]


async def test_many_requests_pass_one_tunnel_pipelined_and_in_turn(plane: Plane, front: TlsFront) -> None:
    tls = await through(plane, front)
    await tls.send(get() * 3)
    for _ in range(3):
        assert (await tls.response()).raw == OK
    await tls.send(get())
    assert (await tls.response()).raw == OK


async def test_the_greeting_may_come_byte_by_byte(plane: Plane, front: TlsFront) -> None:
    agent = await opened(plane, f"127.0.0.1:{front.port}")
    tls = TlsStream(agent, trusting(OURS), "127.0.0.1")
    greeting = tls.greeting()
    await agent.send(*[greeting[at : at + 1] for at in range(20)], greeting[20:])
    await tls.handshake()
    await tls.send(get())
    assert (await tls.response()).raw == OK


async def test_the_request_may_come_with_the_end_of_the_handshake(plane: Plane, front: TlsFront) -> None:
    agent = await opened(plane, f"127.0.0.1:{front.port}")
    tls = TlsStream(agent, trusting(OURS), "127.0.0.1")
    await agent.send(tls.greeting())
    await tls.handshake(last_words=get())
    assert (await tls.response()).raw == OK


async def test_large_bodies_pass_both_ways(plane: Plane, front: TlsFront, tool: ScriptedUpstream) -> None:
    body = bytes(range(256)) * 8192
    tool.says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body)
    tls = await through(plane, front)
    head = b"POST /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body)
    await tls.send(head, *[body[at : at + 65536] for at in range(0, len(body), 65536)])
    assert (await tls.response()).body == body
    assert (await tool.received.first()).body == body


async def test_the_agent_keeps_its_session_by_ticket(plane: Plane, front: TlsFront) -> None:
    context = trusting(OURS)
    sessions: list[ssl.SSLSession | None] = [None]
    for _ in range(2):
        agent = await opened(plane, f"127.0.0.1:{front.port}")
        tls = TlsStream(agent, context, "127.0.0.1", sessions[-1])
        await tls.handshake()
        await tls.send(get())
        await tls.response()
        assert tls.tls.session_reused is (sessions[-1] is not None)
        sessions.append(tls.tls.session)


async def test_who_the_agent_is_was_said_with_the_connect(plane: Plane, front: TlsFront) -> None:
    user = b64encode(b"run42:x").decode()
    tls = await through(plane, front, f"Proxy-Authorization: Basic {user}")
    other = b64encode(b"other:x").decode()
    await tls.send(get() + get("127.0.0.1", "/x", f"Proxy-Authorization: Basic {other}"))
    await tls.response()
    await tls.response()
    assert [(each.session, each.session_source) for each in plane.path.calls.all] == [("run42", "proxy_user")] * 2


async def test_the_same_path_of_two_hosts_is_not_the_same_call(plane: Plane, front: TlsFront) -> None:
    tls = await through(plane, front)
    await tls.send(get())
    await tls.response()
    agent = await plane.agent()
    await agent.send(b"GET /plain/v1/items?q=1 HTTP/1.1\r\nHost: a\r\n\r\n")
    await agent.response()
    inside, gateway = plane.path.calls.all
    assert inside.route.path == gateway.route.path
    assert inside.fingerprint != gateway.fingerprint


async def test_plain_http_inside_is_read_as_well(plane: Plane, tool: ScriptedUpstream, front: TlsFront) -> None:
    """Some clients, such as Node's, tunnel http too."""
    async with running({"upstreams": {"tool": tool.url}, "rules": [RULE]}, authority=OURS) as own:
        agent = await opened(own, tool.authority.decode())
        await agent.send(get(tool.authority.decode()))
        assert (await agent.response()).raw == OK
        assert (await own.path.calls.first()).route.upstream == "tool"


async def test_an_upgrade_inside_is_a_tunnel_in_a_tunnel_and_both_are_counted(
    plane: Plane, front: TlsFront, tool: ScriptedUpstream
) -> None:
    async def play(stream: Stream) -> None:
        await stream.request()
        await stream.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        await stream.send(await stream.exactly(5))
        stream.close()

    tool.play = play
    tls = await through(plane, front)
    await tls.send(get("127.0.0.1", "/", "Connection: Upgrade", "Upgrade: echo"))
    assert (await tls.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    await tls.send(b"hello")
    assert await tls.exactly(5) == b"hello"
    with pytest.raises(TlsEnded):
        await tls.exactly(1)
    await tls.close_notify()
    await plane.path.closed.nth(2)
    assert [each.mode for each in plane.path.opened.all] == [TunnelMode.INTERCEPTED, TunnelMode.UPGRADE]
    assert {each.mode for each in plane.path.closed.all} == {TunnelMode.INTERCEPTED, TunnelMode.UPGRADE}


# The Host header and the target inside


@pytest.mark.parametrize("host", ["127.0.0.1:443", "inner.name", "LOCALHOST"])
async def test_the_host_header_inside_passes_as_it_came(
    plane: Plane, front: TlsFront, tool: ScriptedUpstream, host: str
) -> None:
    tls = await through(plane, front)
    await tls.send(get(host))
    assert (await tls.response()).raw == OK
    assert (await tool.received.first()).values(b"host") == [host.encode()]
    assert (await plane.path.calls.first()).route.host == f"127.0.0.1:{front.port}"


async def test_absolute_form_inside_means_the_tunnels_end(
    plane: Plane, front: TlsFront, tool: ScriptedUpstream
) -> None:
    place = f"127.0.0.1:{front.port}"
    tls = await through(plane, front)
    await tls.send(get("elsewhere", f"https://{place}/x"))
    assert (await tls.response()).raw == OK
    assert (await tool.received.first()).raw == get(place, "/x")


@pytest.mark.parametrize(
    ("start", "status", "reason"),
    [
        ("GET https://elsewhere.test/x", 421, "other_host"),
        ("GET http://127.0.0.1:{port}/x", 421, "other_host"),
        ("CONNECT other.test:443", 501, "nested_tunnel"),
        ("GET https://127.0.0.1:1/x", 421, "other_host"),
        ("GET *", 400, "bad_target"),
        ("GET ftp://127.0.0.1/x", 400, "bad_target"),
    ],
)
async def test_other_targets_inside_are_refused(
    plane: Plane, front: TlsFront, start: str, status: int, reason: str
) -> None:
    tls = await through(plane, front)
    await tls.send(f"{start.format(port=front.port)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    assert (await tls.response()).status == status
    assert (await plane.path.refused.first()).reason == reason


async def test_options_for_the_whole_server_passes(plane: Plane, front: TlsFront, tool: ScriptedUpstream) -> None:
    tls = await through(plane, front)
    await tls.send(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await tls.response()).raw == OK
    assert (await tool.received.first()).start == b"OPTIONS * HTTP/1.1"


# Ends below TLS


async def test_a_reset_is_one_below_tls(plane: Plane, front: TlsFront) -> None:
    plane.injects(Disconnect(Ending.RESET, Phase.BEFORE_UPSTREAM))
    tls = await through(plane, front)
    while tls.stream.buffer or await tls.quiet():  # session tickets
        await tls.take_in()
    before = len(tls.stream.heard)
    await tls.send(get())
    assert await tls.stream.ended() == (b"", End.RESET)
    assert len(tls.stream.heard) == before, "not a byte of a close_notify"
    assert (await plane.answer()).outcome is Outcome.RESET


async def test_a_close_is_a_close_notify_and_then_a_fin(plane: Plane, front: TlsFront) -> None:
    plane.injects(Disconnect(Ending.CLOSE, Phase.BEFORE_UPSTREAM))
    tls = await through(plane, front)
    await tls.send(get())
    with pytest.raises(TlsEnded):
        await tls.response()
    await tls.close_notify()
    assert await tls.stream.ended() == (b"", End.FIN)


async def test_a_response_that_ends_with_the_connection_ends_in_good_order(
    plane: Plane, front: TlsFront, tool: ScriptedUpstream
) -> None:
    tool.says(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_000_000, then=Then.CLOSE)
    tls = await through(plane, front)
    await tls.send(get())
    await tls.until(b"\r\n\r\n")
    assert await tls.exactly(1_000_000) == b"x" * 1_000_000
    with pytest.raises(TlsEnded):
        await tls.exactly(1)


async def test_an_upstream_whose_certificate_nobody_trusts_is_a_502_inside(
    tool: ScriptedUpstream, front: TlsFront
) -> None:
    upstream = {"url": f"https://127.0.0.1:{front.port}"}
    async with running({"upstreams": {"tool": upstream}, "rules": [RULE]}, authority=OURS) as plane:
        tls = await through(plane, front)
        await tls.send(get())
        response = await tls.response()
        assert response.status == 502
        assert b"certificate not trusted: self-signed certificate in certificate chain" in response.body
        assert (await plane.answer()).origin is Origin.PROXY
        assert tool.executions == 0


# Blind tunnels


@pytest.fixture
async def other(tool: ScriptedUpstream) -> AsyncIterator[TlsFront]:
    """A host that no rule is about."""
    front = TlsFront(AgentContexts(THEIRS).context("127.0.0.1"), tool.address)
    await front.start()
    yield front
    await front.stop()


async def test_a_host_that_no_rule_concerns_shows_its_own_certificate(plane: Plane, other: TlsFront) -> None:
    tls = await through(plane, other, trust=THEIRS)
    await tls.send(get())
    assert (await tls.response()).raw == OK
    assert len(plane.path.calls) == 0
    tunnel = await plane.path.opened.first()
    assert (tunnel.mode, tunnel.reason) == (TunnelMode.BLIND, TunnelReason.NO_RULE)
    await tls.close_notify()
    tls.stream.close()
    closed = await plane.path.closed.first()
    assert closed.bytes_up > len(get())
    assert closed.bytes_down > len(OK)
    await plane.all_gone()
    assert plane.path.connected.all == [1, -1]


async def test_a_blind_tunnel_carries_any_bytes_from_the_first(plane: Plane, tool: ScriptedUpstream) -> None:
    async def play(stream: Stream) -> None:
        await stream.send(b"\x05the host speaks first")
        assert await stream.exactly(9) == b"\x00with it\xff"
        await stream.send(b"bye")
        stream.half_close()

    tool.play = play
    agent = await plane.agent()
    await agent.send(connect(f"localhost:{tool.address[1]}") + b"\x00with it\xff")
    assert await agent.ended() == (ESTABLISHED + b"\x05the host speaks firstbye", End.FIN)


@pytest.mark.parametrize(("authority", "reason"), [(None, "no_ca"), (Authority.create(["10.1.2.3"]), "not_covered")])
async def test_without_a_certificate_to_show_a_tunnel_is_blind_and_the_log_says_why_once(
    front: TlsFront,
    caplog: pytest.LogCaptureFixture,
    theirs: str,
    authority: Authority | None,
    reason: str,
) -> None:
    upstream = {"url": f"https://127.0.0.1:{front.port}", "ca": theirs}
    async with running({"upstreams": {"tool": upstream}, "rules": [RULE]}, authority=authority) as plane:
        for _ in range(2):
            await through(plane, front, trust=THEIRS)
        assert [(each.mode, each.reason) for each in plane.path.opened.all] == [("blind", reason)] * 2
        assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
            "not_intercepted host=127.0.0.1"
        ]


@pytest.mark.parametrize(("first", "reason"), [(b"SSH-2.0-client\r\n", "not_http"), (b"", "silent")])
async def test_what_is_neither_tls_nor_http_goes_through_after_all(
    plane: Plane, front: TlsFront, tool: ScriptedUpstream, first: bytes, reason: str
) -> None:
    del front

    async def play(stream: Stream) -> None:
        await stream.send(b"greetings")
        assert await stream.exactly(len(first) + 4) == first + b"more"
        stream.close()

    tool.play = play
    profile = {"upstreams": {"tool": tool.url}, "rules": [RULE]}
    async with running(profile, authority=OURS, limits=DEFAULTS if first else QUICK) as own:
        agent = await opened(own, tool.authority.decode())
        if first:
            await agent.send(first)
        assert await agent.exactly(9) == b"greetings"
        await agent.send(b"more")
        assert await agent.ended() == (b"", End.FIN)
        assert [(each.mode, each.reason) for each in own.path.opened.all] == [("blind", reason)]


# What goes nowhere


async def test_nobody_is_told_of_a_way_through_to_a_host_that_is_not_there(plane: Plane, free_port: int) -> None:
    for place, status, reason in [
        ("no-such-host.invalid:443", 502, "tunnel_failed"),
        (f"127.0.0.1:{free_port}", 502, "tunnel_failed"),
    ]:
        agent = await plane.agent()
        await agent.send(connect(place) + b"\x16\x03\x01")
        response = await agent.response("CONNECT-that-failed")
        assert response.status == status
        assert b"name not found" in response.body or b"refused the connection" in response.body
        assert (await agent.ended())[1] is End.FIN
        assert plane.path.refused.all[-1].reason == reason
    assert len(plane.path.opened) == 0


async def test_a_host_that_does_not_answer_is_a_504() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        port = deaf.getsockname()[1]
        waiting = []
        for _ in range(4):  # the queue of those that nobody accepts is full now
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
            waiting.append(sock)
        upstream = {"url": f"https://127.0.0.1:{port}", "connect_timeout": "100ms"}
        async with running({"upstreams": {"deaf": upstream}}) as plane:
            agent = await plane.agent()
            await agent.send(connect(f"127.0.0.1:{port}"))
            assert (await agent.response()).status == 504
            assert (await plane.path.refused.first()).reason == "tunnel_timeout"
        for sock in waiting:
            sock.close()


@pytest.mark.parametrize(
    "target",
    [
        *(
            "host",
            "host:",
            ":443",
            "host:0",
            "host:65536",
            "host:99999",
            "host:0443",
            "host:-1",
            "host:+443",
            "host:44a",
        ),
        *("user@host:443", "user:pw@host:443", "http://host:443", "host:443/", "/host:443", "host:443?", "host%2e:443"),
        *("[::1]", "[::1]443", "[::g]:443", "::1:443", "[fe80::1%25eth0]:443", "[127.0.0.1]:443", "ho st:443", "*"),
        *("h\xf6st:443", "host:443:443", "a,b:443", "\x7f:1"),
    ],
)
async def test_what_is_not_host_and_port_is_refused(plane: Plane, target: str) -> None:
    agent = await plane.agent()
    await agent.send(f"CONNECT {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode("latin-1"))
    said, end = await agent.ended()
    assert said.startswith(b"HTTP/1.1 400 ")
    assert end is End.FIN
    assert len(plane.path.opened) == 0


@pytest.mark.parametrize("framing", ["Content-Length: 5", "Transfer-Encoding: chunked"])
async def test_a_connect_with_a_body_is_refused(plane: Plane, front: TlsFront, framing: str) -> None:
    agent = await plane.agent()
    await agent.send(connect(f"127.0.0.1:{front.port}", framing) + b"hello")
    assert (await agent.ended())[0].startswith(b"HTTP/1.1 400 ")
    assert len(plane.path.opened) == 0


@pytest.mark.parametrize(
    "place",
    [
        *("169.254.169.254:80", "metadata.google.internal:80", "metadata.google.internal.:80", "[fe80::1]:80"),
        *("2852039166:80", "0xa9fea9fe:80", "[::ffff:169.254.169.254]:80", "[64:ff9b::a9fe:a9fe]:80"),
        *("100.100.100.200:80", "[fd00:ec2::254]:80"),
    ],
)
async def test_machines_secrets_are_not_reached(plane: Plane, place: str) -> None:
    agent = await plane.agent()
    await agent.send(connect(place))
    assert (await agent.ended())[0].startswith(b"HTTP/1.1 403 ")
    assert (await plane.path.refused.first()).reason == "forbidden_host"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST.", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706433"]
)
async def test_a_tunnel_back_to_ourselves_is_refused(plane: Plane, host: str) -> None:
    agent = await plane.agent()
    await agent.send(connect(f"{host}:{plane.address[1]}"))
    assert (await agent.ended())[0].startswith(b"HTTP/1.1 403 ")
    assert (await plane.path.refused.first()).reason == "own_address"


async def test_what_is_open_to_others_goes_to_its_list_only(tool: ScriptedUpstream, other: TlsFront) -> None:
    async with running({"upstreams": {"tool": tool.url}}, open_to_others=True) as plane:
        agent = await opened(plane, tool.authority.decode())
        agent.close()
        agent = await plane.agent()
        await agent.send(connect(f"127.0.0.1:{other.port}"))
        assert (await agent.ended())[0].startswith(b"HTTP/1.1 403 ")
        assert (await plane.path.refused.first()).reason == "forbidden_host"


class Names:
    """A resolver whose answers change, as those of somebody who means harm."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> list[str]:
        self.asked.append(host)
        return self._answers.pop(0)


async def test_the_address_that_was_judged_is_the_one_connected_to(plane: Plane, tool: ScriptedUpstream) -> None:
    names = Names(["169.254.169.254", "127.0.0.1"], ["169.254.169.254"])
    plane.listener._reader.router.reach.look_up = names
    place = f"rebinding.test:{tool.address[1]}"
    agent = await opened(plane, place)
    await agent.send(get("rebinding.test"))
    assert (await agent.response()).raw == OK
    assert names.asked == ["rebinding.test"]
    refused = await plane.agent()
    await refused.send(connect(place))
    assert (await refused.ended())[0].startswith(b"HTTP/1.1 403 ")


async def test_a_name_for_a_machines_secrets_is_refused_to_plain_requests_too(plane: Plane) -> None:
    plane.listener._reader.router.reach.look_up = Names(["169.254.169.254", "fe80::1%lo"])
    response = await plane.ask(b"GET http://innocent.test/ HTTP/1.1\r\nHost: innocent.test\r\n\r\n")
    assert response.status == 403
    assert (await plane.answer()).origin is Origin.PROXY


# Agents that do not go through with it


async def test_an_agent_that_does_not_trust_us_is_one_clear_line_in_the_log(
    plane: Plane, front: TlsFront, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        with pytest.raises(ssl.SSLCertVerificationError):
            await through(plane, front, trust=THEIRS)
    assert (await plane.path.refused.nth(2)).reason == "tls_distrust"
    await plane.all_gone()
    line = (
        "tls_distrust host=127.0.0.1: the agent does not trust our CA (tlsv1 alert unknown ca): "
        "`chaosproxy ca new` says how it can"
    )
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [line]
    assert len(plane.path.opened) == 0


async def test_a_handshake_that_fails_otherwise_is_counted(plane: Plane, front: TlsFront) -> None:
    agent = await opened(plane, f"127.0.0.1:{front.port}")
    await agent.send(b"\x16\x03\x01\x00\x05hello")
    assert (await agent.ended())[0] == b""
    assert (await plane.path.refused.first()).reason == "tls_handshake"


async def test_a_handshake_has_a_deadline(tool: ScriptedUpstream) -> None:
    profile = {"upstreams": {"tool": tool.url}, "rules": [RULE]}
    async with running(profile, authority=OURS, limits=Limits(handshake=0.1)) as plane:
        agent = await opened(plane, tool.authority.decode())
        await agent.send(b"\x16\x03\x01")
        await agent.ended()
        assert (await plane.path.refused.first()).detail == "the agent's TLS handshake took too long"


@pytest.mark.parametrize("said", [b"", b"\x16", b"\x16\x03\x01", b"GE"])
@pytest.mark.parametrize("how", ["close", "reset"])
async def test_an_agent_may_leave_at_any_moment(plane: Plane, front: TlsFront, said: bytes, how: str) -> None:
    agent = await opened(plane, f"127.0.0.1:{front.port}")
    if said:
        await agent.send(said)
    getattr(agent, how)()
    await plane.all_gone()
    assert sum(plane.path.connected.all) == 0


async def test_an_agent_may_leave_while_the_way_is_being_made(plane: Plane) -> None:
    asked, given_up = asyncio.Event(), asyncio.Event()

    async def never(_host: str, _port: int) -> list[str]:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()
        return []

    plane.listener._reader.router.reach.look_up = never
    agent = await plane.agent()
    await agent.send(connect("slow.test:443"))
    await soon(asked.wait())
    agent.close()
    await plane.all_gone()
    await soon(given_up.wait())


async def test_stopping_ends_tunnels_of_all_kinds(plane: Plane, front: TlsFront, other: TlsFront) -> None:
    blind = await through(plane, other, trust=THEIRS)
    intercepted = await through(plane, front)
    undecided = await opened(plane, f"127.0.0.1:{front.port}")
    midway = await opened(plane, f"127.0.0.1:{front.port}")
    await midway.send(b"\x16\x03\x01")
    await soon(plane.listener.stop(5))
    for stream in (blind.stream, intercepted.stream, undecided, midway):
        await stream.ended()
    assert sum(plane.path.connected.all) == 0
    assert len(plane.path.closed) == len(plane.path.opened)
