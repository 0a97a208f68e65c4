"""What is done to calls that pass: a word on the quota in the reply's head, and a copy of the reply, kept for later."""

import gzip

import pytest

from chaosproxy.core.answer import Origin, Reply, UpstreamTruth
from chaosproxy.core.decision import Decision
from chaosproxy.core.effects import (
    Annotate,
    Aside,
    Delay,
    Effect,
    Keep,
    Misframe,
    Misframing,
    Quota,
    Respond,
    Rewrite,
    Unfit,
)
from chaosproxy.core.failures import Outcome, Phase
from tests.doubles.plane import Plane, deciding
from tests.doubles.streams import End
from tests.doubles.upstream import ScriptedUpstream, Then

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
FINE = b"HTTP/1.1 200 Fine\r\nx-B: 1\r\n"
REPLIES = {
    "length": (FINE + b"Content-Length: 10\r\n\r\n0123456789", Then.KEEP),
    "chunks": (FINE + b"Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n", Then.KEEP),
    "close": (FINE + b"\r\n0123456789", Then.CLOSE),
}
QUOTA = Quota(limit=30, remaining=12, resets=20.0, window=60.0)
ANNOTATE = Annotate(QUOTA, "openai")
KEEP = Keep("k")


def decides(plane: Plane, *asides: Aside, effects: tuple[Effect, ...] = ()) -> None:
    """Every call from now on has these asides, and is hit only if there are effects too."""
    struck = deciding(*effects) if effects else Decision()
    decision = Decision(struck.rule, struck.injections, struck.reason, asides=asides)
    plane.path.decide = lambda _call: decision


def told(plane: Plane, annotate: Annotate = ANNOTATE) -> bytes:
    """The headers that the dialect has for it."""
    dialect = plane.listener.dialects[annotate.dialect or "generic"]
    said = dialect.quota_headers(annotate.quota, 0.0, plane.listener.wall())
    assert said, "else these tests show nothing"
    return b"".join(name + b": " + value + b"\r\n" for name, value in said)


STRIKES: dict[str, tuple[Effect, ...]] = {
    "quiet": (),
    "late": (Delay(0.0, Phase.AFTER_UPSTREAM),),
    "unfit": (Rewrite(lambda _reply: Unfit("not_json"), "never"),),
}


@pytest.mark.parametrize("effects", STRIKES.values(), ids=STRIKES)
@pytest.mark.parametrize("name", REPLIES)
async def test_good_reply_says_how_the_quota_stands(
    plane: Plane, tool: ScriptedUpstream, name: str, effects: tuple[Effect, ...]
) -> None:
    said, then = REPLIES[name]
    tool.says(said, then=then)
    decides(plane, ANNOTATE, effects=effects)
    agent = await plane.agent()
    await agent.send(GET)

    head, _, body = said.partition(b"\r\n\r\n")
    got, end = await agent.ending()
    assert got == head + b"\r\n" + told(plane) + b"\r\n" + body
    assert end is (End.FIN if then is Then.CLOSE else End.SILENT)
    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.bytes_out) == (Outcome.OK, Origin.UPSTREAM, 10)


async def test_what_the_tool_says_of_its_own_quota_gives_way(plane: Plane, tool: ScriptedUpstream) -> None:
    name = told(plane).partition(b":")[0]
    tool.says(b"HTTP/1.1 200 Fine\r\n%b: 7\r\nx-B: 1\r\nContent-Length: 2\r\n\r\nok" % name.swapcase())
    decides(plane, ANNOTATE)

    assert (await plane.ask(GET)).raw == FINE + b"Content-Length: 2\r\n" + told(plane) + b"\r\nok"


async def test_dialect_is_the_upstreams_own_unless_another_is_asked_for(plane: Plane, tool: ScriptedUpstream) -> None:
    decides(plane, Annotate(QUOTA))
    response = await plane.ask(GET)

    own = told(plane, Annotate(QUOTA, None))
    assert own in response.raw
    assert told(plane) not in response.raw


@pytest.mark.parametrize("status", [204, 302, 404, 429, 500])
async def test_only_good_replies_say_it(plane: Plane, tool: ScriptedUpstream, status: int) -> None:
    said = b"HTTP/1.1 %d Said\r\n%b\r\n" % (status, b"" if status == 204 else b"Content-Length: 0\r\n")
    tool.says(said)
    decides(plane, ANNOTATE)
    response = await plane.ask(GET)

    assert (told(plane) in response.raw) is (status == 204)
    assert response.raw.replace(told(plane), b"") == said


async def test_interim_replies_say_nothing_of_it(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", REPLIES["length"][0])
    decides(plane, ANNOTATE, KEEP)
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.until(b"\r\n\r\n") == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    assert told(plane) in await agent.until(b"\r\n\r\n")


async def test_call_with_asides_alone_is_a_quiet_one(plane: Plane, tool: ScriptedUpstream) -> None:
    decides(plane, ANNOTATE, KEEP)
    agent = await plane.agent()
    await agent.send(GET * 3)
    for _ in range(3):
        assert (await agent.response()).body == b'{"ok":true}'

    answer = await plane.answer(3)
    assert (answer.outcome, answer.origin, answer.skipped) == (Outcome.OK, Origin.UPSTREAM, None)
    assert (answer.injected_seconds, answer.executions, answer.truth) == (0.0, 1, UpstreamTruth.EXECUTED)
    assert tool.connections == 1


PAGE = Reply(500, b"Oh", (), b"a page")
SPOILT: dict[str, tuple[Effect, ...]] = STRIKES | {
    "rewritten": (Rewrite(lambda _reply: PAGE, "a page"),),
    "replaced": (Respond(PAGE, Phase.AFTER_UPSTREAM),),
    "misframed": (Misframe(Misframing.TRAILING_GARBAGE),),
}


@pytest.mark.parametrize("effects", SPOILT.values(), ids=SPOILT)
@pytest.mark.parametrize("name", REPLIES)
async def test_tools_own_reply_is_kept_whatever_the_agent_gets(
    plane: Plane, tool: ScriptedUpstream, name: str, effects: tuple[Effect, ...]
) -> None:
    said, then = REPLIES[name]
    tool.says(said, then=then)
    decides(plane, KEEP, ANNOTATE, effects=effects)
    agent = await plane.agent()
    await agent.send(GET)
    await plane.answer()

    kept = plane.listener.copies.get("k")
    assert kept is not None
    assert (kept.status, kept.reason, kept.body) == (200, b"Fine", b"0123456789")
    assert [pair for pair in kept.headers if pair[0] == b"x-B"] == [(b"x-B", b"1")]
    assert told(plane) not in b"".join(name + b": " + value + b"\r\n" for name, value in kept.headers)


async def test_content_coding_is_kept_as_it_is(plane: Plane, tool: ScriptedUpstream) -> None:
    packed = gzip.compress(b"hello", mtime=0)
    tool.says(FINE + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed)
    decides(plane, KEEP)
    await plane.ask(GET)

    kept = plane.listener.copies.get("k")
    assert kept is not None
    assert kept.body == packed
    assert (b"Content-Encoding", b"gzip") in kept.headers


@pytest.mark.parametrize(
    ("said", "then"),
    [
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", Then.KEEP),
        (FINE + b"Content-Length: 10\r\n\r\n01234", Then.CLOSE),
        (FINE + b"Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n", Then.CLOSE),
        (FINE + b"\r\n01234", Then.RESET),
        (FINE + b"Content-Type: text/event-stream\r\nContent-Length: 9\r\n\r\ndata: 1\n\n", Then.KEEP),
    ],
    ids=["failed", "half a length", "no last chunk", "reset", "events"],
)
async def test_what_is_no_whole_good_reply_leaves_the_copy_as_it_was(
    plane: Plane, tool: ScriptedUpstream, said: bytes, then: Then
) -> None:
    decides(plane, KEEP)
    tool.says(REPLIES["length"][0])
    await plane.ask(GET)
    before = plane.listener.copies.get("k")
    tool.says(said, then=then)
    agent = await plane.agent()
    await agent.send(GET)
    await plane.answer(2)

    assert before is not None
    assert plane.listener.copies.get("k") == before


async def test_agent_that_leaves_half_way_keeps_nothing(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(FINE + b"Content-Length: 10\r\n\r\n01234", then=Then.STALL)
    decides(plane, KEEP)
    agent = await plane.agent()
    await agent.send(GET)
    await agent.until(b"01234")
    agent.close()
    await plane.answer()

    assert plane.listener.copies.get("k") is None
