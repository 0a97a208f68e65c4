"""Connections to the tool are used again, as long as nothing about them is doubtful, and no answer ever goes astray."""

import asyncio

import pytest

from chaosproxy.core.answer import UpstreamTruth
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.upstreams.pool import IDLE_LIMIT, IDLE_LIMIT_UNSAFE
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Stream, soon
from tests.doubles.upstream import OK, Say, ScriptedUpstream, Then

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
PUT = b"PUT /tool/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
POST = b"POST /tool/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
HEAD = b"HTTP/1.1 200 OK\r\n"


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
    tool.says_in_turn(Say((OK,), Then.CLOSE), Say((OK,)))
    await plane.ask(POST)
    while any(plane.listener.pool._idle.values()):
        await asyncio.sleep(0)

    assert (await plane.ask(POST)).raw == OK
    assert tool.connections == 2


async def test_connection_that_is_closing_is_not_used(plane: Plane) -> None:
    await plane.ask(GET)
    pool = plane.listener.pool
    (idle,) = pool._idle.values()
    (connection,) = idle
    connection.abandon()

    assert pool.take(connection.origin, unsafe=False) is None, "the loop has not told the pool yet"


async def test_unsafe_requests_take_only_connections_just_used(plane: Plane, tool: ScriptedUpstream) -> None:
    await plane.ask(POST)
    (idle,) = plane.listener.pool._idle.values()
    next(iter(idle)).idle_since -= IDLE_LIMIT_UNSAFE

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
    next(iter(idle)).idle_since -= IDLE_LIMIT  # and the listener looks now and then

    assert await tool.ends.first() in (End.FIN, End.RESET)


ONE = HEAD + b"Content-Length: 3\r\n\r\none"
SPLIT = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nSPLIT"
COMPLETE = {
    "length": (b"GET", ONE),
    "no length": (b"GET", HEAD + b"Content-Length: 0\r\n\r\n"),
    "chunks": (b"GET", HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "no content": (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
    "not modified": (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
    "and closing": (b"GET", ONE.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")),
    "to HEAD": (b"HEAD", HEAD + b"Content-Length: 3\r\n\r\n"),
    "to HEAD, unframed": (b"HEAD", HEAD + b"\r\n"),
    "to HEAD, of the length that follows": (b"HEAD", HEAD + b"Content-Length: %d\r\n\r\n" % len(SPLIT)),
}


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize(
    "more", [SPLIT, b"garbage\r\n", b"\r\nx", b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"]
)
@pytest.mark.parametrize("apart", [False, True])
async def test_second_response_reaches_nobody(
    plane: Plane, tool: ScriptedUpstream, name: str, more: bytes, apart: bool
) -> None:
    """A response that nobody asked for would be taken for the answer to the next request: response splitting."""
    method, said = COMPLETE[name]
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
    whole = said.replace(b"Connection: close\r\n", b"")
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
    assert await agent.ended() == (b"HTTP/1.1 413 Too Large\r\n\r\nno", End.FIN)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    tool.ends.add(End.FIN)
