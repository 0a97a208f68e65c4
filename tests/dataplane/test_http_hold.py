"""Replies that are held back until a later call of their session has been answered."""

import asyncio

import pytest

from chaosproxy.core.answer import Origin, UpstreamTruth
from chaosproxy.core.call import Call
from chaosproxy.core.decision import QUIET
from chaosproxy.core.effects import Delay, Disconnect, Effect, Ending, Extent, Hold, Place, Rewrite, Truncate, Unfit
from chaosproxy.core.failures import Outcome, Phase
from tests.doubles.plane import Plane, deciding
from tests.doubles.streams import End, Stream, until_true
from tests.doubles.upstream import Say, ScriptedUpstream, Then

AFTER = Phase.AFTER_UPSTREAM
FINE = b"HTTP/1.1 200 Fine\r\nx-B: 1\r\n"
REPLIES = {
    "length": (FINE + b"Content-Length: 10\r\n\r\n0123456789", Then.KEEP),
    "chunks": (FINE + b"Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n", Then.KEEP),
    "close": (FINE + b"\r\n0123456789", Then.CLOSE),
}


def strikes(plane: Plane, *effects: Effect) -> None:
    """Calls to a path with `held` in it are struck."""
    struck = deciding(*effects)

    def decide(call: Call) -> object:
        return struck if "held" in call.route.path else QUIET

    plane.path.decide = decide  # type: ignore[assignment]  # mypy does not see that both are decisions


async def asks(plane: Plane, path: bytes, session: bytes = b"s") -> Stream:
    """A call on a connection of its own, once the tool has answered it."""
    already = len(plane.path.calls)
    agent = await plane.agent()
    await agent.send(b"GET /tool/%b HTTP/1.1\r\nHost: a\r\nX-Session-Id: %b\r\n\r\n" % (path, session))
    await plane.path.calls.nth(already + 1)
    return agent


async def held(plane: Plane, number: int, session: str = "s") -> None:
    """So many replies are being held back in this session."""
    await until_true(lambda: len(plane.listener.held.get(session, ())) == number)


@pytest.mark.parametrize("name", REPLIES)
async def test_reply_waits_for_a_later_one(plane: Plane, tool: ScriptedUpstream, name: str) -> None:
    said, then = REPLIES[name]
    tool.says(said, then=then)
    strikes(plane, Hold(60))
    first = await asks(plane, b"held")
    await held(plane, 1)
    assert len(plane.path.answers) == 0
    second = await asks(plane, b"quiet")

    end = End.FIN if then is Then.CLOSE else End.SILENT
    assert await second.ending() == (said, end)
    assert await first.ending() == (said, end)
    answers = [await plane.answer(1), await plane.answer(2)]
    assert [answer.injected_seconds > 0 for answer in answers] == [False, True], "in another order than asked"
    for answer in answers:
        assert (answer.outcome, answer.origin, answer.skipped) == (Outcome.OK, Origin.UPSTREAM, None)
        assert (answer.truth, answer.executions) == (UpstreamTruth.EXECUTED, 1)


@pytest.mark.parametrize("name", REPLIES)
async def test_nothing_overtakes(plane: Plane, tool: ScriptedUpstream, name: str) -> None:
    said, then = REPLIES[name]
    tool.says(said, then=then)
    strikes(plane, Hold(0.02))
    agent = await asks(plane, b"held")

    assert await agent.ending() == (said, End.FIN if then is Then.CLOSE else End.SILENT)
    answer = await plane.answer()
    assert (answer.skipped, answer.origin, answer.outcome) == ("nothing_overtook", Origin.UPSTREAM, Outcome.OK)
    assert answer.injected_seconds >= 0.02


async def test_call_that_came_before_overtakes_nothing(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(REPLIES["length"][0])
    struck = {"late": deciding(Delay(0.2, AFTER)), "held": deciding(Hold(0.5))}
    plane.path.decide = lambda call: struck[call.route.path.strip("/")]
    await asks(plane, b"late")
    await asks(plane, b"held")

    assert [(await plane.answer(number)).skipped for number in (1, 2)] == [None, "nothing_overtook"]


async def test_other_sessions_overtake_nothing(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(REPLIES["length"][0])
    strikes(plane, Hold(0.2))
    await asks(plane, b"held", b"one")
    await held(plane, 1, "one")
    await asks(plane, b"quiet", b"another")

    assert (await plane.answer(1)).skipped is None
    assert (await plane.answer(2)).skipped == "nothing_overtook"


async def test_several_are_let_go_by_one_in_the_order_in_which_they_came(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says_in_turn(*[Say((FINE + b"Content-Length: %d\r\n\r\n" % size + b"x" * size,)) for size in (1, 2, 3, 4)])
    strikes(plane, Hold(60))
    for number in (1, 2, 3):
        await asks(plane, b"held")
        await held(plane, number)
    await asks(plane, b"quiet")

    answers = [await plane.answer(number) for number in (1, 2, 3, 4)]
    assert [answer.skipped for answer in answers] == [None] * 4
    assert [answer.bytes_out for answer in answers] == [4, 1, 2, 3]
    assert plane.listener.held == {}


async def test_held_one_whose_time_is_up_overtakes_those_before_it(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(REPLIES["length"][0])
    struck = {"long": deciding(Hold(60)), "short": deciding(Hold(0.1))}
    plane.path.decide = lambda call: struck[call.route.path.strip("/")]
    await asks(plane, b"long")
    await held(plane, 1)
    await asks(plane, b"short")

    assert [(await plane.answer(number)).skipped for number in (1, 2)] == ["nothing_overtook", None]


async def test_call_that_was_never_answered_overtakes_nothing(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(REPLIES["length"][0])
    struck = {"held": deciding(Hold(0.3)), "lost": deciding(Disconnect(Ending.RESET, AFTER))}
    plane.path.decide = lambda call: struck[call.route.path.strip("/")]
    await asks(plane, b"held")
    await held(plane, 1)
    lost = await asks(plane, b"lost")
    await lost.ended()

    assert [(await plane.answer(number)).outcome for number in (1, 2)] == [Outcome.RESET, Outcome.OK]
    assert (await plane.answer(2)).skipped == "nothing_overtook"


async def test_agent_that_leaves_is_forgotten(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(REPLIES["length"][0])
    strikes(plane, Hold(60))
    agent = await asks(plane, b"held")
    await held(plane, 1)
    agent.close()

    assert (await plane.answer()).outcome is Outcome.TIMEOUT, "it left because of us"
    assert plane.listener.held == {}
    await asks(plane, b"quiet")
    assert (await plane.answer(2)).outcome is Outcome.OK


async def test_listener_that_stops_lets_all_go(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(REPLIES["length"][0])
    strikes(plane, Hold(60))
    for session in (b"one", b"one", b"two"):
        await asks(plane, b"held", session)
    await held(plane, 2, "one")
    await held(plane, 1, "two")
    await asyncio.wait_for(plane.listener.stop(0), 5)

    assert plane.listener.held == {}
    assert [(await plane.answer(number)).outcome for number in (1, 2, 3)] == [Outcome.TIMEOUT] * 3


async def test_one_connection_can_overtake_nothing(plane: Plane, tool: ScriptedUpstream) -> None:
    """What is pipelined behind a call that is held back waits for it, and so cannot be answered before it."""
    tool.says(REPLIES["length"][0])
    strikes(plane, Hold(0.05))
    agent = await plane.agent()
    await agent.send(b"GET /tool/held HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
    await agent.exactly(2 * len(REPLIES["length"][0]))

    assert [(await plane.answer(number)).skipped for number in (1, 2)] == ["nothing_overtook"] * 2


async def test_held_reply_can_be_late_spoiled_and_cut_besides(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(REPLIES["length"][0])
    unfit = Rewrite(lambda _reply: Unfit("not_json"), "never")
    strikes(plane, Delay(0.01, AFTER), Hold(60), unfit, Truncate(Place(Extent.BYTES, 4), Ending.CLOSE))
    agent = await asks(plane, b"held")
    await held(plane, 1)
    await asks(plane, b"quiet")

    assert await agent.ended() == (REPLIES["length"][0].removesuffix(b"456789"), End.FIN)


async def test_stream_of_events_is_held_back_at_its_head(plane: Plane, tool: ScriptedUpstream) -> None:
    stream = FINE + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"
    tool.says(stream, then=Then.STALL)
    strikes(plane, Hold(60))
    first = await asks(plane, b"held")
    await held(plane, 1)
    tool.says(REPLIES["length"][0])
    await asks(plane, b"quiet")

    assert await first.exactly(len(stream)) == stream
