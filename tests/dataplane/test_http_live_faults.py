"""Faults on replies that are still coming, and may never end: nothing waits for their end, all of it can be ended."""

import asyncio

import pytest

from chaosproxy.core.answer import Origin, Reply, UpstreamTruth
from chaosproxy.core.effects import (
    Delay,
    Disconnect,
    EditEvent,
    Effect,
    Ending,
    ErrorEvent,
    EventChange,
    Extent,
    Hang,
    Misframe,
    Misframing,
    Place,
    Reject,
    Respond,
    Rewrite,
    Stall,
    Throttle,
    Truncate,
)
from chaosproxy.core.failures import FailureKind, Outcome, Phase
from chaosproxy.dataplane.http.misbehaving.courier import WAITING_LIMIT
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Stream, soon
from tests.doubles.upstream import ScriptedUpstream, Then

AFTER, DURING = Phase.AFTER_UPSTREAM, Phase.DURING_BODY
GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
ONE, TWO, THREE = (b"a\r\ndata: %d \n\n\r\n" % number for number in (1, 2, 3))
MADE = Reply(418, b"Teapot", (), b"short and stout")


def endless(tool: ScriptedUpstream, *pieces: bytes) -> None:
    """Says these, and then nothing for ever."""
    tool.says(SSE, *pieces, then=Then.STALL)


async def asks(plane: Plane, *effects: Effect) -> Stream:
    plane.injects(*effects)
    agent = await plane.agent()
    await agent.send(GET)
    return agent


# What strikes after the tool has answered does not wait for the end of an endless answer


@pytest.mark.parametrize(("ending", "end"), [(Ending.CLOSE, End.FIN), (Ending.RESET, End.RESET)])
async def test_reply_that_is_lost(plane: Plane, tool: ScriptedUpstream, ending: Ending, end: End) -> None:
    endless(tool, ONE)
    agent = await asks(plane, Disconnect(ending, AFTER))

    assert await agent.ended() == (b"", end)
    answer = await plane.answer()
    assert (answer.outcome, answer.truth, answer.upstream_status) == (Outcome.RESET, UpstreamTruth.EXECUTED, 200)
    assert (answer.origin, answer.skipped) == (Origin.INJECTED, None)
    assert await tool.ends.first() in (End.FIN, End.RESET), "nobody listens any more"


async def test_reply_that_is_replaced(plane: Plane, tool: ScriptedUpstream) -> None:
    endless(tool, ONE)
    agent = await asks(plane, Respond(MADE, AFTER))

    assert (await agent.response()).body == b"short and stout"
    answer = await plane.answer()
    assert (answer.origin, answer.truth, answer.skipped) == (Origin.INJECTED, UpstreamTruth.EXECUTED, None)
    assert await tool.ends.first() in (End.FIN, End.RESET)
    await agent.send(GET)
    assert (await agent.response()).status == 418, "the agent's connection goes on"


async def test_reply_that_never_comes(plane: Plane, tool: ScriptedUpstream) -> None:
    endless(tool, ONE)
    agent = await asks(plane, Hang(0.4, AFTER))

    assert await tool.ends.first() in (End.FIN, End.RESET)
    assert await agent.ending() == (b"", End.SILENT)
    assert await agent.ended() == (b"", End.FIN)
    assert (await plane.answer()).truth is UpstreamTruth.EXECUTED


async def test_reply_that_comes_late_comes_live(plane: Plane, tool: ScriptedUpstream) -> None:
    endless(tool, ONE)
    agent = await asks(plane, Delay(0.05, AFTER))

    assert await agent.exactly(len(SSE + ONE)) == SSE + ONE
    agent.close()
    answer = await plane.answer()
    assert answer.injected_seconds >= 0.05
    assert (answer.outcome, answer.origin, answer.skipped) == (Outcome.AGENT_LEFT, Origin.UPSTREAM, None)


async def test_stream_is_not_rewritten_but_passes_as_it_comes(plane: Plane, tool: ScriptedUpstream) -> None:
    endless(tool, ONE, TWO)
    agent = await asks(plane, Rewrite(lambda reply: reply, "the same"))

    assert await agent.exactly(len(SSE + ONE + TWO)) == SSE + ONE + TWO
    agent.close()
    assert (await plane.answer()).skipped == "event_stream"


# Live streams


@pytest.mark.parametrize("how", [Ending.CLOSE, Ending.RESET])
async def test_stream_that_breaks_in_its_first_event(plane: Plane, tool: ScriptedUpstream, how: Ending) -> None:
    endless(tool, ONE)
    agent = await asks(plane, Disconnect(how, DURING))

    end = End.FIN if how is Ending.CLOSE else End.RESET
    assert await agent.ended() == (SSE + b"a\r\ndata:", end)
    assert await tool.ends.first() in (End.FIN, End.RESET)
    answer = await plane.answer()
    assert (answer.truth, answer.bytes_out) == (UpstreamTruth.EXECUTED, 5)


async def test_stream_that_stops_after_an_event(plane: Plane, tool: ScriptedUpstream) -> None:
    endless(tool, ONE, TWO, THREE)
    agent = await asks(plane, Truncate(Place(Extent.EVENTS, 2), Ending.CLOSE))

    assert await agent.ended() == (SSE + ONE + TWO, End.FIN)


async def test_stream_that_ends_in_good_order_too_early(plane: Plane, tool: ScriptedUpstream) -> None:
    endless(tool, ONE, TWO, THREE)
    agent = await asks(plane, Truncate(Place(Extent.CHUNKS, 1), None))

    assert (await agent.response()).raw == SSE + ONE + b"0\r\n\r\n"
    assert await tool.ends.first() in (End.FIN, End.RESET), "the rest is not wanted"
    answer = await plane.answer()
    assert (answer.outcome, answer.origin) == (Outcome.TRUNCATED, Origin.INJECTED)
    await agent.send(GET)
    assert (await agent.response()).body == b"data: 1 \n\n"


async def test_stream_that_says_it_failed(plane: Plane, tool: ScriptedUpstream) -> None:
    endless(tool, ONE, TWO)
    agent = await asks(plane, ErrorEvent(2, Reject(FailureKind.UNAVAILABLE, DURING)))

    body = (await agent.response()).body
    assert body.startswith(b"data: 1 \n\nevent: error\ndata: {")
    assert (await plane.answer()).outcome is Outcome.SOFT_ERROR


async def test_agent_that_breaks_on_a_bad_event_did_not_just_leave(plane: Plane, tool: ScriptedUpstream) -> None:
    endless(tool, ONE, TWO)
    agent = await asks(plane, EditEvent(1, EventChange.DUPLICATE))
    await agent.exactly(len(SSE + ONE + ONE + TWO))
    agent.close()

    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.skipped) == (Outcome.MALFORMED, Origin.INJECTED, None)


async def test_agent_that_breaks_on_a_bad_chunk_did_not_just_leave(plane: Plane, tool: ScriptedUpstream) -> None:
    endless(tool, ONE)
    agent = await asks(plane, Misframe(Misframing.BAD_CHUNK_SIZE))
    assert await agent.exactly(len(SSE) + 4) == SSE + b"zz\r\n"
    agent.close()

    answer = await plane.answer()
    assert (answer.outcome, answer.origin) == (Outcome.MALFORMED, Origin.INJECTED)


async def test_stall_in_a_stream_that_goes_on_afterwards(plane: Plane, tool: ScriptedUpstream) -> None:
    endless(tool, ONE, TWO)
    agent = await asks(plane, Stall(Place(Extent.EVENTS, 1), 0.5, None))

    assert await agent.ending() == (SSE + ONE, End.SILENT)
    assert await agent.exactly(len(TWO)) == TWO
    agent.close()
    answer = await plane.answer()
    assert (answer.outcome, answer.origin) == (Outcome.AGENT_LEFT, Origin.UPSTREAM)
    assert answer.injected_seconds >= 0.5


async def test_events_at_their_pace(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(SSE + ONE + TWO + THREE + b"0\r\n\r\n")
    agent = await asks(plane, Throttle(Extent.EVENTS, 1, 0.05))

    assert (await agent.response()).raw == SSE + ONE + TWO + THREE + b"0\r\n\r\n"
    answer = await plane.answer()
    assert answer.ended - answer.first_byte >= 0.1
    assert (answer.outcome, answer.origin) == (Outcome.OK, Origin.UPSTREAM)


async def test_pause_that_the_tool_has_made_itself_is_not_made_again(plane: Plane, tool: ScriptedUpstream) -> None:
    release = asyncio.Event()

    async def play(stream: Stream) -> None:
        await stream.request()
        await stream.send(SSE, ONE)
        await soon(release.wait())
        await stream.send(TWO)
        await soon(asyncio.Event().wait())

    tool.play = play
    agent = await asks(plane, Throttle(Extent.EVENTS, 1, 0.25))
    await agent.exactly(len(SSE + ONE))
    assert await agent.ending() == (b"", End.SILENT), "longer than the pace asks for"
    release.set()
    await agent.exactly(len(TWO))
    agent.close()

    assert (await plane.answer()).injected_seconds == 0


# Who leaves, and who fails


@pytest.mark.parametrize(
    "effect", [Stall(Place(Extent.EVENTS, 1), 600.0, None), Throttle(Extent.BYTES, 1, 600.0)], ids=["stall", "pace"]
)
async def test_agent_that_leaves_while_it_waits_ends_the_tools_call(
    plane: Plane, tool: ScriptedUpstream, effect: Effect
) -> None:
    endless(tool, ONE, TWO)
    agent = await asks(plane, effect)
    await agent.exactly(len(SSE))
    assert (await agent.ending())[1] is End.SILENT
    agent.close()

    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.truth) == (Outcome.TIMEOUT, Origin.INJECTED, UpstreamTruth.EXECUTED)
    assert await tool.ends.first() in (End.FIN, End.RESET)


@pytest.mark.parametrize(("then", "end"), [(Then.CLOSE, End.FIN), (Then.RESET, End.RESET)])
async def test_tool_that_breaks_off_under_a_pace_is_shown_as_it_broke(
    plane: Plane, tool: ScriptedUpstream, then: Then, end: End
) -> None:
    tool.says(SSE + ONE + TWO, then=then)
    agent = await asks(plane, Throttle(Extent.EVENTS, 1, 0.2))

    said, how = await agent.ended()
    assert said.startswith(SSE + ONE)
    assert how is end
    answer = await plane.answer()
    assert answer.problem is not None
    assert answer.origin is Origin.UPSTREAM


async def test_tool_that_breaks_off_before_the_place(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(SSE + ONE, then=Then.CLOSE)
    agent = await asks(plane, Truncate(Place(Extent.EVENTS, 2), Ending.RESET))

    assert await agent.ended() == (SSE + ONE, End.FIN)
    answer = await plane.answer()
    assert (answer.skipped, answer.origin, answer.outcome) == ("upstream_failed", Origin.UPSTREAM, Outcome.TRUNCATED)


async def test_held_reply_of_a_tool_that_breaks_off(plane: Plane, tool: ScriptedUpstream) -> None:
    said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    tool.says(said, then=Then.CLOSE)
    agent = await asks(plane, Truncate(Place(Extent.BODY, 0.5), Ending.RESET))

    assert await agent.ended() == (said, End.FIN)
    assert (await plane.answer()).skipped == "upstream_failed"


# Memory


@pytest.mark.parametrize("seconds", [600.0, 0.01], ids=["fault", "agent"])
async def test_tool_waits_while_nobody_takes_its_reply(plane: Plane, tool: ScriptedUpstream, seconds: float) -> None:
    """Because the fault holds it up, or because the agent does not read."""
    blocked = asyncio.Event()

    async def play(stream: Stream) -> None:
        await stream.request()
        await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        try:
            async with asyncio.timeout(1):
                await asyncio.get_running_loop().sock_sendall(stream.socket, b"x" * 100_000_000)
        except TimeoutError:
            blocked.set()
        await soon(asyncio.Event().wait())

    tool.play = play
    agent = await asks(plane, Stall(Place(Extent.BYTES, 10), seconds, None))
    await soon(blocked.wait())

    (connection,) = plane.listener._connections
    exchange = connection.exchange
    assert exchange is not None
    waiting = exchange.driver._replying._courier.size  # type: ignore[union-attr]  # looked at from inside
    assert 0 < waiting < WAITING_LIMIT + 4_000_000
    assert connection.transport.get_write_buffer_size() < 4_000_000
    agent.close()
    await plane.answer()


async def test_agent_that_reads_slowly_slows_the_tool_and_gets_all(plane: Plane, tool: ScriptedUpstream) -> None:
    body = bytes(range(256)) * 100_000
    tool.says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body)
    agent = await asks(plane, Stall(Place(Extent.BYTES, 1_000_000), 0.05, None))

    assert (await agent.response()).body == body
    assert (await plane.answer()).outcome is Outcome.OK


async def test_stop_ends_a_stall(plane: Plane, tool: ScriptedUpstream) -> None:
    endless(tool, ONE)
    agent = await asks(plane, Stall(Place(Extent.EVENTS, 1), 600.0, None))
    await agent.exactly(len(SSE + ONE))
    await soon(plane.listener.stop(10))

    assert (await agent.ended())[1] in (End.FIN, End.RESET)
    assert (await plane.answer()).outcome is Outcome.TIMEOUT
