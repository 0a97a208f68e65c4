"""Agents that say no more, and agents that have left: the same packet, and not the same thing (ADR 0007)."""

import asyncio
import socket

import pytest

from chaosproxy.core.answer import UpstreamTruth
from chaosproxy.core.effects import Delay, Ending, Extent, Hang, Place, Truncate
from chaosproxy.core.failures import Outcome, Phase
from chaosproxy.dataplane.http.agents.presence import Presence, presence
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Stream, soon, until_true
from tests.doubles.upstream import OK, ScriptedUpstream, Then

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /tool/x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"

local_only = pytest.mark.skipif(not hasattr(socket, "AF_NETLINK"), reason="only Linux tells who is still there")


def slow(tool: ScriptedUpstream, *pieces: bytes) -> asyncio.Event:
    """A tool that answers when the event is set."""
    release = asyncio.Event()

    async def play(stream: Stream) -> None:
        tool.received.add(await stream.request())
        answered = asyncio.ensure_future(release.wait())
        left = asyncio.ensure_future(stream.more())
        await asyncio.wait([answered, left], return_when=asyncio.FIRST_COMPLETED)
        answered.cancel()
        if left.done():
            tool.ends.add(stream.end or End.FIN)
            return
        left.cancel()
        await stream.send(*pieces)

    tool.play = play
    return release


@local_only
async def test_agent_that_says_no_more_still_gets_its_answer(plane: Plane, tool: ScriptedUpstream) -> None:
    agent = await plane.agent()
    await agent.send(GET)
    agent.half_close()

    assert await agent.ended() == (OK, End.FIN)
    assert (await plane.answer()).outcome is Outcome.OK


@local_only
async def test_also_if_the_tool_takes_its_time(plane: Plane, tool: ScriptedUpstream) -> None:
    release = slow(tool, OK)
    agent = await plane.agent()
    await agent.send(GET)
    agent.half_close()
    await tool.received.first()
    assert await agent.ending() == (b"", End.SILENT)  # it has been asked about more than once
    release.set()

    assert await agent.ended() == (OK, End.FIN)


@local_only
async def test_all_that_was_asked_before_is_answered(plane: Plane, tool: ScriptedUpstream) -> None:
    agent = await plane.agent()
    await agent.send(GET * 20)
    agent.half_close()

    assert await agent.ended() == (OK * 20, End.FIN)


@local_only
async def test_a_large_answer_comes_whole(plane: Plane, tool: ScriptedUpstream) -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n" + b"x" * 8_000_000
    tool.says(said)
    agent = await plane.agent()
    await agent.send(GET)
    agent.half_close()

    assert await agent.ended() == (said, End.FIN)


@local_only
@pytest.mark.parametrize("phase", [Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM])
async def test_faults_strike_it_as_ever(plane: Plane, tool: ScriptedUpstream, phase: Phase) -> None:
    plane.injects(Delay(0.05, phase), Truncate(Place(Extent.BYTES, 3), Ending.CLOSE))
    agent = await plane.agent()
    await agent.send(GET)
    agent.half_close()

    said, end = await agent.ended()
    assert said.endswith(b"\r\n\r\n" + b'{"o')
    assert end is End.FIN
    assert (await plane.answer()).outcome is Outcome.TRUNCATED


# Leaving


@pytest.mark.parametrize("half_close_first", [False, True])
@pytest.mark.parametrize("reset", [False, True])
async def test_agent_that_leaves_is_gone_at_once(
    plane: Plane, tool: ScriptedUpstream, half_close_first: bool, reset: bool
) -> None:
    slow(tool)
    agent = await plane.agent()
    await agent.send(GET)
    await tool.received.first()
    if half_close_first:
        agent.half_close()
        (connection,) = plane.listener._connections
        await until_true(lambda: connection._half_closed)
    if reset:
        agent.reset()
    else:
        agent.close()

    assert await tool.ends.first() in (End.FIN, End.RESET)
    assert (await plane.answer()).outcome is Outcome.AGENT_LEFT
    await plane.all_gone()


async def test_agent_that_leaves_a_hanging_call_is_gone_at_once(plane: Plane) -> None:
    plane.injects(Hang(60, Phase.BEFORE_UPSTREAM))
    agent = await plane.agent()
    await agent.send(GET)
    await plane.path.calls.first()
    agent.close()

    answer = await plane.answer()
    assert (answer.outcome, answer.injected_seconds < 5) == (Outcome.TIMEOUT, True)


async def test_half_a_request_is_an_agent_that_left(plane: Plane, tool: ScriptedUpstream) -> None:
    agent = await plane.agent()
    await agent.send(POST % 5_000_000 + b"x" * 2_000_000)
    await tool.streams.first()
    agent.half_close()

    assert await agent.ended() == (b"", End.FIN)
    assert (await plane.answer()).outcome is Outcome.AGENT_LEFT
    assert [each.reason for each in plane.path.refused.all] == ["half_request"]


@local_only
@pytest.mark.parametrize("size", [3_000_000, 100_000_000], ids=["all sent", "not all sent"])
async def test_agent_that_leaves_while_nobody_reads_its_upload(plane: Plane, tool: ScriptedUpstream, size: int) -> None:
    """A delay holds the upload up: what is not read hides the FIN behind it."""
    plane.injects(Delay(60, Phase.BEFORE_UPSTREAM))
    agent = await plane.agent()
    sending = asyncio.ensure_future(agent.send(POST % size, b"x" * size))
    await plane.path.calls.first()
    (connection,) = plane.listener._connections
    await until_true(lambda: connection.held)
    await asyncio.wait([sending], timeout=0.3)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    agent.close()

    answer = await plane.answer()
    assert (answer.outcome, answer.truth) == (Outcome.TIMEOUT, UpstreamTruth.NOT_SENT)
    assert answer.injected_seconds < 5
    await plane.all_gone()


# What the kernel says


class Held(asyncio.BaseTransport):
    """As much of a transport as is asked."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__({"socket": sock})


@local_only
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_presence_is_what_the_other_program_holds(family: socket.AddressFamily) -> None:
    with socket.create_server(("127.0.0.1" if family is socket.AF_INET else "::1", 0), family=family) as server:
        near = socket.create_connection(server.getsockname()[:2])
        far, _ = server.accept()
        with far:
            assert presence(Held(far)) is Presence.THERE
            near.shutdown(socket.SHUT_WR)
            assert presence(Held(far)) is Presence.THERE
            near.close()
            assert presence(Held(far)) is Presence.GONE
        assert presence(Held(far)) is Presence.GONE


async def test_an_idle_connection_that_is_half_closed_is_closed(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(OK, then=Then.KEEP)
    agent = await plane.agent()
    await agent.send(GET)
    await agent.response()
    agent.half_close()

    assert await soon(agent.ended()) == (b"", End.FIN)
    assert not plane.path.refused.all
