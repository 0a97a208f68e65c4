import asyncio
import logging
import ssl

import pytest

from chaosproxy.core.effects import Flaw
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.agents.limits import Limits
from chaosproxy.dataplane.tls.authority import Authority, Leaf
from tests.dataplane.tunnels.ways import OURS, RULE, THEIRS, connect, opened, running, through
from tests.doubles.plane import Plane
from tests.doubles.streams import soon
from tests.doubles.tls import TlsFront
from tests.doubles.upstream import ScriptedUpstream, Then

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


async def test_when_we_have_stopped_all_is_told(plane: Plane, front: TlsFront, other: TlsFront) -> None:
    await through(plane, front)
    await through(plane, other, trust=THEIRS)

    await soon(plane.listener.stop(5))

    # At once: the journal is closed next.
    assert len(plane.path.closed) == len(plane.path.opened) == 2
    assert sum(plane.path.connected.all) == 0


async def test_a_tunnel_does_not_outlive_us_while_a_call_beside_it_is_given_its_time(
    plane: Plane, front: TlsFront, tool: ScriptedUpstream
) -> None:
    inside = await through(plane, front)
    tool.says(then=Then.STALL)
    busy = await plane.agent()
    await busy.send(b"GET /plain/x HTTP/1.1\r\nHost: a\r\n\r\n")
    await tool.received.first()

    await soon(plane.listener.stop(0.1))

    assert sum(plane.path.connected.all) == 0
    await inside.stream.ended()


# Mistakes of ours


async def test_whatever_fails_while_a_connection_is_made_is_an_answer_and_no_silence(plane: Plane) -> None:
    async def broken(_host: str, _port: int) -> list[str]:
        raise RuntimeError("a mistake of ours")

    plane.listener._reader.router.reach.look_up = broken
    agent = await plane.agent()
    await agent.send(connect("broken.test:443"))

    assert (await agent.response("CONNECT-that-failed")).status == 502
    assert (await plane.ask(b"GET http://broken.test/ HTTP/1.1\r\nHost: a\r\n\r\n")).status == 502
    assert plane.taken_errors().count("connect_failed") == 2


class Clumsy(Authority):
    """Signs nothing, and does not say why in a way that anybody expects."""

    def leaf(self, host: str, flaw: Flaw | None = None) -> Leaf:
        raise RuntimeError(f"a mistake of ours about {host} ({flaw})")


async def test_whatever_fails_in_a_tunnel_ends_it_and_its_call(tool: ScriptedUpstream) -> None:
    rule = {"name": "tls", "match": {"upstream": "tool"}, "fault": {"type": "tls_handshake"}}
    profile = {"upstreams": {"tool": tool.url}, "rules": [rule]}
    async with running(profile, authority=Clumsy.create(["127.0.0.1"])) as plane:
        agent = await opened(plane, tool.authority.decode())
        await agent.send(b"\x16\x03\x01")

        await agent.ended()
        assert (await plane.answer()).outcome is Outcome.AGENT_LEFT
        await plane.all_gone()
        assert "a mistake of ours" in plane.taken_errors()
