"""Bytes that are not clearly one request: one answer, counted once, and the next connection is served."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaosproxy.core.effects import Delay, Ending, Extent, Place, Truncate
from chaosproxy.core.failures import Outcome, Phase
from chaosproxy.dataplane.http.endings import unsent
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Stream, parse_head, soon
from tests.doubles.upstream import OK, ScriptedUpstream

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /tool/x HTTP/1.1\r\nHost: a\r\n"
NEXT = GET + b"\r\n"

BAD = {
    "no host": (b"GET /tool/x HTTP/1.1\r\n\r\n", 400, "bad_host"),
    "two hosts": (GET + b"Host: a\r\n\r\n", 400, "bad_host"),
    "length and chunks": (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "malformed"),
    "chunks and length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400, "malformed"),
    "two lengths": (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400, "malformed"),
    "the same length twice": (POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, "malformed"),
    "list of lengths": (POST + b"Content-Length: 3, 3\r\n\r\nabc", 400, "malformed"),
    "negative length": (POST + b"Content-Length: -3\r\n\r\nabc", 400, "malformed"),
    "length with a sign": (POST + b"Content-Length: +3\r\n\r\nabc", 400, "malformed"),
    "length in hex": (POST + b"Content-Length: 0x3\r\n\r\nabc", 400, "malformed"),
    "endless length": (POST + b"Content-Length: 99999999999999999999999\r\n\r\nabc", 400, "malformed"),
    "chunks in 1.0": (
        b"POST /tool/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad_framing"
    ),
    "two codings": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, "bad_framing"),
    "chunked not last": (POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400, "malformed"),
    "chunked twice": (
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "malformed"
    ),
    "unknown coding": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501, "bad_framing"),
    "folded header": (GET + b"X: a\r\n b\r\n\r\n", 400, "malformed"),
    "bare LF": (GET + b"X: a\n\r\n", 400, "malformed"),
    "bare LF at the end": (GET + b"X: a\r\n\n", 400, "malformed"),
    "bare CR": (GET + b"X: a\rb\r\n\r\n", 400, "malformed"),
    "NUL": (GET + b"X: a\0b\r\n\r\n", 400, "malformed"),
    "space before the colon": (GET + b"X : a\r\n\r\n", 400, "malformed"),
    "no colon": (GET + b"X\r\n\r\n", 400, "malformed"),
    "no name": (GET + b": a\r\n\r\n", 400, "malformed"),
    "space in the target": (b"GET /tool/a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed"),
    "unknown method": (b"BREW /tool/x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed"),
        "HTTP/2.0": (b"GET /tool/x HTTP/2.0\r\nHost: a\r\n\r\n", 505, "http_version"),
    "HTTP/0.9": (b"GET /tool/x\r\n\r\n", 505, "http_version"),
    "TLS": (bytes.fromhex("160301020001fc0303") + bytes(range(200)), 400, "tls_on_plain_port"),
    "bad chunk size": (POST + b"Transfer-Encoding: chunked\r\nContent-Type: json\r\n\r\nzz\r\n", 400, "malformed"),
    "chunk with a space": (
        POST + b"Transfer-Encoding: chunked\r\nContent-Type: json\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", 400, "malformed"
    ),
    "chunk longer than it says": (
        POST + b"Transfer-Encoding: chunked\r\nContent-Type: json\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400, "malformed"
    ),
    "CONNECT to a path": (b"CONNECT /tool/x HTTP/1.1\r\nHost: a.test:443\r\n\r\n", 400, "bad_target"),
    "bad target": (b"GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"),
    "metadata": (b"GET http://169.254.169.254/latest HTTP/1.1\r\nHost: a\r\n\r\n", 403, "forbidden_host"),
    "unknown upstream and 1.0": (b"GET /nobody HTTP/1.0\r\n\r\n", 404, "unknown_upstream"),
    "1 MiB of headers": (GET + b"X: " + b"a" * 1024 * 1024 + b"\r\n\r\n", 431, "head_too_large"),
    "1 MiB of a target": (b"GET /tool/" + b"a" * 1024 * 1024 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431, "head_too_large"),
    "70 KiB of headers": (GET + b"X: 1\r\n" * 12_000 + b"\r\n", 431, "head_too_large"),
}  # fmt: skip


async def still_serves(plane: Plane) -> None:
    assert (await plane.ask(NEXT)).status == 200


async def one_refusal(agent: Stream) -> int:
    """The status of the only answer on the connection, which ends with FIN."""
    said, end = await agent.ended()
    head, _, body = said.partition(b"\r\n\r\n")
    start, headers = parse_head(head)
    assert end is End.FIN
    assert (b"Connection", b"close") in headers
    assert (b"Content-Length", b"%d" % len(body)) in headers
    return int(start.split(b" ")[1])


@pytest.mark.parametrize("name", BAD)
async def test_bad_request_is_refused(plane: Plane, tool: ScriptedUpstream, name: str) -> None:
    sent, status, reason = BAD[name]
    agent = await plane.agent()
    await agent.send(sent)

    assert await one_refusal(agent) == status
    assert [(each.reason, each.status) for each in plane.path.refused.all] == [(reason, status)]
    assert (len(plane.path.calls), tool.executions) == (0, 0)
    await still_serves(plane)


@pytest.mark.parametrize("more", [NEXT + NEXT, NEXT + b"garbage\r\n", b"garbage\r\n"])
@pytest.mark.parametrize("name", ["bad target", "CONNECT to a path", "no host", "two hosts", "metadata"])
async def test_what_follows_a_bad_request_is_never_a_call(
    plane: Plane, tool: ScriptedUpstream, name: str, more: bytes
) -> None:
    """Least of all if it came in the same segment."""
    sent, status, _ = BAD[name]
    agent = await plane.agent()
    await agent.send(sent + more)

    assert await one_refusal(agent) == status
    assert (len(plane.path.calls), len(plane.path.refused), tool.executions) == (0, 1, 0)


@pytest.mark.parametrize("name", ["bad target", "bare LF", "no host", "CONNECT to a path"])
async def test_bad_request_in_a_pipeline_is_answered_in_its_turn(
    plane: Plane, tool: ScriptedUpstream, name: str
) -> None:
    sent, status, _ = BAD[name]
    agent = await plane.agent()
    await agent.send(NEXT + NEXT + sent + NEXT)

    assert (await agent.response()).status == 200
    assert (await agent.response()).status == 200
    assert await one_refusal(agent) == status
    assert (tool.executions, len(plane.path.refused)) == (2, 1)


@pytest.mark.parametrize("name", ["bad target", "bare LF"])
async def test_agent_that_does_not_close_after_a_refusal_is_closed(plane: Plane, name: str) -> None:
    agent = await plane.agent()
    await agent.send(BAD[name][0])
    await one_refusal(agent)
    (connection,) = plane.listener._connections

    while unsent(connection.transport):  # the kernel's word that the FIN has arrived
        await asyncio.sleep(0)

    connection.patience.look(connection.patience.deadline - 0.1)
    assert plane.listener._connections, "it may still be reading"
    connection.patience.look(connection.patience.deadline + 0.1)
    await plane.all_gone()


async def test_unknown_upstream_is_told_and_the_connection_goes_on(plane: Plane) -> None:
    agent = await plane.agent()
    await agent.send(b"GET /nobody/x HTTP/1.1\r\nHost: a\r\n\r\n")
    unknown = await agent.response()
    await agent.send(NEXT)

    assert unknown.status == 404
    assert b"gone, tool" in unknown.body
    assert (await agent.response()).status == 200
    assert [each.reason for each in plane.path.refused.all] == ["unknown_upstream"]


@pytest.mark.parametrize("half", [b"G", GET, POST + b"Content-Length: 5\r\n\r\nhel"])
async def test_half_a_request_is_counted_and_not_answered(plane: Plane, tool: ScriptedUpstream, half: bytes) -> None:
    agent = await plane.agent()
    await agent.send(half)
    agent.half_close()

    assert await agent.ended() == (b"", End.FIN)
    assert [(each.reason, each.status) for each in plane.path.refused.all] == [("half_request", 0)]
    assert tool.executions == 0
    await still_serves(plane)


async def test_connection_without_a_request_is_nothing(plane: Plane) -> None:
    agent = await plane.agent()
    agent.half_close()

    assert await agent.ended() == (b"", End.FIN)
    assert not plane.path.refused.all
    assert plane.path.connected.all == [1, -1]


@pytest.mark.parametrize("half", [b"GET /to", POST + b"Content-Length: 5\r\n\r\nhel"])
async def test_slow_request_is_given_up(plane: Plane, half: bytes) -> None:
    agent = await plane.agent()
    await agent.send(NEXT)
    await agent.response()
    (connection,) = plane.listener._connections
    idle = connection.patience.deadline
    await agent.send(half)
    while connection.patience.deadline == idle:
        await asyncio.sleep(0)

    connection.patience.look(connection.patience.deadline - 0.1)
    assert not plane.path.refused.all, "it still has time"
    connection.patience.look(connection.patience.deadline + 0.1)

    assert await one_refusal(agent) == 408
    assert [each.reason for each in plane.path.refused.all] == ["slow_request"]


async def test_upload_that_stalls_is_given_up(plane: Plane, tool: ScriptedUpstream) -> None:
    """Once a body streams, its call is under way: the time limit of the call holds, and moves with the body."""
    agent = await plane.agent()
    await agent.send(POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    stream = await tool.streams.first()
    await stream.hears(b"hello")
    (exchange,) = [each.exchange for each in plane.listener.in_flight.values()]
    assert exchange is not None
    first = exchange.deadline
    await agent.send(b"1\r\n!\r\n")
    await stream.hears(b"!")

    assert exchange.deadline > first
    exchange.overdue()
    assert (await agent.response()).status == 504
    assert (await tool.ends.first()) in (End.FIN, End.RESET)


# A body that goes wrong after its call has begun


BROKEN = POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"


async def test_bad_chunk_in_a_streamed_body_ends_the_call(plane: Plane, tool: ScriptedUpstream) -> None:
    agent = await plane.agent()
    await agent.send(BROKEN)
    stream = await tool.streams.first()
    await stream.hears(b"hello")
    await agent.send(b"zz\r\n")

    said, end = await agent.ended()
    assert said.startswith(b"HTTP/1.1 400 ")
    assert end is End.FIN
    assert await tool.ends.first() in (End.FIN, End.RESET)
    assert b"0\r\n\r\n" not in stream.heard, "the tool must not take half a body for a whole one"
    assert tool.executions == 0
    assert [each.reason for each in plane.path.refused.all] == ["malformed"]
    assert (await plane.answer()).status == 400
    await still_serves(plane)


async def test_bad_chunk_before_the_tool_is_connected_never_reaches_it(plane: Plane, tool: ScriptedUpstream) -> None:
    agent = await plane.agent()
    await agent.send(BROKEN + b"zz\r\n")

    assert (await agent.ended())[0].startswith(b"HTTP/1.1 400 ")
    assert (await plane.answer()).status == 400
    await still_serves(plane)
    assert [got.start for got in tool.received.all] == [b"GET /x HTTP/1.1"]
    assert all(b"hello" not in stream.heard for stream in tool.streams.all)


async def test_bad_chunk_during_a_delay_ends_the_call(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Delay(0.3, Phase.BEFORE_UPSTREAM))
    agent = await plane.agent()
    await agent.send(BROKEN + b"zz\r\n")

    said, end = await agent.ended()
    assert said.startswith(b"HTTP/1.1 400 ")
    assert end is End.FIN
    assert not plane.listener._tasks, "nobody still waits to forward it"
    assert tool.connections == 0


async def test_bad_chunk_while_the_reply_is_awaited_ends_the_call(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Truncate(Place(Extent.BODY, 0.5), Ending.CLOSE))
    agent = await plane.agent()
    await agent.send(BROKEN)
    stream = await tool.streams.first()
    await stream.hears(b"hello")
    await agent.send(b"zz\r\n")

    assert (await agent.ended())[0].startswith(b"HTTP/1.1 400 ")
    assert await tool.ends.first() in (End.FIN, End.RESET)
    await asyncio.sleep(0)
    assert not plane.listener._tasks, "nobody still waits for a reply that will not come"


async def test_bad_chunk_after_the_answer_began_cuts_it(plane: Plane, tool: ScriptedUpstream) -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"

    async def play(stream: Stream) -> None:
        await stream.until(b"hello\r\n")
        await stream.send(said)
        tool.ends.add((await stream.ended())[1])

    tool.play = play
    agent = await plane.agent()
    await agent.send(BROKEN)
    assert await agent.exactly(len(said)) == said
    await agent.send(b"zz\r\n")

    assert await agent.ended() == (b"", End.FIN)
    assert await tool.ends.first() in (End.FIN, End.RESET)
    assert (await plane.answer()).outcome is Outcome.TRUNCATED


# Anything at all


pieces = st.sampled_from(
    [
        *(
            GET,
            POST,
            NEXT,
            b"\r\n",
            b"\n",
            b"\r\n\r\n",
            b"0\r\n\r\n",
            b"5\r\nhello\r\n",
            b"zz\r\n",
            b"hello",
            b"\0",
            b" ",
        ),
        *(
            b"Transfer-Encoding: chunked\r\n",
            b"Content-Length: 5\r\n",
            b"Expect: 100-continue\r\n",
            b"Connection: close\r\n",
        ),
        *(
            b"Connection: upgrade\r\nUpgrade: x\r\n",
            b"GET http://[::1/ HTTP/1.1\r\nHost: a\r\n",
            b"GET /nobody HTTP/1.0\r\n",
        ),
        *(b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", b"HEAD /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(pieces | st.binary(max_size=40), max_size=12), st.booleans())
async def test_any_bytes_end_in_answers_and_a_closed_connection(plane: Plane, sent: list[bytes], faulted: bool) -> None:
    if faulted:
        plane.injects(Truncate(Place(Extent.BODY, 0.5), Ending.CLOSE))
    agent = await plane.agent()
    try:
        await agent.send(*sent)
        agent.half_close()
    except OSError:
        pass
    await agent.ended()
    agent.close()
    await plane.all_gone()

    assert plane.unhandled == []
    assert plane.path.ended_twice == []


async def test_any_chunking_is_the_same_request(plane: Plane, tool: ScriptedUpstream) -> None:
    whole = POST + b"Content-Length: 5\r\n\r\nhello" + GET + b"\r\n"
    for cut in range(0, len(whole), 7):
        agent = await plane.agent()
        await agent.send(whole[:cut], whole[cut:])
        assert [(await agent.response()).raw for _ in range(2)] == [OK, OK]
        agent.close()
    await soon(plane.all_gone())
