"""A reply that was kept is told again in place of the tool's: byte for byte, but with the date of today."""

import gzip
from collections.abc import Sequence

import pytest

from chaosproxy.core.answer import Origin, Reply, UpstreamTruth
from chaosproxy.core.decision import Decision
from chaosproxy.core.effects import Aside, Delay, Disconnect, Effect, Ending, Extent, Keep, Place, Recall, Truncate
from chaosproxy.core.failures import Outcome, Phase
from tests.doubles.plane import Plane, deciding
from tests.doubles.streams import End
from tests.doubles.upstream import ScriptedUpstream, Then

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
OLD = b"GET /tool/x HTTP/1.0\r\nHost: a\r\n\r\n"
HEAD = b"HEAD /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
LONG_AGO = b"Date: Sun, 01 Nov 2026 10:00:00 GMT\r\n"
TODAY = b"Date: Sun, 22 Nov 2026 12:00:00 GMT\r\n"
FINE = b"HTTP/1.1 200 Fine\r\nServer: s\r\n" + LONG_AGO + b"x-B: 1\r\nAge: 7\r\nETag: v1\r\n"
FRAMES = {
    "length": (FINE + b"Content-Length: 10\r\n\r\n0123456789", Then.KEEP),
    "chunks": (FINE + b"Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n", Then.KEEP),
    "close": (FINE + b"\r\n0123456789", Then.CLOSE),
}
AGAIN = b"HTTP/1.1 200 Fine\r\nServer: s\r\n" + TODAY + b"x-B: 1\r\nETag: v1\r\nContent-Length: 10\r\n\r\n0123456789"
NEW = b"HTTP/1.1 200 New\r\nContent-Length: 3\r\n\r\nnew"
BEFORE, AFTER = Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM
OTHERWISE = Reply(202, b"Accepted", ((b"Date", b"then"), (b"A", b"1")), b"made up")
OTHERWISE_BYTES = b"HTTP/1.1 202 Accepted\r\nDate: then\r\nA: 1\r\nContent-Length: 7\r\n\r\nmade up"


def decides(plane: Plane, *effects: Effect, asides: Sequence[Aside] = ()) -> None:
    struck = deciding(*effects) if effects else Decision()
    decision = Decision(struck.rule, struck.injections, struck.reason, asides=tuple(asides))
    plane.path.decide = lambda _call: decision


async def kept(plane: Plane, tool: ScriptedUpstream, said: bytes, then: Then = Then.KEEP) -> None:
    """One quiet call whose reply is kept; from then on, the tool says something else."""
    tool.says(said, then=then)
    decides(plane, asides=[Keep("k")])
    agent = await plane.agent()
    await agent.send(GET)
    await plane.answer()
    agent.close()
    tool.says(NEW)


@pytest.mark.parametrize("phase", [BEFORE, AFTER])
@pytest.mark.parametrize("name", FRAMES)
async def test_recalled_in_place_of_the_tools(plane: Plane, tool: ScriptedUpstream, name: str, phase: Phase) -> None:
    await kept(plane, tool, *FRAMES[name])
    decides(plane, Recall("k", phase))
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ending() == (AGAIN, End.SILENT)
    answer = await plane.answer(2)
    assert (answer.origin, answer.skipped, answer.status, answer.bytes_out) == (Origin.INJECTED, None, 200, 10)
    ran = phase is AFTER
    assert answer.truth is (UpstreamTruth.EXECUTED if ran else UpstreamTruth.NOT_SENT)
    assert answer.executions == tool.executions - 1 == int(ran)


@pytest.mark.parametrize("phase", [BEFORE, AFTER])
async def test_again_and_again_on_one_connection(plane: Plane, tool: ScriptedUpstream, phase: Phase) -> None:
    await kept(plane, tool, *FRAMES["length"])
    decides(plane, Recall("k", phase))
    agent = await plane.agent()
    await agent.send(GET * 3)

    assert await agent.exactly(3 * len(AGAIN)) == AGAIN * 3


@pytest.mark.parametrize("phase", [BEFORE, AFTER])
@pytest.mark.parametrize("name", FRAMES)
async def test_nothing_kept_passes_unharmed(plane: Plane, tool: ScriptedUpstream, name: str, phase: Phase) -> None:
    said, then = FRAMES[name]
    tool.says(said, then=then)
    decides(plane, Recall("k", phase))
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ending() == (said, End.FIN if then is Then.CLOSE else End.SILENT)
    answer = await plane.answer()
    assert (answer.skipped, answer.origin, answer.outcome) == ("nothing_kept", Origin.UPSTREAM, Outcome.OK)
    assert (answer.truth, answer.executions) == (UpstreamTruth.EXECUTED, 1)


@pytest.mark.parametrize("phase", [BEFORE, AFTER])
async def test_nothing_kept_and_something_otherwise(plane: Plane, tool: ScriptedUpstream, phase: Phase) -> None:
    decides(plane, Recall("k", phase, OTHERWISE))
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ending() == (OTHERWISE_BYTES, End.SILENT)
    answer = await plane.answer()
    assert (answer.skipped, answer.origin) == (None, Origin.INJECTED)
    assert tool.executions == int(phase is AFTER)


@pytest.mark.parametrize("phase", [BEFORE, AFTER])
async def test_what_is_kept_goes_before_what_is_said_otherwise(
    plane: Plane, tool: ScriptedUpstream, phase: Phase
) -> None:
    await kept(plane, tool, *FRAMES["length"])
    decides(plane, Recall("k", phase, OTHERWISE))

    assert (await plane.ask(GET)).raw == AGAIN


async def test_head_gets_the_head(plane: Plane, tool: ScriptedUpstream) -> None:
    await kept(plane, tool, *FRAMES["chunks"])
    decides(plane, Recall("k", BEFORE))
    agent = await plane.agent()
    await agent.send(HEAD)

    assert await agent.ending() == (AGAIN.removesuffix(b"0123456789"), End.SILENT)


async def test_coded_body_stays_coded(plane: Plane, tool: ScriptedUpstream) -> None:
    packed = gzip.compress(b"hello", mtime=0)
    said = b"HTTP/1.1 200 Fine\r\n%bContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" + packed
    await kept(plane, tool, said % (LONG_AGO, len(packed)))
    decides(plane, Recall("k", BEFORE))

    assert (await plane.ask(GET)).raw == said % (TODAY, len(packed))


async def test_reply_without_a_body(plane: Plane, tool: ScriptedUpstream) -> None:
    await kept(plane, tool, b"HTTP/1.1 204 Gone Well\r\n" + LONG_AGO + b"\r\n")
    decides(plane, Recall("k", BEFORE))
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ending() == (b"HTTP/1.1 204 Gone Well\r\n" + TODAY + b"\r\n", End.SILENT)


async def test_it_is_what_was_kept_before_the_call(plane: Plane, tool: ScriptedUpstream) -> None:
    """Also if the call's own reply is kept under the same key."""
    await kept(plane, tool, *FRAMES["length"])
    decides(plane, Recall("k", AFTER), asides=[Keep("k")])

    assert (await plane.ask(GET)).raw == AGAIN
    fresh = plane.listener.copies.get("k")
    assert fresh is not None
    assert fresh.body == b"new"


async def test_recalled_reply_can_be_delayed_and_cut(plane: Plane, tool: ScriptedUpstream) -> None:
    await kept(plane, tool, *FRAMES["length"])
    decides(plane, Recall("k", AFTER), Delay(0.01, AFTER), Truncate(Place(Extent.BYTES, 4), Ending.RESET))
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ending() == (AGAIN.removesuffix(b"456789"), End.RESET)


async def test_other_effects_strike_although_nothing_is_kept(plane: Plane, tool: ScriptedUpstream) -> None:
    decides(plane, Recall("k", BEFORE), Disconnect(Ending.RESET, AFTER))
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ending() == (b"", End.RESET)
    assert tool.executions == 1


async def test_tool_that_fails_by_itself_is_not_covered_up(plane: Plane, tool: ScriptedUpstream) -> None:
    await kept(plane, tool, *FRAMES["length"])
    tool.says(b"HTTP/1.1 200 Fine\r\nContent-Length: 10\r\n\r\n01", then=Then.CLOSE)
    decides(plane, Recall("k", AFTER))
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ending() == (b"HTTP/1.1 200 Fine\r\nContent-Length: 10\r\n\r\n", End.FIN)
    answer = await plane.answer(2)
    assert (answer.skipped, answer.origin) == ("upstream_failed", Origin.UPSTREAM)
