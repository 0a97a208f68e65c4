import ssl
from base64 import b64encode

import pytest

from chaosproxy.core.answer import Origin
from chaosproxy.core.effects import Disconnect, Ending
from chaosproxy.core.events import TunnelMode
from chaosproxy.core.failures import Outcome, Phase
from tests.dataplane.tunnels.ways import ESTABLISHED, OURS, RULE, connect, get, opened, running, through, trusting
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Stream
from tests.doubles.tls import TlsEnded, TlsFront, TlsStream
from tests.doubles.upstream import OK, ScriptedUpstream, Then

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
