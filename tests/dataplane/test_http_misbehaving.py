"""Faults that take time, answer in the tool's place, or end the connection: exact bytes, and FIN or RST."""

import asyncio

import pytest

from chaosproxy.core.answer import Origin, Reply, UpstreamTruth
from chaosproxy.core.effects import Delay, Disconnect, Effect, Ending, Hang, Reject, Respond
from chaosproxy.core.failures import FailureKind, Outcome, Phase
from chaosproxy.dialects import load_builtin
from tests.doubles.plane import Plane
from tests.doubles.streams import End, soon
from tests.doubles.upstream import OK, ScriptedUpstream

BEFORE, AFTER, DURING = Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM, Phase.DURING_BODY
GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /tool/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
OLD = b"POST /tool/x HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}"
STREAMED = b"POST /tool/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"

RESPONSES = {
    "length": OK,
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n5\r\nhello\r\n0\r\nT: 1\r\n\r\n",
    "error": b"HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 2\r\n\r\nno",
    "nothing": b"HTTP/1.1 204 No Content\r\n\r\n",
}

# Delay


@pytest.mark.parametrize("phase", [BEFORE, AFTER])
@pytest.mark.parametrize("name", RESPONSES)
async def test_delayed_call_is_otherwise_unharmed(
    plane: Plane, tool: ScriptedUpstream, phase: Phase, name: str
) -> None:
    tool.says(RESPONSES[name])
    plane.injects(Delay(0.05, phase))
    agent = await plane.agent()
    await agent.send(POST)

    assert await agent.exactly(len(RESPONSES[name])) == RESPONSES[name]
    answer = await plane.answer()
    assert 0.05 <= answer.injected_seconds < 5
    assert answer.first_byte - (await plane.path.calls.first()).received >= 0.05
    assert (answer.origin, answer.skipped, answer.problem) == (Origin.UPSTREAM, None, None)
    await agent.send(POST)
    assert await agent.exactly(len(RESPONSES[name])) == RESPONSES[name]
    assert (tool.connections, tool.executions) == (1, 2), "a connection that no fault has broken is kept"


async def test_delay_before_holds_no_connection_to_the_tool(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Delay(60, BEFORE))
    agent = await plane.agent()
    await agent.send(POST)
    await plane.path.calls.first()

    assert await agent.ending() == (b"", End.SILENT)
    assert tool.connections == 0
    agent.close()
    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.truth) == (Outcome.TIMEOUT, Origin.INJECTED, UpstreamTruth.NOT_SENT)
    assert 0.1 < answer.injected_seconds < 30
    assert answer.body_digest is None, "it said nothing"


async def test_delay_after_comes_after_the_tool_has_run(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Delay(60, AFTER))
    agent = await plane.agent()
    await agent.send(POST)
    await tool.received.first()

    assert await agent.ending() == (b"", End.SILENT)
    agent.close()
    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.truth) == (Outcome.TIMEOUT, Origin.INJECTED, UpstreamTruth.EXECUTED)
    assert (answer.status, answer.upstream_status) == (0, 200)
    assert answer.body_digest is not None


async def test_delays_follow_one_another(plane: Plane) -> None:
    plane.injects(Delay(0.02, AFTER), Delay(0.02, BEFORE), Delay(0.02, BEFORE))

    assert (await plane.ask(GET)).raw == OK
    assert (await plane.answer()).injected_seconds >= 0.06


async def test_body_that_streams_in_during_a_delay_reaches_the_tool(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Delay(0.1, BEFORE))
    body = b"x" * 5_000_000
    agent = await plane.agent()
    sending = asyncio.ensure_future(agent.send(STREAMED, b"%x\r\n" % len(body) + body, b"\r\n0\r\n\r\n"))

    assert (await agent.response()).raw == OK
    await soon(sending)
    assert (await tool.received.first()).body == b"hello" + body


async def test_long_upload_waits_in_the_kernel_during_a_delay(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Delay(60, BEFORE))
    agent = await plane.agent()
    sending = asyncio.ensure_future(agent.send(STREAMED, b"%x\r\n" % 64_000_000 + b"x" * 64_000_000))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await asyncio.shield(sending)

    (connection,) = plane.listener._connections
    assert connection.exchange is not None
    assert connection.exchange.request.size < 4_000_000
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


# Hang


@pytest.mark.parametrize(("phase", "truth"), [(BEFORE, UpstreamTruth.NOT_SENT), (AFTER, UpstreamTruth.EXECUTED)])
@pytest.mark.parametrize("sent", [POST, OLD])
async def test_hang_is_silence_and_then_fin(
    plane: Plane, tool: ScriptedUpstream, phase: Phase, truth: UpstreamTruth, sent: bytes
) -> None:
    plane.injects(Hang(0.5, phase))
    agent = await plane.agent()
    await agent.send(sent)

    assert await agent.ending() == (b"", End.SILENT)
    assert await agent.ended() == (b"", End.FIN)
    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.truth) == (Outcome.TIMEOUT, Origin.INJECTED, truth)
    assert (answer.status, answer.first_byte, tool.executions) == (0, 0, int(phase is AFTER))
    assert answer.injected_seconds >= 0.5


@pytest.mark.parametrize("phase", [BEFORE, AFTER])
async def test_agent_that_leaves_ends_a_hang(plane: Plane, phase: Phase) -> None:
    plane.injects(Hang(600, phase))
    agent = await plane.agent()
    await agent.send(POST)
    await plane.path.calls.first()
    agent.close()

    answer = await plane.answer()
    assert (answer.outcome, answer.origin) == (
        (Outcome.TIMEOUT, Origin.INJECTED) if phase is BEFORE or answer.injected_seconds else
        (Outcome.AGENT_LEFT, Origin.UPSTREAM)
    )  # fmt: skip
    await asyncio.sleep(0)
    assert not plane.listener._tasks


@pytest.mark.parametrize("size", [10, 5_000_000])
async def test_agent_that_leaves_in_the_middle_of_its_upload_ends_a_hang(plane: Plane, size: int) -> None:
    plane.injects(Hang(600, BEFORE))
    agent = await plane.agent()
    await agent.send(STREAMED, b"%x\r\n" % (size + 1) + b"x" * size)
    await plane.path.calls.first()
    agent.close()

    assert (await plane.answer()).outcome is Outcome.TIMEOUT


async def test_hang_that_ends_in_the_middle_of_an_upload_ends_with_fin(plane: Plane) -> None:
    """Closing a socket with unread bytes in it would be a reset."""
    plane.injects(Hang(0.2, BEFORE))
    agent = await plane.agent()
    await agent.send(STREAMED, b"%x\r\n" % 300_000 + b"x" * 200_000)

    assert await agent.ended() == (b"", End.FIN)


async def test_pipeline_behind_a_hang_is_closed_with_it(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Hang(0.1, BEFORE))
    agent = await plane.agent()
    await agent.send(POST * 30)

    assert await agent.ended() == (b"", End.FIN)
    assert (len(plane.path.calls), tool.connections) == (1, 0)


# Answers in the tool's place


REJECT = Reject(FailureKind.RATE_LIMITED, BEFORE, retry_after=7)
DATE = (b"date", b"Sun, 22 Nov 2026 07:00:00 GMT")
MADE = Reply(418, b"Teapot", ((b"X-A", b"1"), (b"x-a", b"2"), (b"Retry-After", b"9"), DATE), b"short and stout")
MADE_BYTES = (
    b"HTTP/1.1 418 Teapot\r\nX-A: 1\r\nx-a: 2\r\nRetry-After: 9\r\ndate: Sun, 22 Nov 2026 07:00:00 GMT\r\n"
    b"Content-Length: 15\r\n\r\nshort and stout"
)


async def test_rejection_before_never_reaches_the_tool(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(REJECT)
    said = load_builtin("generic").reply(REJECT, plane.listener.wall())
    agent = await plane.agent()
    for number in (1, 2):
        await agent.send(POST)
        got = await agent.response()
        assert (got.status, got.body) == (said.status, said.body)
        assert tuple(got.headers) == (*said.headers, (b"Content-Length", b"%d" % len(said.body)))
        answer = await plane.answer(number)
        assert (answer.outcome, answer.origin, answer.truth) == (
            Outcome.THROTTLED,
            Origin.INJECTED,
            UpstreamTruth.NOT_SENT,
        )
        assert answer.hint is not None
        assert (answer.hint.seconds, answer.status, answer.bytes_out) == (7, said.status, len(said.body))
    assert tool.connections == 0


async def test_reply_before_is_these_bytes(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Respond(MADE, BEFORE))
    agent = await plane.agent()
    await agent.send(POST)

    assert await agent.ending() == (MADE_BYTES, End.SILENT)
    assert (tool.connections, (await plane.answer()).outcome) == (0, Outcome.INVALID)


@pytest.mark.parametrize("name", RESPONSES)
async def test_reply_after_replaces_what_the_tool_said(plane: Plane, tool: ScriptedUpstream, name: str) -> None:
    tool.says(RESPONSES[name])
    plane.injects(Respond(MADE, AFTER))
    agent = await plane.agent()
    for _ in range(2):
        await agent.send(POST)
        assert await agent.exactly(len(MADE_BYTES)) == MADE_BYTES

    answer = await plane.answer()
    assert (answer.origin, answer.status) == (Origin.INJECTED, 418)
    assert answer.truth is (UpstreamTruth.SENT_UNKNOWN if name == "error" else UpstreamTruth.EXECUTED)
    assert answer.upstream_status == int(RESPONSES[name][9:12])
    assert (tool.connections, tool.executions) == (1, 2)


@pytest.mark.parametrize("effect", [Respond(MADE, BEFORE), Respond(MADE, AFTER), REJECT])
async def test_made_reply_to_head_is_a_head(plane: Plane, effect: Effect) -> None:
    plane.injects(effect)
    agent = await plane.agent()
    await agent.send(b"HEAD /tool/x HTTP/1.1\r\nHost: a\r\n\r\n")

    said, end = await agent.ending()
    assert said.endswith(b"\r\n\r\n")
    assert (said.count(b"HTTP/1.1"), end) == (1, End.SILENT)
    assert (await plane.answer()).bytes_out == 0


async def test_old_agent_is_closed_after_a_made_reply(plane: Plane) -> None:
    plane.injects(Respond(MADE, BEFORE))
    agent = await plane.agent()
    await agent.send(OLD)

    assert await agent.ended() == (MADE_BYTES, End.FIN)


async def test_reply_to_an_upload_that_has_not_ended_closes_the_connection(plane: Plane) -> None:
    plane.injects(Respond(MADE, BEFORE))
    agent = await plane.agent()
    await agent.send(STREAMED)

    assert await agent.ended() == (MADE_BYTES, End.FIN)


async def test_delay_then_rejection(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Respond(MADE, BEFORE), Delay(0.05, BEFORE))

    assert (await plane.ask(POST)).raw == MADE_BYTES
    assert (await plane.answer()).injected_seconds >= 0.05
    assert tool.connections == 0


# Ends of connections


@pytest.mark.parametrize("sent", [POST, GET, OLD, STREAMED, POST * 3, b"HEAD /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"])
@pytest.mark.parametrize(("ending", "end"), [(Ending.CLOSE, End.FIN), (Ending.RESET, End.RESET)])
async def test_disconnect_before_the_tool(
    plane: Plane, tool: ScriptedUpstream, sent: bytes, ending: Ending, end: End
) -> None:
    plane.injects(Disconnect(ending, BEFORE))
    agent = await plane.agent()
    await agent.send(sent)

    assert await agent.ended() == (b"", end)
    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.truth) == (Outcome.RESET, Origin.INJECTED, UpstreamTruth.NOT_SENT)
    assert (answer.status, tool.connections, len(plane.path.calls)) == (0, 0, 1)


async def test_fin_in_the_middle_of_an_upload_is_no_reset(plane: Plane) -> None:
    """Though much of the upload has not been read: closing a socket with unread bytes in it would be a reset."""
    plane.injects(Delay(0.3, BEFORE), Disconnect(Ending.CLOSE, BEFORE))
    agent = await plane.agent()
    await agent.send(STREAMED, b"%x\r\n" % 3_000_000 + b"x" * 2_500_000)

    assert await agent.ended() == (b"", End.FIN)


@pytest.mark.parametrize("name", RESPONSES)
@pytest.mark.parametrize(("ending", "end"), [(Ending.CLOSE, End.FIN), (Ending.RESET, End.RESET)])
async def test_disconnect_after_the_tool(
    plane: Plane, tool: ScriptedUpstream, name: str, ending: Ending, end: End
) -> None:
    tool.says(RESPONSES[name])
    plane.injects(Disconnect(ending, AFTER))
    agent = await plane.agent()
    await agent.send(POST)

    assert await agent.ended() == (b"", end)
    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.status) == (Outcome.RESET, Origin.INJECTED, 0)
    assert answer.truth is (UpstreamTruth.SENT_UNKNOWN if name == "error" else UpstreamTruth.EXECUTED)
    assert tool.executions == 1


async def test_reset_throws_away_no_answer_before_it(plane: Plane) -> None:
    """The calls before it on the connection have had their answers."""
    quiet = plane.path.decide
    agent = await plane.agent()
    await agent.send(GET)
    assert await agent.exactly(len(OK)) == OK
    plane.injects(Disconnect(Ending.RESET, BEFORE))
    await agent.send(GET)
    assert await agent.ended() == (b"", End.RESET)
    plane.path.decide = quiet

    assert (await plane.ask(GET)).raw == OK
