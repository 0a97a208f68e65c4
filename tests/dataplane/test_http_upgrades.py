"""A call that asks for another protocol: the tool decides, and if it agrees, both ends talk as if we were not there."""

import asyncio

import pytest

from chaosproxy.core.answer import Reply, UpstreamTruth
from chaosproxy.core.effects import Delay, Disconnect, Effect, Ending, Extent, Hang, Place, Respond, Rewrite, Truncate
from chaosproxy.core.events import TunnelMode
from chaosproxy.core.failures import Outcome, Phase
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Stream, soon, until_true
from tests.doubles.upstream import OK, ScriptedUpstream

BEFORE, AFTER = Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM
ASK = b"GET /tool/x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n"
GET = b"GET /tool/next HTTP/1.1\r\nHost: a\r\n\r\n"
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: y\r\n\r\n"
)


class EchoTool:
    """Switches, says hello at once, and then says everything back until the other side ends."""

    def __init__(self, tool: ScriptedUpstream, *, hello: bytes = b"hello") -> None:
        self.asked = b""
        self.said = asyncio.Event()
        self.end: End | None = None
        self._tool = tool
        self._hello = hello
        tool.play = self.play

    async def play(self, stream: Stream) -> None:
        self.asked = await stream.until(b"\r\n\r\n")
        await stream.send(SWITCH + self._hello)
        self.said.set()
        while await stream.more():
            await stream.send(stream.take(len(stream.buffer)))
        self.end = stream.end
        stream.close()
        self._tool.ends.add(self.end or End.FIN)


async def test_both_sides_talk_freely_after_a_101(plane: Plane, tool: ScriptedUpstream) -> None:
    echo = EchoTool(tool)
    agent = await plane.agent()
    await agent.send(ASK + b"too early")

    assert await agent.until(b"\r\n\r\n") == SWITCH
    assert await agent.exactly(14) == b"hellotoo early"
    assert echo.asked == (
        b"GET /x HTTP/1.1\r\nHost: " + tool.authority + b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: k\r\n\r\n"
    )
    await agent.send(b"\x81\x02hi\0\r\n\r\nGET / HTTP/1.1")
    assert await agent.exactly(23) == b"\x81\x02hi\0\r\n\r\nGET / HTTP/1.1"
    agent.half_close()
    assert await agent.ended() == (b"", End.FIN)
    assert echo.end is End.FIN


async def test_agent_that_would_have_closed_after_an_ordinary_answer(plane: Plane, tool: ScriptedUpstream) -> None:
    EchoTool(tool)
    agent = await plane.agent()
    await agent.send(ASK.replace(b"Connection: ", b"Connection: close, "))
    await agent.until(b"hello")
    await agent.send(b"ping")

    assert await agent.exactly(4) == b"ping"


@pytest.mark.parametrize("scheme", [b"http", b"ws", b"WS"])
async def test_forward_proxies_are_asked_by_either_name(plane: Plane, tool: ScriptedUpstream, scheme: bytes) -> None:
    echo = EchoTool(tool)
    agent = await plane.agent()
    await agent.send(ASK.replace(b"/tool/x", scheme + b"://" + tool.authority + b"/x") + b"ping")

    assert await agent.until(b"ping") == SWITCH + b"helloping"
    assert echo.asked.startswith(b"GET /x HTTP/1.1\r\nHost: " + tool.authority + b"\r\n")


async def test_call_ends_at_the_101_and_a_tunnel_begins(plane: Plane, tool: ScriptedUpstream) -> None:
    EchoTool(tool)
    agent = await plane.agent()
    await agent.send(ASK)
    await agent.until(b"hello")

    answer = await plane.answer()
    assert (answer.outcome, answer.status, answer.upstream_status) == (Outcome.OK, 101, 101)
    assert (answer.truth, answer.bytes_out) == (UpstreamTruth.EXECUTED, 0)
    opened = await plane.path.opened.first()
    assert (opened.mode, opened.host.encode()) == (TunnelMode.UPGRADE, tool.authority)
    await agent.send(b"12345")
    await agent.exactly(5)
    agent.close()
    closed = await plane.path.closed.first()
    assert (closed.mode, closed.bytes_up, closed.bytes_down) == (TunnelMode.UPGRADE, 5, 10)
    await plane.all_gone()


@pytest.mark.parametrize(
    "said",
    [
        OK,
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
    ],
)
async def test_any_other_answer_is_an_ordinary_one(plane: Plane, tool: ScriptedUpstream, said: bytes) -> None:
    """What was sent after the request was then the next request."""
    tool.says(said)
    agent = await plane.agent()
    await agent.send(ASK + GET)

    got = said.replace(b"Connection: keep-alive\r\n", b"")
    assert await agent.ending() == (got + got, End.SILENT)
    assert [each.start for each in tool.received.all] == [b"GET /x HTTP/1.1", b"GET /next HTTP/1.1"]
    assert tool.connections == 1
    assert not plane.path.opened.all


async def test_many_that_are_declined_in_a_row(plane: Plane, tool: ScriptedUpstream) -> None:
    agent = await plane.agent()
    await agent.send(ASK * 300)

    for _ in range(300):
        assert (await agent.response()).status == 200


async def test_426_says_what_would_do(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(b"HTTP/1.1 426 No\r\nUpgrade: x/2\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n")
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.until(b"\r\n\r\n") == (
        b"HTTP/1.1 426 No\r\nContent-Length: 0\r\nUpgrade: x/2\r\nConnection: Upgrade\r\n\r\n"
    )


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n",
        b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket, other\r\n\r\n",
        b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 101 S\r\nConnection: upgrade\r\n\r\n",
    ],
    ids=["another protocol", "one more protocol", "not about the connection", "no protocol"],
)
async def test_switch_to_what_nobody_asked_for_is_a_502(plane: Plane, tool: ScriptedUpstream, said: bytes) -> None:
    tool.says(said)

    assert (await plane.ask(ASK)).status == 502
    assert not plane.path.opened.all


async def test_tool_that_closes_instead_of_switching(plane: Plane, tool: ScriptedUpstream) -> None:
    async def play(stream: Stream) -> None:
        await stream.until(b"\r\n\r\n")
        stream.close()

    tool.play = play
    assert (await plane.ask(ASK)).status == 502


@pytest.mark.parametrize("early", [b"", b"x" * 40_000, b"x" * 1_000_000], ids=["nothing", "some", "much"])
async def test_agent_that_leaves_before_the_101(plane: Plane, tool: ScriptedUpstream, early: bytes) -> None:
    """Also if it has sent more than we read of a protocol that is not agreed upon."""

    async def play(stream: Stream) -> None:
        await stream.until(b"\r\n\r\n")
        tool.ends.add((await stream.ended())[1])

    tool.play = play
    agent = await plane.agent()
    await agent.send(ASK + early)
    await tool.streams.first()
    agent.close()

    assert await tool.ends.first() in (End.FIN, End.RESET)
    assert (await plane.answer()).outcome is Outcome.AGENT_LEFT
    await plane.all_gone()


async def test_much_said_too_early_waits_in_the_kernel(plane: Plane, tool: ScriptedUpstream) -> None:
    go_on = asyncio.Event()
    got = 0

    async def play(stream: Stream) -> None:
        nonlocal got
        await stream.until(b"\r\n\r\n")
        await soon(go_on.wait())
        await stream.send(SWITCH)
        got = len(await stream.exactly(16_000_000))
        await stream.send(b"all")

    tool.play = play
    agent = await plane.agent()
    sending = asyncio.ensure_future(agent.send(ASK + b"x" * 16_000_000))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await asyncio.shield(sending)
    (connection,) = plane.listener._connections
    assert len(connection.incoming.raw or b"") < 1_000_000
    go_on.set()
    await soon(sending)
    assert await agent.until(b"all")
    assert got == 16_000_000


async def test_tool_that_is_reset_after_the_switch_resets_the_agent(plane: Plane, tool: ScriptedUpstream) -> None:
    async def play(stream: Stream) -> None:
        await stream.until(b"\r\n\r\n")
        await stream.send(SWITCH)
        await stream.exactly(2)
        stream.reset()

    tool.play = play
    agent = await plane.agent()
    await agent.send(ASK)
    await agent.until(b"\r\n\r\n")
    await agent.send(b"go")

    assert await agent.ended() == (b"", End.RESET)


# Faults


@pytest.mark.parametrize(
    ("effect", "end", "outcome"),
    [
        (Disconnect(Ending.RESET, BEFORE), End.RESET, Outcome.RESET),
        (Disconnect(Ending.RESET, AFTER), End.RESET, Outcome.RESET),
        (Disconnect(Ending.CLOSE, AFTER), End.FIN, Outcome.RESET),
        (Hang(0.05, BEFORE), End.FIN, Outcome.TIMEOUT),
        (Hang(0.05, AFTER), End.FIN, Outcome.TIMEOUT),
    ],
)
async def test_fault_before_the_101_strikes_as_ever(
    plane: Plane, tool: ScriptedUpstream, effect: Disconnect | Hang, end: End, outcome: Outcome
) -> None:
    EchoTool(tool)
    plane.injects(effect)
    agent = await plane.agent()
    await agent.send(ASK)

    assert await agent.ended() == (b"", end)
    answer = await plane.answer()
    assert (answer.outcome, answer.skipped) == (outcome, None)
    assert tool.connections == (effect.phase is AFTER)
    assert not plane.path.opened.all


@pytest.mark.parametrize("phase", [BEFORE, AFTER])
async def test_answer_in_place_of_the_101(plane: Plane, tool: ScriptedUpstream, phase: Phase) -> None:
    EchoTool(tool)
    plane.injects(Respond(Reply(418, b"Teapot", (), b"short"), phase))
    agent = await plane.agent()
    await agent.send(ASK)

    assert (await agent.response()).body == b"short"
    tool.play = None
    await agent.send(GET)
    assert (await agent.response()).body == b"short", "the connection is HTTP still"
    assert not plane.path.opened.all


@pytest.mark.parametrize("phase", [BEFORE, AFTER])
async def test_delayed_101_is_a_101(plane: Plane, tool: ScriptedUpstream, phase: Phase) -> None:
    """What the tool says meanwhile is not lost."""

    async def play(stream: Stream) -> None:
        await stream.until(b"\r\n\r\n")
        await stream.send(SWITCH)
        if phase is AFTER:
            (connection,) = plane.listener._connections
            await until_true(lambda: connection.exchange is None or connection.exchange.upstream_status == 101)
        await stream.send(b"h" * 100_000)
        await stream.send(await stream.exactly(4))

    tool.play = play
    plane.injects(Delay(0.05, phase))
    agent = await plane.agent()
    await agent.send(ASK + b"ping")

    assert await agent.until(b"\r\n\r\n") == SWITCH
    assert await agent.exactly(100_004) == b"h" * 100_000 + b"ping"
    assert (await plane.answer()).injected_seconds >= 0.05


@pytest.mark.parametrize(
    "effect",
    [Truncate(Place(Extent.BODY, 0.5), Ending.CLOSE), Rewrite(lambda reply: reply, "the same")],
    ids=["truncate", "rewrite"],
)
async def test_fault_in_a_body_that_will_not_be_is_skipped(
    plane: Plane, tool: ScriptedUpstream, effect: Effect
) -> None:
    EchoTool(tool)
    plane.injects(effect)
    agent = await plane.agent()
    await agent.send(ASK + b"ping")

    assert await agent.until(b"ping") == SWITCH + b"helloping"
    answer = await plane.answer()
    assert (answer.outcome, answer.skipped) == (Outcome.OK, "protocol_switched")


async def test_stopping_does_not_wait_for_what_is_no_call(plane: Plane, tool: ScriptedUpstream) -> None:
    EchoTool(tool)
    agent = await plane.agent()
    await agent.send(ASK)
    await agent.until(b"hello")

    await soon(plane.listener.stop(60))
    await agent.ended()
    assert (await plane.path.closed.first()).mode is TunnelMode.UPGRADE
