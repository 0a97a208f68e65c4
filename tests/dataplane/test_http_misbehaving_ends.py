"""A fault meanwhile: the agent leaves, the tool fails by itself, we make a mistake, or the listener stops."""

import asyncio
from typing import Any

import pytest

from chaosproxy.core.answer import Origin, Reply, UpstreamTruth
from chaosproxy.core.effects import Delay, Disconnect, Effect, Ending, Hang, Respond, Rewrite
from chaosproxy.core.failures import Outcome, Phase
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Stream, soon
from tests.doubles.upstream import OK, ScriptedUpstream, Then

BEFORE, AFTER, DURING = Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM, Phase.DURING_BODY
GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /tool/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
MADE = Reply(418, b"Teapot", (), b"short and stout")

# The agent leaves while the tool runs


@pytest.mark.parametrize(
    "effect",
    [
        Disconnect(Ending.RESET, AFTER),
        Disconnect(Ending.CLOSE, DURING),
        Respond(MADE, AFTER),
        Delay(0.01, AFTER),
        Rewrite(lambda reply: reply, "the same"),
    ],
    ids=["disconnect", "during", "respond", "delay", "rewrite"],
)
@pytest.mark.parametrize("kind", [b"application/json", b"text/event-stream"])
async def test_tool_runs_to_its_end_though_the_agent_has_left(
    plane: Plane, tool: ScriptedUpstream, effect: Effect, kind: bytes
) -> None:
    release = asyncio.Event()

    async def play(stream: Stream) -> None:
        tool.received.add(await stream.request())
        await soon(release.wait())
        await stream.send(b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\nContent-Length: 4\r\n\r\n")
        await stream.send(b"done")

    tool.play = play
    plane.injects(effect)
    agent = await plane.agent()
    await agent.send(POST)
    await tool.received.first()
    agent.close()
    await plane.all_gone()
    assert not plane.path.answers.all
    release.set()

    answer = await plane.answer()
    assert (answer.outcome, answer.status) == (Outcome.AGENT_LEFT, 0)
    assert (answer.truth, answer.upstream_status) == (UpstreamTruth.EXECUTED, 200)


@pytest.mark.parametrize("cut", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
async def test_tool_that_fails_after_the_agent_has_left(plane: Plane, tool: ScriptedUpstream, cut: bytes) -> None:
    release = asyncio.Event()

    async def play(stream: Stream) -> None:
        tool.received.add(await stream.request())
        await soon(release.wait())
        await stream.send(cut)
        stream.close()

    tool.play = play
    plane.injects(Disconnect(Ending.RESET, AFTER))
    agent = await plane.agent()
    await agent.send(POST)
    await tool.received.first()
    agent.close()
    await plane.all_gone()
    release.set()

    answer = await plane.answer()
    assert (answer.outcome, answer.status, answer.skipped) == (Outcome.AGENT_LEFT, 0, "upstream_failed")


# The tool fails by itself under a fault


async def test_tool_that_refuses_is_not_the_faults_doing(plane: Plane) -> None:
    plane.injects(Disconnect(Ending.RESET, AFTER))

    assert (await plane.ask(b"GET /gone/x HTTP/1.1\r\nHost: a\r\n\r\n")).status == 502
    answer = await plane.answer()
    assert (answer.origin, answer.skipped, answer.truth) == (Origin.PROXY, "upstream_failed", UpstreamTruth.NOT_SENT)


async def test_tool_that_breaks_off_is_not_the_faults_doing(plane: Plane, tool: ScriptedUpstream) -> None:
    part = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    tool.says(part, then=Then.CLOSE)
    plane.injects(Respond(MADE, AFTER))
    agent = await plane.agent()
    await agent.send(POST)

    said, end = await agent.ended()
    assert end is End.FIN
    assert said in (part, part.removesuffix(b"half")), "a reply that was not to be delivered may not have been kept"
    answer = await plane.answer()
    assert (answer.origin, answer.skipped, answer.outcome) == (Origin.UPSTREAM, "upstream_failed", Outcome.TRUNCATED)


async def test_mistake_in_a_fault_is_answered_and_told(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Rewrite(lambda reply: reply.nothing, "a mistake"))  # type: ignore[attr-defined]  # that is the mistake

    word = await plane.ask(GET)
    answer = await plane.answer()
    assert word.status == 502
    assert (answer.origin, answer.skipped) == (Origin.PROXY, "fault_failed")
    assert "fault_failed" in plane.taken_errors()


async def test_mistake_of_a_listener_to_the_end_gives_no_second_answer(plane: Plane) -> None:
    plane.injects(Respond(MADE, BEFORE))
    end = plane.path.end

    def mistaken(*told: Any) -> None:  # noqa: ANN401  what the port is told
        end(*told)
        raise ValueError("a mistake")

    plane.path.end = mistaken  # type: ignore[assignment,method-assign]  # a double, mistaken on purpose
    agent = await plane.agent()
    for _ in range(2):
        await agent.send(GET)
        reply = await agent.response()

        assert (reply.status, reply.body) == (MADE.status, MADE.body)
    assert "fault_failed" in plane.taken_errors()


async def test_mistake_in_a_decision_is_answered_and_told(plane: Plane) -> None:
    plane.path.decide = lambda call: call.nothing  # type: ignore[attr-defined]  # likewise
    agent = await plane.agent()
    await agent.send(GET)

    assert (await agent.ended())[0].startswith(b"HTTP/1.1 500 ")
    assert "request_failed" in plane.taken_errors()
    plane.path.forget_open_calls()


# Stopping


async def test_stop_ends_hanging_calls_at_once_and_gives_the_others_their_time(
    plane: Plane, tool: ScriptedUpstream
) -> None:
    release = asyncio.Event()

    async def play(stream: Stream) -> None:
        tool.received.add(await stream.request())
        await soon(release.wait())
        await stream.send(OK)

    tool.play = play
    idle, busy, hanging = await plane.agent(), await plane.agent(), await plane.agent()
    await busy.send(GET)
    await tool.received.first()
    plane.injects(Hang(600, BEFORE))
    await hanging.send(GET)
    await plane.path.calls.nth(2)

    stopping = asyncio.ensure_future(plane.listener.stop(10))
    assert await hanging.ended() == (b"", End.FIN)
    assert await idle.ended() == (b"", End.FIN)
    assert (await plane.answer()).outcome is Outcome.TIMEOUT
    assert not stopping.done()
    with pytest.raises(ConnectionRefusedError):
        await Stream.connect(plane.address)
    release.set()

    assert await busy.ended() == (OK, End.FIN)
    await soon(stopping)
    assert (await plane.answer(2)).outcome is Outcome.OK


async def test_stop_does_not_wait_for_ever(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(then=Then.STALL)
    agent = await plane.agent()
    await agent.send(GET)
    await tool.received.first()
    await soon(plane.listener.stop(0.05))

    assert (await agent.ended())[0] == b""
    assert (await plane.answer()).outcome is Outcome.AGENT_LEFT
    assert await tool.ends.first() in (End.FIN, End.RESET)


async def test_stop_lets_an_agent_read_the_answer_that_it_has_been_given(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(OK)
    agent = await plane.agent()
    await agent.send(GET)
    await plane.answer()
    (connection,) = plane.listener._connections
    rest = b"x" * 32_000_000  # more than both kernels' buffers hold
    connection.send(rest)

    stopping = asyncio.ensure_future(plane.listener.stop(10))
    got, end = await agent.ended()

    assert got == OK + rest
    assert end is End.FIN
    await soon(stopping)
