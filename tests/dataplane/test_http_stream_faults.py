"""Faults in live streams. The tool says its next word only when the agent has got all that it is to have by then:
whoever holds anything back longer than it must is stuck, and the test fails.
"""

import gzip

import pytest

from chaosproxy.core.answer import Origin
from chaosproxy.core.effects import (
    EditEvent,
    Effect,
    Ending,
    ErrorEvent,
    EventChange,
    Extent,
    Place,
    Reject,
    Stall,
    Throttle,
    Truncate,
)
from chaosproxy.core.failures import FailureKind, Outcome, Phase
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Stream
from tests.doubles.upstream import OK, ScriptedUpstream

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
OLD = b"GET /tool/x HTTP/1.0\r\n\r\n"
KIND = b"Content-Type: text/event-stream; charset=utf-8\r\n"
OVERLOADED = Reject(FailureKind.UNAVAILABLE, Phase.DURING_BODY)
LINE_ENDS = pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
CHUNKED = pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "until-close"])


def event(number: object, line_end: bytes = b"\n") -> bytes:
    return b"event: e%sdata: %s%s%s" % (line_end, str(number).encode(), line_end, line_end)


class Live:
    """A stream under way: what the tool says, and what the agent gets of it."""

    def __init__(self, agent: Stream, tool: Stream, *, chunked: bool) -> None:
        self.agent = agent
        self.tool = tool
        self._chunked = chunked
        self._left = 0
        """Bytes to come of the chunk that the agent is reading."""

    async def says(self, *pieces: bytes) -> None:
        for piece in pieces:
            await self.tool.send(b"%x\r\n%s\r\n" % (len(piece), piece) if self._chunked else piece)

    async def ends(self) -> None:
        if self._chunked:
            await self.tool.send(b"0\r\n\r\n")
        else:
            self.tool.close()

    async def gets(self, *expected: bytes) -> None:
        """The agent gets exactly this, and gets it now."""
        body, wanted = b"", b"".join(expected)
        while len(body) < len(wanted):
            body += await self._part(len(wanted) - len(body))
        assert body == wanted

    async def _part(self, most: int) -> bytes:
        if not self._chunked:
            return await self.agent.exactly(most)
        if not self._left:
            self._left = int(await self.agent.until(b"\r\n"), 16)
            assert self._left, "the stream is not over"
        part = await self.agent.exactly(min(self._left, most))
        self._left -= len(part)
        if not self._left:
            assert await self.agent.exactly(2) == b"\r\n"
        return part

    async def passes(self, *pieces: bytes) -> None:
        """Each is there before the next is said."""
        for piece in pieces:
            await self.says(piece)
            await self.gets(piece)

    async def gets_a_good_end(self) -> None:
        assert await self.agent.exactly(5) == b"0\r\n\r\n"

    async def is_let_go(self) -> None:
        """The tool is told that nobody wants the rest."""
        await self.tool.ended()


async def live(
    plane: Plane, tool: ScriptedUpstream, *effects: Effect, chunked: bool = True, kind: bytes = KIND, ask: bytes = GET
) -> Live:
    """A stream that has begun: its head is there, and no event."""
    if effects:
        plane.injects(*effects)
    heads: list[bytes] = []

    async def begin(stream: Stream) -> None:
        heads.append((await stream.request()).start)
        framing = b"Transfer-Encoding: chunked\r\n" if chunked else b""
        await stream.send(b"HTTP/1.1 200 OK\r\n" + kind + framing + b"\r\n")

    tool.play = begin
    agent = await plane.agent()
    await agent.send(ask)
    head = await agent.until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    return Live(agent, await tool.streams.first(), chunked=b"chunked" in head)


# Nothing is late


@CHUNKED
@pytest.mark.parametrize(
    "effects",
    [
        [],
        [EditEvent(99, EventChange.DROP)],
        [EditEvent(1, EventChange.NO_TERMINATOR)],
        [Truncate(Place(Extent.EVENTS, 99), Ending.CLOSE)],
        [Stall(Place(Extent.BYTES, 9999), 60, None)],
    ],
    ids=["quiet", "edit", "terminator", "cut", "stall"],
)
async def test_each_event_is_there_before_the_next(
    plane: Plane, tool: ScriptedUpstream, effects: list[Effect], chunked: bool
) -> None:
    stream = await live(plane, tool, *effects, chunked=chunked)
    await stream.passes(event(1), b": ping\n\n", event(2), b"retry: 5\n\n", event(3), b"data: a\ndata: b\n\n")
    await stream.ends()

    answer = await plane.answer()
    assert (answer.outcome, answer.origin) == (Outcome.OK, Origin.UPSTREAM)
    assert (answer.skipped is None) is (effects == [])


@LINE_ENDS
async def test_an_event_in_pieces_is_there_with_its_last_byte(
    plane: Plane, tool: ScriptedUpstream, line_end: bytes
) -> None:
    """Cut inside a character, and between CR and LF."""
    whole = event("zwei €", line_end)
    stream = await live(plane, tool, EditEvent(2, EventChange.DUPLICATE))
    await stream.passes(b"\xef\xbb\xbf" + event(1, line_end))
    await stream.says(*[whole[n : n + 1] for n in range(len(whole))])
    await stream.gets(whole, whole)
    await stream.passes(event(3, line_end))


# Cuts


@CHUNKED
@LINE_ENDS
@pytest.mark.parametrize("ending", Ending)
async def test_cut_after_exactly_so_many_events(
    plane: Plane, tool: ScriptedUpstream, line_end: bytes, ending: Ending, chunked: bool
) -> None:
    end = End.RESET if ending is Ending.RESET else End.FIN
    stream = await live(plane, tool, Truncate(Place(Extent.EVENTS, 2), ending), chunked=chunked)
    await stream.passes(event(1, line_end), b": ping" + line_end * 2)
    await stream.says(event(2, line_end) + event(3, line_end))
    await stream.gets(event(2, line_end))

    assert await stream.agent.ended() == (b"", end)
    await stream.is_let_go()
    answer = await plane.answer()
    assert answer.outcome is (Outcome.RESET if ending is Ending.RESET else Outcome.TRUNCATED)
    assert (answer.origin, answer.skipped, answer.status) == (Origin.INJECTED, None, 200)


async def test_cut_before_the_first_event(plane: Plane, tool: ScriptedUpstream) -> None:
    stream = await live(plane, tool, Truncate(Place(Extent.EVENTS, 0), Ending.CLOSE))

    assert await stream.agent.ended() == (b"", End.FIN)
    await stream.is_let_go()


@CHUNKED
async def test_an_end_that_looks_good_comes_too_soon(plane: Plane, tool: ScriptedUpstream, chunked: bool) -> None:
    stream = await live(plane, tool, Truncate(Place(Extent.EVENTS, 2), None), chunked=chunked)
    await stream.passes(event(1), event(2))

    if chunked:
        await stream.gets_a_good_end()
    else:
        assert await stream.agent.ended() == (b"", End.FIN)
    await stream.is_let_go()
    answer = await plane.answer()
    assert (answer.outcome, answer.origin) == (Outcome.TRUNCATED, Origin.INJECTED)


@pytest.mark.parametrize(
    "kind", [KIND, b"Content-Type: application/x-ndjson\r\n", b""], ids=["events", "lines", "none"]
)
async def test_cut_after_so_many_chunks_of_any_stream(plane: Plane, tool: ScriptedUpstream, kind: bytes) -> None:
    stream = await live(plane, tool, Truncate(Place(Extent.CHUNKS, 2), Ending.CLOSE), kind=kind)
    await stream.passes(b"{}\n", b"{}\n")

    assert await stream.agent.ended() == (b"", End.FIN)


async def test_cut_after_so_many_bytes(plane: Plane, tool: ScriptedUpstream) -> None:
    stream = await live(plane, tool, Truncate(Place(Extent.BYTES, 7), Ending.CLOSE))
    await stream.passes(b"12345")
    await stream.says(b"67890")
    await stream.gets(b"67")

    assert await stream.agent.ended() == (b"", End.FIN)


# Stalls and paces


async def test_stalled_and_resumed_nothing_is_lost(plane: Plane, tool: ScriptedUpstream) -> None:
    stream = await live(plane, tool, Stall(Place(Extent.EVENTS, 2), 0.2, None))
    await stream.passes(event(1), event(2))
    await stream.says(event(3), event(4))
    await stream.gets(event(3), event(4))
    await stream.passes(event(5))
    await stream.ends()
    await stream.gets_a_good_end()

    answer = await plane.answer()
    assert answer.outcome is Outcome.OK
    assert 0.2 <= answer.injected_seconds < 5


@pytest.mark.parametrize(("ending", "end"), [(Ending.CLOSE, End.FIN), (Ending.RESET, End.RESET)])
async def test_stalled_and_then_cut(plane: Plane, tool: ScriptedUpstream, ending: Ending, end: End) -> None:
    stream = await live(plane, tool, Stall(Place(Extent.EVENTS, 1), 0.2, ending))
    await stream.says(event(1), event(2))
    await stream.gets(event(1))

    assert await stream.agent.ended() == (b"", end)
    await stream.is_let_go()


async def test_in_a_stall_the_agent_may_leave_and_the_tool_is_let_go(plane: Plane, tool: ScriptedUpstream) -> None:
    stream = await live(plane, tool, Stall(Place(Extent.EVENTS, 1), 600, Ending.CLOSE))
    await stream.passes(event(1))
    stream.agent.close()

    await stream.is_let_go()
    answer = await plane.answer()
    assert (answer.outcome, answer.origin) == (Outcome.TIMEOUT, Origin.INJECTED)


async def test_slow_events_come_one_by_one_and_all_of_them(plane: Plane, tool: ScriptedUpstream) -> None:
    stream = await live(plane, tool, Throttle(Extent.EVENTS, 1, 0.05))
    await stream.passes(event(1))
    await stream.says(event(2) + event(3), event(4))
    await stream.gets(event(2), event(3), event(4))
    await stream.ends()
    await stream.gets_a_good_end()

    assert (await plane.answer()).injected_seconds >= 0.1


# Changes


@LINE_ENDS
@CHUNKED
async def test_an_event_comes_twice(plane: Plane, tool: ScriptedUpstream, line_end: bytes, chunked: bool) -> None:
    stream = await live(plane, tool, EditEvent(2, EventChange.DUPLICATE), chunked=chunked)
    await stream.passes(event(1, line_end))
    await stream.says(event(2, line_end))
    await stream.gets(event(2, line_end) * 2)
    await stream.passes(event(3, line_end))
    await stream.ends()

    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.skipped) == (Outcome.MALFORMED, Origin.INJECTED, None)


@LINE_ENDS
async def test_two_events_change_places(plane: Plane, tool: ScriptedUpstream, line_end: bytes) -> None:
    stream = await live(plane, tool, EditEvent(2, EventChange.SWAP))
    await stream.passes(event(1, line_end))
    await stream.says(event(2, line_end))
    await stream.passes(b": ping" + line_end * 2)
    await stream.says(event(3, line_end))
    await stream.gets(event(3, line_end), event(2, line_end))
    await stream.passes(event(4, line_end))


async def test_an_event_that_waits_in_vain_comes_at_the_end(plane: Plane, tool: ScriptedUpstream) -> None:
    stream = await live(plane, tool, EditEvent(2, EventChange.SWAP))
    await stream.passes(event(1))
    await stream.says(event(2))
    await stream.ends()
    await stream.gets(event(2))
    await stream.gets_a_good_end()

    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.skipped) == (Outcome.OK, Origin.UPSTREAM, "no_such_event")


async def test_half_an_event(plane: Plane, tool: ScriptedUpstream) -> None:
    stream = await live(plane, tool, EditEvent(2, EventChange.MALFORM))
    await stream.passes(event(1))
    await stream.says(b'event: e\r\ndata: {"a":\r\ndata: "\xc3\xa9"}\r\nid: 2\r\n\r\n')
    await stream.gets(b'event: e\r\ndata: {"a":\r\nid: 2\r\n\r\n')
    await stream.passes(event(3))


async def test_an_event_is_left_out(plane: Plane, tool: ScriptedUpstream) -> None:
    stream = await live(plane, tool, EditEvent(2, EventChange.DROP))
    await stream.passes(event(1))
    await stream.says(event(2))
    await stream.passes(event(3))


@pytest.mark.parametrize("last", [b"data: [DONE]\n\n", b'event: message_stop\r\ndata: {"type":"message_stop"}\r\n\r\n'])
async def test_the_stream_does_not_say_that_it_is_complete(plane: Plane, tool: ScriptedUpstream, last: bytes) -> None:
    stream = await live(plane, tool, EditEvent(1, EventChange.NO_TERMINATOR))
    await stream.passes(event(1), event(2))
    await stream.says(last)
    await stream.ends()
    await stream.gets_a_good_end()

    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.skipped) == (Outcome.TRUNCATED, Origin.INJECTED, None)
    # The message itself was whole: both connections go on.
    await stream.agent.send(GET)
    await stream.tool.request()
    await stream.tool.send(OK)
    assert (await stream.agent.response()).raw == OK


@CHUNKED
async def test_the_tool_fails_in_mid_stream(plane: Plane, tool: ScriptedUpstream, chunked: bool) -> None:
    stream = await live(plane, tool, ErrorEvent(3, OVERLOADED), chunked=chunked)
    await stream.passes(event(1), event(2))
    await stream.says(event(3))
    await stream.gets(
        b'event: error\ndata: {"error":{"type":"about:blank","title":"Service Unavailable","status":503,'
        b'"detail":"The service is overloaded or under maintenance."}}\n\n'
    )

    if chunked:
        await stream.gets_a_good_end()
    else:
        assert await stream.agent.ended() == (b"", End.FIN)
    await stream.is_let_go()
    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.status) == (Outcome.SOFT_ERROR, Origin.INJECTED, 200)


async def test_several_things_may_happen_to_one_stream(plane: Plane, tool: ScriptedUpstream) -> None:
    stream = await live(
        plane,
        tool,
        EditEvent(1, EventChange.DUPLICATE),
        EditEvent(2, EventChange.SWAP),
        Truncate(Place(Extent.EVENTS, 4), Ending.RESET),
    )
    await stream.says(event(1))
    await stream.gets(event(1), event(1))
    await stream.says(event(2))
    await stream.says(event(3))
    await stream.gets(event(3), event(2))

    assert await stream.agent.ended() == (b"", End.RESET)


# Who leaves, and who breaks


@pytest.mark.parametrize("effects", [[], [EditEvent(9, EventChange.DROP)], [Throttle(Extent.EVENTS, 1, 60)]])
async def test_when_the_agent_leaves_the_tool_is_let_go(
    plane: Plane, tool: ScriptedUpstream, effects: list[Effect]
) -> None:
    stream = await live(plane, tool, *effects)
    await stream.passes(event(1))
    await stream.says(event(2))
    stream.agent.close()

    await stream.is_let_go()
    assert (await plane.answer()).outcome in (Outcome.AGENT_LEFT, Outcome.TIMEOUT)


async def test_a_stream_that_breaks_by_itself_stays_broken(plane: Plane, tool: ScriptedUpstream) -> None:
    stream = await live(plane, tool, EditEvent(9, EventChange.DROP))
    await stream.passes(event(1))
    await stream.says(b"data: half")
    stream.tool.close()

    rest, end = await stream.agent.ended()
    assert end is End.FIN
    assert not rest.endswith(b"0\r\n\r\n")
    answer = await plane.answer()
    assert (answer.outcome, answer.origin) == (Outcome.TRUNCATED, Origin.UPSTREAM)
    assert answer.problem


# What is no stream of events


@pytest.mark.parametrize(
    "effect",
    [
        EditEvent(1, EventChange.DROP),
        EditEvent(1, EventChange.NO_TERMINATOR),
        ErrorEvent(1, OVERLOADED),
        Truncate(Place(Extent.EVENTS, 1), Ending.CLOSE),
        Truncate(Place(Extent.EVENTS, 1), None),
        Stall(Place(Extent.EVENTS, 1), 60, None),
        Throttle(Extent.EVENTS, 1, 60),
    ],
)
@pytest.mark.parametrize(
    "kind",
    [
        b"Content-Type: application/json\r\n",
        b"",
        KIND + b"Content-Encoding: gzip\r\n",
    ],
    ids=["json", "nothing", "gzip"],
)
async def test_what_is_no_stream_of_events_passes_unharmed(
    plane: Plane, tool: ScriptedUpstream, effect: Effect, kind: bytes
) -> None:
    body = gzip.compress(event(1) * 3) if b"gzip" in kind else event(1) * 3
    stream = await live(plane, tool, effect, kind=kind)
    await stream.passes(body[:10], body[10:])
    await stream.ends()
    await stream.gets_a_good_end()

    answer = await plane.answer()
    assert (answer.outcome, answer.origin) == (Outcome.OK, Origin.UPSTREAM)
    assert answer.skipped == "not_an_event_stream"


# Other framings


async def test_a_stream_of_known_length_is_edited_in_chunks(plane: Plane, tool: ScriptedUpstream) -> None:
    body = event(1) + event(2)
    tool.says(b"HTTP/1.1 200 OK\r\n" + KIND + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    plane.injects(EditEvent(1, EventChange.DUPLICATE))
    message = await plane.ask(GET)

    assert message.body == event(1) + body
    assert message.values(b"content-length") == []
    assert message.values(b"transfer-encoding") == [b"chunked"]


async def test_an_old_agent_gets_the_same_events_until_the_end(plane: Plane, tool: ScriptedUpstream) -> None:
    stream = await live(plane, tool, EditEvent(2, EventChange.DUPLICATE), ask=OLD)
    tool_side = Live(stream.agent, stream.tool, chunked=True)
    await tool_side.says(event(1))
    await stream.gets(event(1))
    await tool_side.says(event(2))
    await stream.gets(event(2), event(2))
    await tool_side.ends()

    assert await stream.agent.ended() == (b"", End.FIN)
