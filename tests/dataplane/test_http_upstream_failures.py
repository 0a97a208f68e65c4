"""A tool that fails by itself is shown as it failed where HTTP allows, in our own word where not, and never hidden."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaosproxy.core.answer import Origin, UpstreamTruth
from chaosproxy.core.effects import Ending, Truncate
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.upstream import IDLE_LIMIT, IDLE_LIMIT_UNSAFE
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Ended, Stream, soon
from tests.doubles.upstream import OK, Say, ScriptedUpstream, Then

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
PUT = b"PUT /tool/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
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
    assert tool.executions == 1, "a fresh connection that fails is the tool's failure, and not tried again"


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
@pytest.mark.parametrize(
    ("then", "end", "outcome"),
    [(Then.CLOSE, End.FIN, Outcome.TRUNCATED), (Then.RESET, End.RESET, Outcome.RESET)],
)
async def test_cut_body_stays_cut_in_the_same_way(
    plane: Plane, tool: ScriptedUpstream, name: str, then: Then, end: End, outcome: Outcome
) -> None:
    head, part = CUT[name]
    heard = asyncio.Event()

    async def play(stream: Stream) -> None:
        await stream.request()
        await stream.send(head, part)
        await soon(heard.wait())
        stream.reset() if then is Then.RESET else stream.close()

    tool.play = play
    agent = await plane.agent()
    await agent.send(POST)
    assert await agent.exactly(len(head + part)) == head + part
    heard.set()

    assert await agent.ended() == (b"", end)
    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.status) == (outcome, Origin.UPSTREAM, 200)
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
    impatient.injects(Truncate(0.5, Ending.CLOSE))
    await impatient.start()

    assert (await impatient.ask(POST)).status == 504
    assert (await impatient.answer()).skipped == "upstream_failed"
    await impatient.stop()


async def test_answer_that_began_in_time_may_take_longer(impatient: Plane, tool: ScriptedUpstream) -> None:
    async def play(stream: Stream) -> None:
        await stream.request()
        await stream.send(HEAD + b"Content-Length: 2\r\n\r\no")
        await soon(swept.wait())
        await stream.send(b"k")

    swept = asyncio.Event()
    tool.play = play
    impatient.profile.upstreams["tool"].__dict__["timeout"] = 300.0
    await impatient.start()
    agent = await impatient.agent()
    await agent.send(GET)
    await agent.until(b"o")
    (exchange,) = impatient.listener.exchanges
    assert exchange.deadline == 0
    swept.set()

    assert (await soon(impatient.path.answers.first())).outcome is Outcome.OK
    await impatient.stop()


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


# Connections that are kept


async def one_kept(plane: Plane, tool: ScriptedUpstream, *, then_dies: bytes = b"") -> None:
    """A connection in the pool, whose other end closes as soon as the next request has come."""
    tool.says_in_turn(Say((OK,)), Say((then_dies,) if then_dies else (), Then.CLOSE), Say((OK,)))
    await plane.ask(GET)


@pytest.mark.parametrize("request_bytes", [GET, PUT])
async def test_idempotent_request_on_a_dying_connection_is_sent_again_once(
    plane: Plane, tool: ScriptedUpstream, request_bytes: bytes
) -> None:
    await one_kept(plane, tool)

    assert (await plane.ask(request_bytes)).raw == OK
    assert (tool.connections, tool.executions) == (2, 3)
    assert tool.received.all[1].raw == tool.received.all[2].raw
    assert len(plane.path.answers) == 2, "one call, though it was sent twice"


async def test_post_on_a_dying_connection_is_never_sent_again(plane: Plane, tool: ScriptedUpstream) -> None:
    await one_kept(plane, tool)

    assert (await plane.ask(POST)).status == 502
    assert (tool.connections, tool.executions) == (1, 2)
    assert (await plane.answer(2)).truth is UpstreamTruth.SENT_UNKNOWN


async def test_request_that_was_half_answered_is_never_sent_again(plane: Plane, tool: ScriptedUpstream) -> None:
    await one_kept(plane, tool, then_dies=b"HTTP/1.1 2")

    assert (await plane.ask(GET)).status == 502
    assert tool.executions == 2


async def test_streamed_body_cannot_be_sent_again(plane: Plane, tool: ScriptedUpstream) -> None:
    """It is gone: sending the request again would send it empty."""
    await one_kept(plane, tool)
    body = b"x" * 2_000_000

    word = await plane.ask(b"PUT /tool/x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert word.status == 502
    assert [len(got.body) for got in tool.received.all] == [0, len(body)]


async def test_retry_that_fails_is_not_tried_a_third_time(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says_in_turn(Say((OK,)), Say((), Then.CLOSE))
    await plane.ask(GET)

    assert (await plane.ask(GET)).status == 502
    assert tool.executions == 3


async def test_connection_that_closed_while_idle_is_not_used(plane: Plane, tool: ScriptedUpstream) -> None:
    await plane.ask(POST)
    (await tool.streams.first()).close()
    while any(plane.listener.pool._idle.values()):
        await asyncio.sleep(0)

    assert (await plane.ask(POST)).raw == OK
    assert tool.connections == 2


async def test_unsafe_requests_take_only_connections_just_used(plane: Plane, tool: ScriptedUpstream) -> None:
    await plane.ask(POST)
    (idle,) = plane.listener.pool._idle.values()
    idle[0].idle_since -= IDLE_LIMIT_UNSAFE

    await plane.ask(POST)
    assert tool.connections == 2
    assert (await plane.ask(GET)).raw == OK
    assert tool.connections == 2


async def test_idle_connections_are_closed_in_the_end(plane: Plane, tool: ScriptedUpstream) -> None:
    await plane.ask(GET)
    pool = plane.listener.pool
    (idle,) = pool._idle.values()
    pool.sweep()
    assert idle
    idle[0].idle_since -= IDLE_LIMIT
    pool.sweep()

    assert await tool.ends.first() in (End.FIN, End.RESET)


ONE = HEAD + b"Content-Length: 3\r\n\r\none"
SPLIT = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nSPLIT"


@pytest.mark.parametrize(
    ("method", "said", "whole"),
    [
        (b"GET", ONE, ONE),
        (b"GET", HEAD + b"Content-Length: 0\r\n\r\n", HEAD + b"Content-Length: 0\r\n\r\n"),
        (b"GET", HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
         b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
        (b"GET", HEAD + b"Connection: close\r\nContent-Length: 3\r\n\r\none", ONE),
        (b"HEAD", HEAD + b"Content-Length: 3\r\n\r\n", HEAD + b"Content-Length: 3\r\n\r\n"),
        (b"HEAD", HEAD + b"\r\n", HEAD + b"\r\n"),
        (b"HEAD", HEAD + b"Content-Length: %d\r\n\r\n" % len(SPLIT), HEAD + b"Content-Length: %d\r\n\r\n" % len(SPLIT)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("more", [SPLIT, b"garbage\r\n", b"\r\nx", b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"])
@pytest.mark.parametrize("apart", [False, True])
async def test_second_response_reaches_nobody(
    plane: Plane, tool: ScriptedUpstream, method: bytes, said: bytes, whole: bytes, more: bytes, apart: bool
) -> None:
    """A response that nobody asked for would be taken for the answer to the next request: response splitting."""
    told = asyncio.Event()

    async def play(stream: Stream) -> None:
        await stream.until(b"\r\n\r\n")
        await stream.send(said + (b"" if apart else more))
        if apart:
            await soon(told.wait())
            await stream.send(more)
        tool.ends.add((await stream.ended())[1])

    tool.play = play
    agent = await plane.agent()
    await agent.send(method + b" /tool/x HTTP/1.1\r\nHost: a\r\n\r\n")
    assert await agent.exactly(len(whole)) == whole
    told.set()
    assert await tool.ends.first() in (End.FIN, End.RESET)
    tool.play = None
    await agent.send(b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n")

    assert (await agent.response()).raw == OK
    assert tool.connections == 2
    assert (await plane.answer(1)).outcome is Outcome.OK


@pytest.mark.parametrize("header", [b"Connection: close", b"connection: X, Close"])
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_connection_that_the_tool_will_close_is_not_used_again(
    plane: Plane, tool: ScriptedUpstream, method: bytes, header: bytes
) -> None:
    tool.says(HEAD + header + b"\r\nContent-Length: 0\r\n\r\n")
    agent = await plane.agent()
    for _ in range(2):
        await agent.send(method + b" /tool/x HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await agent.response(method.decode())).status == 200

    assert tool.connections == 2


async def test_answer_until_close_to_an_upload_that_nobody_reads(plane: Plane, tool: ScriptedUpstream) -> None:
    async def play(stream: Stream) -> None:
        await stream.until(b"\r\n\r\n")
        await stream.send(b"HTTP/1.1 413 Too Large\r\n\r\nno")
        stream.half_close()
        await tool.ends.first()

    tool.play = play
    body = b"x" * 8_000_000
    agent = await plane.agent()
    sending = asyncio.ensure_future(
        agent.send(b"POST /tool/x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body), body)
    )
    assert (await agent.until(b"no")).startswith(b"HTTP/1.1 413 ")
    agent.close()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    tool.ends.add(End.FIN)


# Anything at all


pieces = st.sampled_from(
    [
        *(HEAD, b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 101 S\r\n", b"HTTP/1.1 204 N\r\n\r\n"),
        *(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"Upgrade: x\r\n"),
        *(b"Retry-After: Mon, 01 Jan 99999999999 00:00:00 GMT\r\n", b"HTTP/1.1 429 N\r\n", b"Content-Type: text/event-stream\r\n"),
        *(b"\r\n", b"\r\n\r\n", b"hello", b"5\r\nhello\r\n", b"0\r\n\r\n", b"zz\r\n", b"\0", ONE, SPLIT),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(pieces | st.binary(max_size=40), max_size=10),
    st.sampled_from([Then.CLOSE, Then.RESET]),
    st.sampled_from([GET, POST, b"HEAD /tool/x HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /tool/x HTTP/1.0\r\n\r\n"]),
    st.booleans(),
)
async def test_any_response_ends_in_an_answer_or_a_closed_connection(
    plane: Plane, tool: ScriptedUpstream, said: list[bytes], then: Then, sent: bytes, faulted: bool
) -> None:
    if faulted:
        plane.injects(Truncate(0.5, Ending.CLOSE))
    tool.says(*said, then=then)
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
