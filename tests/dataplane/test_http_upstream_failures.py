"""A tool that fails by itself is shown as it failed where HTTP allows, in our own word where not, and never hidden."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaosproxy.core.answer import Origin, UpstreamTruth
from chaosproxy.core.effects import Delay, Ending, Extent, Place, Truncate
from chaosproxy.core.failures import Outcome, Phase
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Ended, Stream, soon
from tests.doubles.upstream import OK, Say, ScriptedUpstream, Then

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /tool/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
HEAD = b"HTTP/1.1 200 OK\r\n"


async def test_refused_connection_is_a_502_of_our_own(plane: Plane) -> None:
    agent = await plane.agent()
    for number in (1, 2):
        await agent.send(b"POST /gone/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
        word = await agent.response()
        answer = await plane.answer(number)

        assert (word.status, word.values(b"Content-Type")) == (502, [b"application/problem+json"])
        assert b"refused the connection" in word.body
        assert (answer.origin, answer.outcome, answer.status) == (Origin.PROXY, Outcome.UNAVAILABLE, 502)
        assert (answer.truth, answer.upstream_status) == (UpstreamTruth.NOT_SENT, 0)
        assert answer.problem is not None


async def test_unknown_name_is_a_502_of_our_own(plane: Plane) -> None:
    word = await plane.ask(b"GET http://no-such-host.invalid/ HTTP/1.1\r\nHost: a\r\n\r\n")

    assert word.status == 502
    assert (await plane.answer()).origin is Origin.PROXY


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "a..test", ".test"])
async def test_what_no_name_can_be_is_a_502_of_our_own(plane: Plane, host: str) -> None:
    word = await plane.ask(b"GET http://%s/ HTTP/1.1\r\nHost: a\r\n\r\n" % host.encode())

    assert word.status == 502
    assert b"name not found" in word.body
    assert (await plane.answer()).origin is Origin.PROXY


@pytest.mark.parametrize("effect", [Delay(0.0, Phase.BEFORE_UPSTREAM), Delay(0.0, Phase.AFTER_UPSTREAM)])
async def test_what_no_name_can_be_ends_a_call_that_a_fault_strikes_too(plane: Plane, effect: Delay) -> None:
    plane.injects(effect)

    assert (await plane.ask(b"GET http://a..test/ HTTP/1.1\r\nHost: a\r\n\r\n")).status == 502
    assert (await plane.answer()).outcome is Outcome.UNAVAILABLE


async def test_head_gets_the_head_of_the_word_only(plane: Plane) -> None:
    agent = await plane.agent()
    await agent.send(b"HEAD /gone/x HTTP/1.1\r\nHost: a\r\n\r\n")

    assert (await agent.response("HEAD")).status == 502
    assert await agent.ending() == (b"", End.SILENT)


@pytest.mark.parametrize("then", [Then.CLOSE, Then.RESET])
async def test_tool_that_ends_without_an_answer_is_a_502(plane: Plane, tool: ScriptedUpstream, then: Then) -> None:
    tool.says(b"HTTP/1.1 200 O", then=then)

    word = await plane.ask(GET)
    answer = await plane.answer()
    assert word.status == 502
    assert (answer.origin, answer.truth) == (Origin.PROXY, UpstreamTruth.SENT_UNKNOWN)
    assert tool.executions == 1


@pytest.mark.parametrize("then", [Then.CLOSE, Then.RESET])
async def test_fresh_connection_that_fails_is_not_tried_again(plane: Plane, tool: ScriptedUpstream, then: Then) -> None:
    """Only one that was kept may have died before the request came."""
    tool.says(then=then)

    assert (await plane.ask(GET)).status == 502
    assert (tool.connections, tool.executions) == (1, 1)


GARBAGE = {
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "two framings": HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "folded header": HEAD + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "protocol switch": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw",
    "status 000": b"HTTP/1.1 000 Nothing\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "status 99": b"HTTP/1.1 099 Nothing\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "endless head": HEAD + b"X: 1\r\n" * 60_000,
}


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_is_a_502_and_none_of_it_reaches_the_agent(
    plane: Plane, tool: ScriptedUpstream, name: str
) -> None:
    tool.says(GARBAGE[name], then=Then.STALL)
    agent = await plane.agent()
    await agent.send(GET)

    word = await agent.response()
    assert word.raw.startswith(b"HTTP/1.1 502 ")
    assert await agent.ending() == (b"", End.SILENT)
    assert await tool.ends.first() in (End.FIN, End.RESET)
    answer = await plane.answer()
    assert (answer.origin, answer.upstream_status) == (Origin.PROXY, 0)


CUT = {
    "length": (HEAD + b"Content-Length: 100\r\n\r\n", b"the first part"),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"e\r\nthe first part\r\n"),
}


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("end", [End.FIN, End.RESET])
async def test_cut_body_stays_cut_in_the_same_way(plane: Plane, tool: ScriptedUpstream, name: str, end: End) -> None:
    head, part = CUT[name]
    heard = asyncio.Event()

    async def play(stream: Stream) -> None:
        await stream.request()
        await stream.send(head, part)
        await soon(heard.wait())
        stream.reset() if end is End.RESET else stream.close()

    tool.play = play
    agent = await plane.agent()
    await agent.send(POST)
    assert await agent.exactly(len(head + part)) == head + part
    heard.set()

    assert await agent.ended() == (b"", end)
    answer = await plane.answer()
    assert answer.outcome is (Outcome.RESET if end is End.RESET else Outcome.TRUNCATED)
    assert (answer.origin, answer.status) == (Origin.UPSTREAM, 200)
    assert answer.truth is UpstreamTruth.EXECUTED
    assert answer.bytes_out == 14


async def test_reset_of_a_body_until_close_is_a_reset(plane: Plane, tool: ScriptedUpstream) -> None:
    heard = asyncio.Event()

    async def play(stream: Stream) -> None:
        await stream.request()
        await stream.send(HEAD + b"\r\npart")
        await soon(heard.wait())
        stream.reset()

    tool.play = play
    agent = await plane.agent()
    await agent.send(GET)
    await agent.until(b"part")
    heard.set()

    assert await agent.ended() == (b"", End.RESET)


async def test_reset_reaches_an_agent_that_has_not_read_all(plane: Plane, tool: ScriptedUpstream) -> None:
    """What has come before the reset is not thrown away by it, and it does not turn into a FIN."""
    part = b"x" * 400_000
    tool.says(HEAD + b"Content-Length: 1000000\r\n\r\n", part, then=Then.RESET)
    agent = await plane.agent()
    await agent.send(GET)

    answer = await plane.answer()
    got, end = await agent.ended()
    assert end is End.RESET
    assert answer.outcome is Outcome.RESET
    assert len(got) - got.index(b"\r\n\r\n") - 4 == answer.bytes_out


# Too late


@pytest.fixture
async def impatient(tool: ScriptedUpstream) -> Plane:
    return Plane({"upstreams": {"tool": {"url": tool.url, "timeout": "1ms"}}})


async def test_answer_that_does_not_begin_in_time_is_a_504(impatient: Plane, tool: ScriptedUpstream) -> None:
    tool.says(then=Then.STALL)
    await impatient.start()
    agent = await impatient.agent()
    await agent.send(POST)

    assert (await agent.response()).status == 504
    assert await agent.ending() == (b"", End.SILENT)
    assert await tool.ends.first() in (End.FIN, End.RESET)
    answer = await impatient.answer()
    assert (answer.outcome, answer.origin, answer.truth) == (Outcome.TIMEOUT, Origin.PROXY, UpstreamTruth.SENT_UNKNOWN)
    await impatient.stop()


async def test_tool_under_an_after_fault_that_does_not_answer_in_time(impatient: Plane, tool: ScriptedUpstream) -> None:
    tool.says(then=Then.STALL)
    impatient.injects(Truncate(Place(Extent.BODY, 0.5), Ending.CLOSE))
    await impatient.start()

    assert (await impatient.ask(POST)).status == 504
    assert (await impatient.answer()).skipped == "upstream_failed"
    await impatient.stop()


async def test_answer_that_began_in_time_may_take_longer(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(HEAD + b"Content-Length: 2\r\n\r\no", then=Then.STALL)
    agent = await plane.agent()
    await agent.send(GET)
    await agent.until(b"o")

    (exchange,) = [each.exchange for each in plane.listener.in_flight.values()]
    assert exchange is not None
    assert exchange.deadline == 0


# The agent leaves


async def test_agent_that_leaves_ends_the_tools_work_at_once(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(then=Then.STALL)
    agent = await plane.agent()
    await agent.send(POST)
    await tool.received.first()
    agent.close()

    assert await tool.ends.first() in (End.FIN, End.RESET)
    answer = await plane.answer()
    assert (answer.outcome, answer.status, answer.truth) == (Outcome.AGENT_LEFT, 0, UpstreamTruth.SENT_UNKNOWN)


async def test_agent_that_leaves_in_the_middle_of_the_answer(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(HEAD + b"Content-Length: 100\r\n\r\npart", then=Then.STALL)
    agent = await plane.agent()
    await agent.send(POST)
    await agent.until(b"part")
    agent.reset()

    assert await tool.ends.first() in (End.FIN, End.RESET)
    answer = await plane.answer()
    assert (answer.outcome, answer.status, answer.truth) == (Outcome.AGENT_LEFT, 200, UpstreamTruth.EXECUTED)


async def test_agent_that_leaves_with_a_pipeline_leaves_with_all_of_it(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(then=Then.STALL)
    agent = await plane.agent()
    await agent.send(GET + POST + POST)
    await tool.received.first()
    agent.close()

    await plane.all_gone()
    assert (tool.executions, len(plane.path.calls), len(plane.path.answers)) == (1, 1, 1)


# Anything at all


pieces = st.sampled_from(
    [
        *(
            HEAD,
            b"HTTP/1.0 200 OK\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 101 S\r\n",
            b"HTTP/1.1 204 N\r\n\r\n",
        ),
        *(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"Upgrade: x\r\n"),
        *(
            b"Retry-After: Mon, 01 Jan 99999999999 00:00:00 GMT\r\n",
            b"HTTP/1.1 429 N\r\n",
            b"Content-Type: text/event-stream\r\n",
        ),
        *(b"\r\n", b"\r\n\r\n", b"hello", b"5\r\nhello\r\n", b"0\r\n\r\n", b"zz\r\n", b"\0", OK),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.builds(
        Say,
        st.lists(pieces | st.binary(max_size=40), max_size=10).map(tuple),
        st.sampled_from([Then.CLOSE, Then.RESET]),
    ),
    st.sampled_from([GET, POST, b"HEAD /tool/x HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /tool/x HTTP/1.0\r\n\r\n"]),
    st.booleans(),
)
async def test_any_response_ends_in_an_answer_or_a_closed_connection(
    plane: Plane, tool: ScriptedUpstream, say: Say, sent: bytes, faulted: bool
) -> None:
    if faulted:
        plane.injects(Truncate(Place(Extent.BODY, 0.5), Ending.CLOSE))
    tool.says_in_turn(say)
    before = len(plane.path.answers)
    agent = await plane.agent()
    await agent.send(sent)
    try:
        message = await agent.response(sent.split(b" ")[0].decode())
        assert 200 <= message.status <= 999
    except Ended:
        pass
    await plane.path.answers.nth(before + 1)
    agent.close()
    await plane.all_gone()

    assert plane.unhandled == []
    assert plane.path.ended_twice == []
    assert plane._errors.records == []
