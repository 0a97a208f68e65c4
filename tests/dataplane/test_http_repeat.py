"""Requests that are sent to the tool again although it has answered, and what the agent gets of that."""

import asyncio

import pytest

from chaosproxy.core.answer import Origin, UpstreamTruth
from chaosproxy.core.effects import Delay, Disconnect, Ending, Extent, Hang, Place, Repeat, Rewrite, Truncate, Unfit
from chaosproxy.core.failures import Outcome, Phase
from chaosproxy.dataplane.http.requests.reading import BODY_CAP
from tests.doubles.plane import Plane
from tests.doubles.streams import End, until_true
from tests.doubles.upstream import Say, ScriptedUpstream, Then

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /tool/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n" + b'{"a":1}'
FINE = b"HTTP/1.1 200 Fine\r\nx-B: 1\r\n"
EXECUTED, AFTER = UpstreamTruth.EXECUTED, Phase.AFTER_UPSTREAM


def framed(name: str, body: bytes) -> Say:
    match name:
        case "length":
            return Say((FINE + b"Content-Length: 10\r\n\r\n" + body,))
        case "chunks":
            return Say((FINE + b"Transfer-Encoding: chunked\r\n\r\na\r\n%b\r\n0\r\n\r\n" % body,))
        case _:
            return Say((FINE + b"\r\n" + body,), Then.CLOSE)


def said(say: Say) -> bytes:
    return b"".join(say.pieces)


FRAMES = ["length", "chunks", "close"]
FIRST, SECOND, THIRD = b"0123456789", b"abcdefghij", b"ABCDEFGHIJ"


@pytest.mark.parametrize("sent", [GET, POST], ids=["GET", "POST"])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("name", FRAMES)
async def test_tool_runs_as_often_as_it_is_asked(
    plane: Plane, tool: ScriptedUpstream, name: str, last: bool, sent: bytes
) -> None:
    tool.says_in_turn(*[framed(name, each) for each in (FIRST, SECOND, THIRD)])
    plane.injects(Repeat(2, last=last))
    agent = await plane.agent()
    await agent.send(sent)

    end = End.FIN if name == "close" else End.SILENT
    assert await agent.ending() == (said(framed(name, THIRD if last else FIRST)), end)
    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.skipped, answer.problem) == (Outcome.OK, Origin.UPSTREAM, None, None)
    assert (answer.executions, answer.truth, answer.bytes_out) == (3, EXECUTED, 10)
    assert len({request.raw for request in tool.received.all}) == 1, "the very same request"
    assert tool.executions == 3
    assert tool.connections == (3 if name == "close" else 1)


async def test_agent_goes_on_with_its_connection(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Repeat(1))
    agent = await plane.agent()
    await agent.send(POST * 3)
    for _ in range(3):
        assert (await agent.response()).body == b'{"ok":true}'

    assert [(await plane.answer(number)).executions for number in (1, 2, 3)] == [2, 2, 2]
    assert (tool.executions, tool.connections) == (6, 1)


async def test_gap_comes_before_each(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Repeat(2, gap=0.05))
    response = await plane.ask(GET)

    assert response.status == 200
    answer = await plane.answer()
    assert answer.injected_seconds >= 0.1
    assert answer.ended - answer.first_byte < 0.1, "the agent got it when all was done"


async def test_time_for_repeats_and_time_for_a_delay_both_count(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Repeat(1, gap=0.05), Delay(0.05, AFTER))
    await plane.ask(GET)

    assert (await plane.answer()).injected_seconds >= 0.1


async def test_repeats_of_several_faults_add_up(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Repeat(1), Repeat(2))
    await plane.ask(GET)

    assert (await plane.answer()).executions == tool.executions == 4


async def test_chunked_request_is_sent_again_with_its_trailers(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Repeat(1))
    await plane.ask(
        b"POST /tool/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'3\r\n{"a\r\n4\r\n":1}\r\n0\r\nT: 1\r\n\r\n',
        method="POST",
    )

    first, second = tool.received.all
    assert first.raw == second.raw
    assert (second.body, second.trailers) == (b'{"a":1}', [(b"T", b"1")])


# Requests that cannot be repeated


async def test_request_that_streams_through_is_sent_once(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Repeat(2))
    agent = await plane.agent()
    body = b"x" * (BODY_CAP + 1)
    await agent.send(b"POST /tool/x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body), body)

    assert (await agent.response()).body == b'{"ok":true}'
    answer = await plane.answer()
    assert (answer.skipped, answer.origin, answer.outcome) == ("body_too_large", Origin.UPSTREAM, Outcome.OK)
    assert answer.executions == tool.executions == 1
    assert tool.received.all[0].body == body


async def test_request_that_waits_for_a_word_is_sent_once(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(b"HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nok")
    plane.injects(Repeat(2))
    agent = await plane.agent()
    await agent.send(b"POST /tool/x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    await plane.path.calls.first()
    await agent.send(b"ab")

    assert (await agent.response()).body == b"ok"
    answer = await plane.answer()
    assert (answer.skipped, answer.executions) == ("streamed_request", 1)


async def test_stream_of_events_is_asked_for_once(plane: Plane, tool: ScriptedUpstream) -> None:
    """It may never be complete, so there is no time at which to ask again."""
    stream = FINE + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"
    tool.says(stream, then=Then.STALL)
    plane.injects(Repeat(2))
    agent = await plane.agent()
    await agent.send(GET)
    assert await agent.exactly(len(stream)) == stream
    agent.close()

    answer = await plane.answer()
    assert (answer.skipped, answer.executions) == ("event_stream", 1)


# Failures


async def test_tool_that_fails_the_first_time_is_not_asked_again(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(FINE + b"Content-Length: 10\r\n\r\n01234", then=Then.CLOSE)
    plane.injects(Repeat(2))
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ending() == (FINE + b"Content-Length: 10\r\n\r\n01234", End.FIN)
    answer = await plane.answer()
    assert (answer.skipped, answer.origin, answer.executions) == ("upstream_failed", Origin.UPSTREAM, 1)
    assert tool.executions == 1


async def test_tool_that_cannot_be_reached_is_not_asked_again(plane: Plane) -> None:
    plane.injects(Repeat(2))
    response = await plane.ask(GET.replace(b"/tool/", b"/gone/"))

    assert response.status == 502
    answer = await plane.answer()
    assert (answer.skipped, answer.origin, answer.executions) == ("upstream_failed", Origin.PROXY, 0)


BREAKS = {
    "closed at once": Say((), Then.CLOSE),
    "reset": Say((), Then.RESET),
    "half a head": Say((FINE,), Then.CLOSE),
    "no HTTP": Say((b"what?\r\n\r\n",), Then.CLOSE),
}


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("breaks", BREAKS.values(), ids=BREAKS)
async def test_repeat_that_fails_is_noted_and_not_shown(
    plane: Plane, tool: ScriptedUpstream, breaks: Say, last: bool
) -> None:
    tool.says_in_turn(framed("length", FIRST), breaks)
    plane.injects(Repeat(2, last=last))
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ending() == (said(framed("length", FIRST)), End.SILENT)
    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.skipped) == (Outcome.OK, Origin.UPSTREAM, "upstream_failed")
    assert (answer.executions, answer.truth) == (1, EXECUTED)
    assert answer.problem is not None
    assert answer.problem.startswith("sent again: ")


async def test_one_repeat_fails_and_the_next_does_not(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says_in_turn(framed("length", FIRST), BREAKS["reset"], framed("length", THIRD))
    plane.injects(Repeat(2, last=True))
    response = await plane.ask(GET)

    assert response.body == THIRD
    answer = await plane.answer()
    assert (answer.executions, answer.skipped) == (2, None)
    assert answer.problem is not None


async def test_repeat_that_is_never_answered_is_given_up(free_port: int, tool: ScriptedUpstream) -> None:
    running = Plane({"upstreams": {"tool": {"url": tool.url, "timeout": "300ms"}}})
    await running.start()
    tool.says_in_turn(framed("length", FIRST), Say((), Then.STALL))
    running.injects(Repeat(1))
    response = await running.ask(GET)

    assert response.body == FIRST
    answer = await running.answer()
    assert (answer.executions, answer.skipped, answer.status) == (1, "upstream_failed", 200)
    assert "in time" in (answer.problem or "")
    await running.stop()


async def test_repeat_that_is_answered_by_events_is_over_with_their_head(plane: Plane, tool: ScriptedUpstream) -> None:
    events = FINE + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"
    tool.says_in_turn(framed("length", FIRST), Say((events,), Then.STALL))
    plane.injects(Repeat(1, last=True))
    response = await plane.ask(GET)

    assert response.body == FIRST
    answer = await plane.answer()
    assert (answer.executions, answer.skipped, answer.problem) == (2, None, None)


STATUSES = {200: EXECUTED, 302: EXECUTED, 409: UpstreamTruth.REJECTED, 503: UpstreamTruth.SENT_UNKNOWN}


@pytest.mark.parametrize("second", STATUSES)
@pytest.mark.parametrize("first", STATUSES)
async def test_it_is_executed_if_any_was(plane: Plane, tool: ScriptedUpstream, first: int, second: int) -> None:
    tool.says_in_turn(*[Say((b"HTTP/1.1 %d Said\r\nContent-Length: 0\r\n\r\n" % each,)) for each in (first, second)])
    plane.injects(Repeat(1))
    response = await plane.ask(GET)

    assert response.status == first
    answer = await plane.answer()
    assert answer.executions == (first < 400) + (second < 400)
    done = {STATUSES[first], STATUSES[second]}
    heaviest = next(each for each in (EXECUTED, UpstreamTruth.SENT_UNKNOWN, UpstreamTruth.REJECTED) if each in done)
    assert (answer.truth, answer.upstream_status) == (heaviest, first)


async def test_last_answer_is_judged_as_the_last(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says_in_turn(
        framed("length", FIRST), Say((b"HTTP/1.1 409 Again\r\nRetry-After: 3\r\nContent-Length: 5\r\n\r\ntwice",))
    )
    plane.injects(Repeat(1, last=True))
    response = await plane.ask(POST, method="POST")

    assert (response.status, response.body) == (409, b"twice")
    answer = await plane.answer()
    assert (answer.status, answer.upstream_status, answer.outcome) == (409, 409, Outcome.INVALID)
    assert (answer.truth, answer.executions) == (EXECUTED, 1)
    assert answer.hint is not None


# With others


async def test_agent_that_leaves_stops_nothing(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Repeat(3, gap=0.02))
    agent = await plane.agent()
    await agent.send(POST)
    await tool.received.first()
    agent.close()

    answer = await plane.answer()
    assert (answer.outcome, answer.executions) == (Outcome.AGENT_LEFT, 4)
    assert tool.executions == 4


@pytest.mark.parametrize("stopped_at", [1, 2])
async def test_listener_that_stops_does_not_wait(plane: Plane, tool: ScriptedUpstream, stopped_at: int) -> None:
    tool.says_in_turn(framed("length", FIRST), Say((), Then.STALL))
    plane.injects(Repeat(1, gap=60.0 if stopped_at == 1 else 0.0))
    agent = await plane.agent()
    await agent.send(POST)
    await tool.received.nth(stopped_at)
    await until_true(lambda: bool(plane.listener._hanging))
    await asyncio.wait_for(plane.listener.stop(0), 5)

    assert (await plane.answer()).outcome is Outcome.TIMEOUT


@pytest.mark.parametrize("ending", [Ending.RESET, Ending.CLOSE])
async def test_repeated_and_then_lost(plane: Plane, tool: ScriptedUpstream, ending: Ending) -> None:
    plane.injects(Disconnect(ending, AFTER), Repeat(1))
    agent = await plane.agent()
    await agent.send(POST)

    assert await agent.ended() == (b"", End.RESET if ending is Ending.RESET else End.FIN)
    answer = await plane.answer()
    assert (answer.executions, answer.outcome, answer.origin) == (2, Outcome.RESET, Origin.INJECTED)


async def test_repeated_delayed_and_cut(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(said(framed("length", FIRST)))
    plane.injects(Truncate(Place(Extent.BYTES, 4), Ending.CLOSE), Delay(0.01, AFTER), Repeat(1))
    agent = await plane.agent()
    await agent.send(POST)

    assert await agent.ended() == (FINE + b"Content-Length: 10\r\n\r\n0123", End.FIN)
    assert (await plane.answer()).executions == 2


async def test_repeated_and_rewritten(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says_in_turn(framed("length", FIRST), framed("length", SECOND))
    plane.injects(Repeat(1, last=True), Rewrite(lambda reply: reply if reply.body == SECOND else Unfit("no"), "last"))

    assert (await plane.ask(GET)).body == SECOND
    assert (await plane.answer()).skipped is None


async def test_repeated_and_hung(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Hang(0.02, AFTER), Repeat(1))
    agent = await plane.agent()
    await agent.send(POST)

    assert await agent.ended() == (b"", End.FIN)
    assert (await plane.answer()).executions == 2


async def test_large_answers_of_repeats_are_read_and_thrown_away(plane: Plane, tool: ScriptedUpstream) -> None:
    large = b"x" * (20 * 1024 * 1024)
    tool.says_in_turn(
        framed("length", FIRST),
        Say((b"HTTP/1.1 200 Fine\r\nContent-Length: %d\r\n\r\n" % len(large), large)),
        framed("length", SECOND),
    )
    plane.injects(Repeat(1))
    agent = await plane.agent()
    await agent.send(GET)

    assert (await agent.response()).body == FIRST
    assert (await plane.answer()).executions == 2
    assert tool.connections == 1
