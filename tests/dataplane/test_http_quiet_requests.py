"""Quiet: what the tool gets through the proxy is what the agent said, without what was for the proxy alone."""

import asyncio
from base64 import b64encode

import pytest

from tests.doubles.plane import Plane
from tests.doubles.streams import End, Stream, soon
from tests.doubles.upstream import OK, ScriptedUpstream, Then

BIG = bytes(range(256)) * 4 * 8192  # 8 MiB
HEAD = b"POST /tool/x HTTP/1.1\r\nHost: a\r\n"


@pytest.fixture(params=["gateway", "forward"])
def to_x(request: pytest.FixtureRequest, tool: ScriptedUpstream) -> bytes:
    """The request target that leads to the tool's /x, in each mode."""
    return b"/tool/x" if request.param == "gateway" else tool.url.encode() + b"/x"


BODIES = {
    "length": (b"Content-Length: 5\r\n\r\nhello", b"hello"),
    "empty": (b"Content-Length: 0\r\n\r\n", b""),
    "none": (b"\r\n", b""),
    "binary": (b"Content-Length: 256\r\n\r\n" + bytes(range(256)), bytes(range(256))),
    "json in chunks": (
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n",
        b"[1,2]",
    ),
    "chunks": (b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nT: 1\r\n\r\n", b"hello!"),
    "no chunks": (b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b""),
    "8 MiB": (b"Content-Length: %d\r\n\r\n" % len(BIG) + BIG, BIG),
    "8 MiB in a chunk": (b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(BIG) + BIG + b"\r\n0\r\n\r\n", BIG),
    "8 MiB of json in a chunk": (
        b"Content-Type: text/json\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(BIG) + BIG + b"\r\n0\r\n\r\n",
        BIG,
    ),
}


@pytest.mark.parametrize("name", BODIES)
async def test_body_reaches_the_tool(plane: Plane, tool: ScriptedUpstream, to_x: bytes, name: str) -> None:
    framed, body = BODIES[name]

    answer = await plane.ask(b"POST " + to_x + b" HTTP/1.1\r\nHost: a\r\nX: 1\r\n" + framed)

    got = await tool.received.first()
    assert answer.status == 200
    assert got.start == b"POST /x HTTP/1.1"
    assert got.body == body
    framing = framed.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert [name + b": " + value for name, value in got.headers[2:]] == [line for line in framing if line]
    assert (await plane.answer()).status == 200


@pytest.mark.parametrize("name", ["length", "chunks", "json in chunks"])
async def test_body_in_single_bytes_reaches_the_tool(plane: Plane, tool: ScriptedUpstream, name: str) -> None:
    framed, body = BODIES[name]
    whole = HEAD + framed

    await plane.ask(*(whole[at : at + 1] for at in range(len(whole))))

    assert (await tool.received.first()).body == body


async def test_headers_keep_order_case_and_duplicates(plane: Plane, tool: ScriptedUpstream, to_x: bytes) -> None:
    user = b64encode(b"run42:secret")
    await plane.ask(
        b"GET " + to_x + b" HTTP/1.1\r\nx-B: 1\r\nhOST: proxy.test:1\r\nX-a:\t2 \r\nx-b: 3\r\nX-Empty:\r\n"
        b"Connection: keep-alive, X-Own, Upgrade\r\nX-Own: secret\r\nKeep-Alive: 5\r\nTE: trailers\r\nUpgrade: h2c\r\n"
        b"Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic " + user + b"\r\nAccept: */*\r\n\r\n"
    )

    raw = (await tool.received.first()).raw
    assert raw == (
        b"GET /x HTTP/1.1\r\nx-B: 1\r\nhOST: "
        + tool.authority
        + b"\r\nX-a: 2 \r\nx-b: 3\r\nX-Empty: \r\nAccept: */*\r\n\r\n"
    )
    assert (await plane.path.calls.first()).session == "run42"


async def test_method_and_target_pass(plane: Plane, tool: ScriptedUpstream) -> None:
    await plane.ask(b"PROPFIND /~run42/tool/a%2Fb//c?q=%20&q=+;x HTTP/1.1\r\nHost: a\r\n\r\n")

    assert (await tool.received.first()).start == b"PROPFIND /a%2Fb//c?q=%20&q=+;x HTTP/1.1"
    assert (await plane.path.calls.first()).session == "run42"


async def test_request_without_faults_is_judged_with_its_body(plane: Plane) -> None:
    await plane.ask(HEAD, b"Content-Length: 8\r\n\r\n", b'{"a"', b": 1}")

    assert (await plane.path.calls.first()).body == {"a": 1}


async def test_pipelined_requests_are_answered_in_order(plane: Plane, tool: ScriptedUpstream) -> None:
    async def play(stream: Stream) -> None:
        while True:
            path = (await stream.request()).start.split(b" ")[1]
            await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(path) + path)

    tool.play = play
    agent = await plane.agent()
    paths = [b"/%d" % number for number in range(60)]
    await agent.send(
        b"".join(b"POST /tool%b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}" % path for path in paths)
    )

    assert [(await agent.response()).body for _ in paths] == paths
    assert await agent.ending() == (b"", End.SILENT)


async def test_endless_pipeline_behind_a_slow_call_waits_in_the_kernel(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(then=Then.STALL)
    agent = await plane.agent()
    sending = asyncio.ensure_future(agent.send(b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n" * 500_000))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await asyncio.shield(sending)

    (connection,) = plane.listener._connections
    assert len(connection._queue) < 20_000
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    assert tool.executions == 1


async def test_pipelined_upgrades_are_many_requests_and_no_recursion(plane: Plane, tool: ScriptedUpstream) -> None:
    count = 1500
    agent = await plane.agent()
    await agent.send(b"GET /tool/x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" * count)

    for _ in range(count):
        assert (await agent.response()).status == 200


async def test_unknown_upstream_in_a_pipeline_spoils_nothing(plane: Plane, tool: ScriptedUpstream) -> None:
    agent = await plane.agent()
    fine = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
    await agent.send(fine + b"GET /nobody HTTP/1.1\r\nHost: a\r\n\r\n" + fine)

    assert [(await agent.response()).status for _ in range(3)] == [200, 404, 200]


async def test_long_request_behind_a_slow_one_waits_in_the_kernel(plane: Plane, tool: ScriptedUpstream) -> None:
    """Memory stays flat: a body that waits for its turn is not read on and on."""
    release = asyncio.Event()

    async def play(stream: Stream) -> None:
        await stream.request()
        await soon(release.wait())
        await stream.send(OK)
        tool.received.add(await stream.request())
        await stream.send(OK)

    tool.play = play
    agent = await plane.agent()
    body = BIG * 8
    sending = asyncio.ensure_future(
        agent.send(b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n" + HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    )
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await asyncio.shield(sending)
    release.set()
    await soon(sending)

    assert [(await agent.response()).status for _ in range(2)] == [200, 200]
    assert (await tool.received.first()).body == body


async def test_slow_tool_holds_the_agent_back(plane: Plane, tool: ScriptedUpstream) -> None:
    go_on = asyncio.Event()

    async def play(stream: Stream) -> None:
        await soon(go_on.wait())
        tool.received.add(await stream.request())
        await stream.send(OK)

    tool.play = play
    agent = await plane.agent()
    body = BIG * 4
    sending = asyncio.ensure_future(agent.send(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await asyncio.shield(sending)
    go_on.set()
    await soon(sending)

    assert (await agent.response()).status == 200
    assert (await tool.received.first()).body == body


async def test_body_is_not_sent_before_the_tool_says_continue(plane: Plane, tool: ScriptedUpstream) -> None:
    async def play(stream: Stream) -> None:
        head = await stream.until(b"\r\n\r\n")
        assert b"Expect: 100-continue\r\n" in head
        assert not stream.buffer
        await stream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await stream.exactly(5) == b"hello"
        await stream.send(OK)

    tool.play = play
    agent = await plane.agent()
    await agent.send(HEAD + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    assert await agent.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    await agent.send(b"hello")

    assert (await agent.response()).status == 200
    assert await agent.ending() == (b"", End.SILENT)


async def test_tool_that_refuses_the_body_beforehand_is_heard(plane: Plane, tool: ScriptedUpstream) -> None:
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"

    async def play(stream: Stream) -> None:
        await stream.until(b"\r\n\r\n")
        await stream.send(refusal)
        tool.ends.add((await stream.ended())[1])

    tool.play = play
    agent = await plane.agent()
    await agent.send(HEAD + b"Expect: 100-continue\r\nContent-Length: 5000000\r\n\r\n")

    assert await agent.ended() == (refusal, End.FIN)
    assert await soon(tool.ends.first()), "a request that was sent in part leaves no connection to be used again"
    assert (await plane.answer()).status == 413


async def test_early_answer_to_an_upload_leaves_no_connection_to_the_next_request(
    plane: Plane, tool: ScriptedUpstream
) -> None:
    """Or the next request would be read as the rest of this one's body."""
    first = True

    async def play(stream: Stream) -> None:
        nonlocal first
        if first:
            first = False
            await stream.until(b"\r\n\r\n")
            await stream.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
            tool.ends.add((await stream.ended())[1])
            return
        tool.received.add(await stream.request())
        await stream.send(OK)

    tool.play = play
    agent = await plane.agent()
    await agent.send(HEAD + b"Content-Length: 3000000\r\n\r\nhalf of it")
    assert (await agent.response()).status == 413

    answer = await plane.ask(b"GET /tool/next HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.status == 200
    assert (await tool.received.first()).start == b"GET /next HTTP/1.1"


async def test_upload_goes_through_while_it_comes(plane: Plane, tool: ScriptedUpstream) -> None:
    """Each side says its next piece when it has heard the other's: neither is held up."""

    async def play(stream: Stream) -> None:
        await stream.until(b"\r\n\r\n")
        await stream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(10):
            assert await stream.exactly(9) == b"4\r\nping\r\n"
            await stream.send(b"4\r\npong\r\n")
        assert await stream.exactly(5) == b"0\r\n\r\n"
        await stream.send(b"0\r\n\r\n")

    tool.play = play
    agent = await plane.agent()
    await agent.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    await agent.until(b"\r\n\r\n")
    for _ in range(10):
        await agent.send(b"4\r\nping\r\n")
        assert await agent.exactly(9) == b"4\r\npong\r\n"
    await agent.send(b"0\r\n\r\n")

    assert await agent.ending() == (b"0\r\n\r\n", End.SILENT)


async def test_agent_that_wants_to_close_is_closed(plane: Plane) -> None:
    agent = await plane.agent()
    await agent.send(b"GET /tool/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

    assert await agent.ended() == (OK, End.FIN)
