import ssl
from collections.abc import AsyncIterator
from time import monotonic

import pytest

from chaosproxy.core.answer import Origin, UpstreamTruth
from chaosproxy.core.call import Call
from chaosproxy.core.clock import ManualClock
from chaosproxy.core.decision import QUIET, Decision
from chaosproxy.core.effects import Ending, Flaw, Handshake
from chaosproxy.core.events import TunnelMode
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.tunnels.connect import Tunnel
from chaosproxy.dataplane.tls.authority import Authority
from chaosproxy.recovery.following.causes import delivered
from tests.doubles.plane import Plane, deciding
from tests.doubles.streams import End, Stream, soon, until_true
from tests.doubles.tls import TlsStream
from tests.doubles.upstream import OK, ScriptedUpstream

OURS = Authority.create(["127.0.0.1", "127.0.0.2"])
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


@pytest.fixture
async def plane(tool: ScriptedUpstream) -> AsyncIterator[Plane]:
    """Some rule could strike the handshake with the tool, and no call. Inside its tunnels, plain http works too."""
    rule = {"name": "tls", "match": {"upstream": "tool"}, "fault": {"type": "tls_certificate"}}
    profile = {"upstreams": {"tool": tool.url}, "rules": [rule]}
    running = Plane(profile, authority=OURS)
    await running.start()
    yield running
    await running.stop()


def strikes(plane: Plane, effect: Handshake) -> None:
    """Every handshake from now on."""
    struck = deciding(effect)

    def decide(call: Call) -> Decision:
        return struck if call.route.transport == "tls" else QUIET

    plane.path.decide = decide


async def opened(plane: Plane, tool: ScriptedUpstream) -> Stream:
    agent = await plane.agent()
    await agent.send(b"CONNECT %b HTTP/1.1\r\nHost: a\r\n\r\n" % tool.authority)
    assert await agent.until(b"\r\n\r\n") == ESTABLISHED
    return agent


async def shaking(plane: Plane, tool: ScriptedUpstream, context: ssl.SSLContext | None = None) -> TlsStream:
    agent = await opened(plane, tool)
    trusting = ssl.create_default_context(cadata=OURS.certificate_pem.decode())
    return TlsStream(agent, context or trusting, "127.0.0.1")


@pytest.mark.parametrize(
    ("flaw", "complaint"),
    [
        (Flaw.EXPIRED, "certificate has expired"),
        (Flaw.WRONG_HOST, "IP address mismatch"),
        (Flaw.UNTRUSTED, "unable to get local issuer certificate"),
    ],
)
async def test_a_flawed_certificate_is_refused_for_its_flaw(
    plane: Plane, tool: ScriptedUpstream, flaw: Flaw, complaint: str
) -> None:
    strikes(plane, Handshake(flaw))
    tls = await shaking(plane, tool)
    with pytest.raises(ssl.SSLCertVerificationError, match=complaint):
        await tls.handshake()
    answer = await plane.answer()
    assert (answer.outcome, answer.origin) == (Outcome.UNTRUSTED, Origin.INJECTED)
    assert (answer.truth, answer.status, answer.problem) == (UpstreamTruth.NOT_SENT, 200, None)
    assert len(plane.path.refused) == 0, "it is a failed call, and nothing that was refused"
    assert tool.connections == 0


async def test_the_connect_is_a_call_of_its_own(plane: Plane, tool: ScriptedUpstream) -> None:
    tls = await shaking(plane, tool)
    await tls.handshake()
    call = await plane.path.calls.first()
    route = call.route
    place = tool.authority.decode()
    assert (route.transport, route.tool, route.method) == ("tls", f"CONNECT {place}", "CONNECT")
    assert (route.upstream, route.host, route.touchable) == ("tool", place, True)
    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.status) == (Outcome.OK, Origin.PROXY, 200)
    assert (answer.truth, answer.skipped) == (UpstreamTruth.NOT_SENT, None)


async def test_each_connect_to_a_host_has_the_same_fingerprint(plane: Plane, tool: ScriptedUpstream) -> None:
    for _ in range(2):
        await (await shaking(plane, tool)).handshake()
    first, second = plane.path.calls.all
    assert first.fingerprint == second.fingerprint


async def test_an_agent_that_verifies_nothing_is_seen_to(
    plane: Plane, tool: ScriptedUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    strikes(plane, Handshake(Flaw.EXPIRED))
    blind = ssl.create_default_context()
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    tls = await shaking(plane, tool, blind)
    await tls.handshake()
    answer = await plane.answer()
    assert (answer.outcome, answer.skipped) == (Outcome.OK, "accepted_anyway")
    assert "the agent went on with a certificate that is expired" in caplog.text


@pytest.mark.parametrize(("ending", "end"), [(Ending.CLOSE, End.FIN), (Ending.RESET, End.RESET)])
async def test_a_cut_handshake_ends_after_the_greeting(
    plane: Plane, tool: ScriptedUpstream, ending: Ending, end: End
) -> None:
    strikes(plane, Handshake(Flaw.CUT, ending))
    tls = await shaking(plane, tool)
    await tls.stream.send(tls.greeting())
    assert await tls.stream.ended() == (b"", end)
    assert (await plane.answer()).outcome is Outcome.RESET
    await plane.all_gone()


@pytest.mark.parametrize(("ending", "end"), [(Ending.CLOSE, End.FIN), (Ending.RESET, End.RESET)])
async def test_a_stalled_handshake_is_silent_for_its_time_and_then_ends(
    plane: Plane, tool: ScriptedUpstream, ending: Ending, end: End
) -> None:
    strikes(plane, Handshake(Flaw.STALLED, ending, 0.2))
    tls = await shaking(plane, tool)
    since = monotonic()
    await tls.stream.send(tls.greeting())
    assert await tls.stream.ended() == (b"", end)
    assert monotonic() - since >= 0.19, "timers count in milliseconds"
    answer = await plane.answer()
    assert answer.outcome is Outcome.TIMEOUT
    assert answer.injected_seconds >= 0.19


async def test_a_stalled_handshake_ends_when_the_agent_leaves(plane: Plane, tool: ScriptedUpstream) -> None:
    strikes(plane, Handshake(Flaw.STALLED, Ending.CLOSE, 600))
    tls = await shaking(plane, tool)
    await tls.stream.send(tls.greeting(), b"and more")
    tls.stream.close()
    answer = await plane.answer()
    assert (answer.outcome, answer.origin) == (Outcome.TIMEOUT, Origin.INJECTED)
    await plane.all_gone()


async def test_a_stalled_handshake_ends_when_we_stop(plane: Plane, tool: ScriptedUpstream) -> None:
    strikes(plane, Handshake(Flaw.STALLED, Ending.CLOSE, 600))
    tls = await shaking(plane, tool)
    await tls.stream.send(tls.greeting())
    (connection,) = plane.listener._connections
    tunnel = connection.takeover
    assert isinstance(tunnel, Tunnel)
    await until_true(lambda: tunnel._call is not None and tunnel._call.struck)
    await soon(plane.listener.stop(5))
    answer = await plane.answer()
    assert answer.origin is Origin.INJECTED
    assert not delivered(answer)


async def test_where_there_is_no_tls_there_is_no_handshake_to_strike(plane: Plane, tool: ScriptedUpstream) -> None:
    strikes(plane, Handshake(Flaw.CUT))
    agent = await opened(plane, tool)
    await agent.send(b"GET /x HTTP/1.1\r\nHost: %b\r\n\r\n" % tool.authority)
    assert (await agent.response()).raw == OK
    connect, get = plane.path.answers.all
    assert (connect.outcome, connect.skipped) == (Outcome.OK, "not_tls")
    assert get.outcome is Outcome.OK


async def test_an_agent_that_leaves_before_its_greeting_has_left(plane: Plane, tool: ScriptedUpstream) -> None:
    strikes(plane, Handshake(Flaw.CUT))
    agent = await opened(plane, tool)
    agent.close()
    answer = await plane.answer()
    assert (answer.outcome, answer.origin) == (Outcome.AGENT_LEFT, Origin.PROXY), "nothing has struck it yet"
    assert not delivered(answer), "what it wanted was a handshake, not a word of ours"


async def test_an_agent_that_distrusts_us_by_itself_is_no_fault_of_ours(plane: Plane, tool: ScriptedUpstream) -> None:
    tls = await shaking(plane, tool, ssl.create_default_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        await tls.handshake()
    answer = await plane.answer()
    assert (answer.outcome, answer.origin) == (Outcome.UNTRUSTED, Origin.PROXY)
    assert answer.problem is not None
    assert (await plane.path.refused.first()).reason == "tls_distrust"


async def test_a_handshake_that_nobody_can_sign_for_any_more_is_not_struck(tool: ScriptedUpstream) -> None:
    clock = ManualClock()
    expired = Authority.create(["127.0.0.1"], days=1, clock=clock)
    clock.advance(3 * 86_400)
    rule = {"name": "tls", "match": {"upstream": "tool"}, "fault": {"type": "tls_certificate"}}
    plane = Plane({"upstreams": {"tool": tool.url}, "rules": [rule]}, authority=expired)
    await plane.start()
    strikes(plane, Handshake(Flaw.EXPIRED))
    agent = await opened(plane, tool)
    await agent.send(b"\x16\x03\x01")

    answer = await plane.answer()
    assert (answer.outcome, answer.skipped) == (Outcome.OK, "no_certificate")
    assert (await plane.path.opened.first()).mode is TunnelMode.BLIND
    await plane.stop()
