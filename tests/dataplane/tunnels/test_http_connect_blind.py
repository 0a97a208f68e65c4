import pytest

from chaosproxy.core.events import TunnelMode, TunnelReason
from chaosproxy.dataplane.http.agents.limits import DEFAULTS
from chaosproxy.dataplane.tls.authority import Authority
from tests.dataplane.tunnels.ways import ESTABLISHED, OURS, QUICK, RULE, THEIRS, connect, get, opened, running, through
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Stream
from tests.doubles.tls import TlsFront
from tests.doubles.upstream import OK, ScriptedUpstream


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
