"""Quiet: what an agent gets through the proxy is what it would get from the tool itself, whatever the tool says."""

import asyncio

import pytest

from chaosproxy.core.answer import Origin, UpstreamTruth
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.wire import HOP_BY_HOP
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Message, Stream, soon
from tests.doubles.upstream import Say, ScriptedUpstream, Then

BIG = bytes(range(256)) * 4 * 8192  # 8 MiB

HEAD = b"HTTP/1.1 200 OK\r\n"
RESPONSES = {
    "length": (HEAD + b"Content-Length: 5\r\n\r\n", b"hello"),
    "empty": (HEAD + b"Content-Length: 0\r\n\r\n",),
    "odd case and order": (HEAD + b"x-B: 1\r\nCONTENT-length: 5\r\nX-a: 2\r\nx-b: 3\r\n\r\n", b"hello"),
    "duplicates": (HEAD + b"Set-Cookie: a=1\r\nContent-Length: 0\r\nset-cookie: b=2\r\nSet-Cookie: a=1\r\n\r\n",),
    "empty header": (HEAD + b"X-Empty:\r\nContent-Length: 0\r\n\r\n",),
    "not ascii": (HEAD + "X: caf\xe9 \u00fc\r\nContent-Length: 0\r\n\r\n".encode("latin-1"),),
    "no phrase": (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",),
    "own phrase": (b"HTTP/1.1 200 Fine, thank you\r\nContent-Length: 0\r\n\r\n",),
    "unknown status": (b"HTTP/1.1 599 What\r\nContent-Length: 2\r\n\r\nno",),
    "error": (b"HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno",),
    "redirect": (b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/\r\nContent-Length: 0\r\n\r\n",),
    "binary": (HEAD + b"Content-Length: 256\r\n\r\n" + bytes(range(256)),),
    "encoded": (HEAD + b"Content-Encoding: gzip\r\nETag: x\r\nContent-Length: 4\r\n\r\n\x1f\x8b\0\xff",),
    "hop by hop": (HEAD + b"Connection: keep-alive, X-Own\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n",),
    "chunked": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n", b"6;x=y\r\n world\r\n0\r\n\r\n"),
    "chunked and empty": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",),
    "trailers": (
        HEAD + b"Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n",
    ),
    "no content": (b"HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n",),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: x\r\n\r\n",),
    "in pieces": tuple(bytes([byte]) for byte in HEAD + b"Content-Length: 2\r\n\r\nok"),
    "8 MiB": (HEAD + b"Content-Length: %d\r\n\r\n" % len(BIG), BIG),
    "8 MiB in a chunk": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(BIG),
        BIG,
        b"\r\n0\r\n\r\n",
    ),
    "early hints": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        HEAD + b"Content-Length: 2\r\n\r\nok",
    ),
}
CLOSING = {
    "until close": (HEAD + b"X: 1\r\n\r\n", b"hello"),
    "nothing until close": (HEAD + b"\r\n",),
    "length and close": (HEAD + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello",),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nX: 1\r\n\r\n", b"hello"),
    "HTTP/1.0 with length": (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",),
}


def essence(message: Message) -> tuple[object, ...]:
    """All that must not change: not the version, nor what is about one connection."""
    version, _, status = message.start.partition(b" ")
    assert version in (b"HTTP/1.1", b"HTTP/1.0")
    named = {token.strip().lower() for value in message.values(b"connection") for token in value.split(b",")}
    headers = [pair for pair in message.headers if pair[0].lower() not in HOP_BY_HOP | named]
    return status.rstrip(), headers, message.body, message.trailers


async def ask(address: tuple[str, int], target: bytes, method: bytes = b"GET", version: bytes = b"1.1") -> Message:
    agent = await Stream.connect(address)
    try:
        await agent.send(method + b" " + target + b" HTTP/" + version + b"\r\nHost: a\r\n\r\n")
        return await agent.response(method.decode())
    finally:
        agent.close()


async def same_as_direct(plane: Plane, tool: ScriptedUpstream, method: bytes = b"GET") -> None:
    direct = essence(await ask(tool.address, b"/x", method))
    gateway = essence(await ask(plane.address, b"/tool/x", method))
    forward = essence(await ask(plane.address, tool.url.encode() + b"/x", method))

    assert gateway == direct
    assert forward == direct


@pytest.mark.parametrize("name", RESPONSES)
async def test_response_passes_as_it_came(plane: Plane, tool: ScriptedUpstream, name: str) -> None:
    tool.says(*RESPONSES[name])

    await same_as_direct(plane, tool)


@pytest.mark.parametrize("name", CLOSING)
async def test_response_that_ends_the_connection_passes_as_it_came(
    plane: Plane, tool: ScriptedUpstream, name: str
) -> None:
    tool.says(*CLOSING[name], then=Then.CLOSE)

    await same_as_direct(plane, tool)


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"Content-Length: 5\r\nX: 1\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        HEAD + b"\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_response_to_head_has_no_body_and_keeps_the_connection(
    plane: Plane, tool: ScriptedUpstream, head: bytes
) -> None:
    tool.says(head)
    agent = await plane.agent()

    for _ in range(2):
        await agent.send(b"HEAD /tool/x HTTP/1.1\r\nHost: a\r\n\r\n")
        assert await agent.until(b"\r\n\r\n") == head
    assert await agent.ending() == (b"", End.SILENT)
    assert tool.connections == 1


async def test_raw_bytes_are_the_tools_own(plane: Plane, tool: ScriptedUpstream) -> None:
    said = b"HTTP/1.1 200 \r\nx-B: 1\r\nTransfer-Encoding: chunked\r\nX-b: 2\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n"
    tool.says(said)
    agent = await plane.agent()
    await agent.send(b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n")

    assert await agent.ending() == (said, End.SILENT)


async def test_interim_responses_reach_the_agent(plane: Plane, tool: ScriptedUpstream) -> None:
    said = RESPONSES["early hints"]
    tool.says(*said)
    agent = await plane.agent()
    await agent.send(b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n")

    assert await agent.exactly(len(b"".join(said))) == b"".join(said)


async def test_old_agent_gets_no_chunks_no_interim_and_a_closed_connection(
    plane: Plane, tool: ScriptedUpstream
) -> None:
    tool.says(b"HTTP/1.1 103 Early Hints\r\n\r\n", *RESPONSES["chunked"])
    agent = await plane.agent()
    await agent.send(b"GET /tool/x HTTP/1.0\r\n\r\n")

    assert await agent.ended() == (b"HTTP/1.1 200 OK\r\n\r\nhello world", End.FIN)
    assert (await tool.received.first()).start == b"GET /x HTTP/1.1"
    assert (await plane.answer()).outcome is Outcome.OK


async def test_body_until_close_ends_with_fin(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(*CLOSING["until close"], then=Then.CLOSE)
    agent = await plane.agent()
    await agent.send(b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n")

    assert await agent.ended() == (HEAD + b"X: 1\r\n\r\nhello", End.FIN)
    assert (await plane.answer()).outcome is Outcome.OK


async def test_events_are_not_delayed_and_not_merged(plane: Plane, tool: ScriptedUpstream) -> None:
    """The tool says an event only after the agent has got the one before."""
    events = [b"data: %d\n\n" % number for number in range(20)] + ["data: t\u00e9il\n\n".encode()[:8], b"l\n\n"]
    got = asyncio.Event()

    async def play(stream: Stream) -> None:
        await stream.until(b"\r\n\r\n")
        await stream.send(HEAD + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for event in events:
            await soon(got.wait())
            got.clear()
            await stream.send(b"%x\r\n%b\r\n" % (len(event), event))
        await stream.send(b"0\r\n\r\n")

    tool.play = play
    agent = await plane.agent()
    await agent.send(b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n")
    await agent.until(b"\r\n\r\n")

    for event in events:
        got.set()
        framed = b"%x\r\n%b\r\n" % (len(event), event)
        assert await agent.exactly(len(framed)) == framed
    assert await agent.exactly(5) == b"0\r\n\r\n"


async def test_silent_stream_stays_open(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(HEAD + b"Content-Type: text/event-stream\r\n\r\n", b": hello\n\n", then=Then.STALL)
    agent = await plane.agent()
    await agent.send(b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n")

    whole, end = await agent.ending()
    assert whole.endswith(b": hello\n\n")
    assert end is End.SILENT


async def test_slow_reader_holds_the_tool_back(plane: Plane, tool: ScriptedUpstream) -> None:
    """Memory stays flat: what the agent does not read, the tool cannot say."""
    size = 64 * 1024 * 1024
    said = 0
    stuck = asyncio.Event()

    async def play(stream: Stream) -> None:
        nonlocal said
        await stream.until(b"\r\n\r\n")
        await stream.send(HEAD + b"Content-Length: %d\r\n\r\n" % size)
        loop = asyncio.get_running_loop()
        while said < size:
            piece = BIG[: min(65_536, size - said)]
            try:
                async with asyncio.timeout(0.5):
                    await loop.sock_sendall(stream.socket, piece)
            except TimeoutError:
                stuck.set()
                return
            said += len(piece)

    tool.play = play
    agent = await plane.agent()
    await agent.send(b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n")

    await soon(stuck.wait())
    assert said < size / 2
    (connection,) = plane.listener._connections
    assert connection.transport.get_write_buffer_size() < 1024 * 1024


async def test_pipelined_answers_do_not_pile_up_for_a_slow_reader(plane: Plane, tool: ScriptedUpstream) -> None:
    body = BIG[:200_000]
    tool.says(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    agent = await plane.agent()
    await agent.send(b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n" * 300)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await tool.received.nth(200)
    (connection,) = plane.listener._connections
    assert connection.transport.get_write_buffer_size() < 2 * 1024 * 1024
    for _ in range(300):
        assert (await agent.response()).body == body


async def test_many_calls_share_one_connection_to_the_tool(plane: Plane, tool: ScriptedUpstream) -> None:
    agent = await plane.agent()
    for _ in range(5):
        await agent.send(b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await agent.response()).status == 200

    assert (tool.connections, tool.executions, len(plane.path.answers)) == (1, 5, 5)


async def test_call_is_told_as_it_was(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says_in_turn(
        Say((HEAD + b"Content-Length: 5\r\nIdempotent-Replayed: true\r\n\r\nhello",)),
        Say((b"HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",)),
    )
    await plane.ask(b"POST /tool/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
    await plane.ask(b"POST /tool/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")

    fine, slow = await plane.answer(1), await plane.answer(2)
    assert (fine.outcome, fine.origin, fine.truth) == (Outcome.OK, Origin.UPSTREAM, UpstreamTruth.EXECUTED)
    assert (fine.status, fine.upstream_status, fine.bytes_out, fine.replayed) == (200, 200, 5, True)
    assert fine.body_digest is not None
    assert 0 < fine.first_byte <= fine.ended
    assert 0 < fine.upstream_seconds < 10
    assert (fine.injected_seconds, fine.skipped, fine.problem, fine.hint) == (0, None, None, None)
    assert (slow.outcome, slow.truth, slow.status) == (Outcome.THROTTLED, UpstreamTruth.REJECTED, 429)
    assert slow.hint is not None
    assert slow.hint.seconds == 7
