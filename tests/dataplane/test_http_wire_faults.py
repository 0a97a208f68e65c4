"""Every wire fault, by every framing of the tool's reply, in every phase: the exact bytes, and what follows them.

FIN, RST and silence are three different things to a client; so are a short body, a missing last chunk and a cut head.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from chaosproxy.core.answer import Origin, UpstreamTruth
from chaosproxy.core.call import Call, Route, ToolEffect
from chaosproxy.core.effects import Effect
from chaosproxy.core.failures import Outcome
from chaosproxy.core.turn import Turn
from chaosproxy.faults._catalogue import catalogue
from tests.doubles.plane import Plane
from tests.doubles.streams import End
from tests.doubles.upstream import ScriptedUpstream, Then

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
OLD = b"GET /tool/x HTTP/1.0\r\nHost: a\r\n\r\n"
HEAD = b"HEAD /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"

FINE = b"HTTP/1.1 200 Fine\r\nx-B: 1\r\n"
BY_LENGTH = FINE + b"Content-Length: 10\r\n\r\n"
IN_CHUNKS = FINE + b"Transfer-Encoding: chunked\r\n\r\n"
BY_CLOSE = FINE + b"\r\n"

REPLIES = {
    "length": (BY_LENGTH + b"0123456789", Then.KEEP),
    "chunks": (IN_CHUNKS + b"4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n", Then.KEEP),
    "close": (BY_CLOSE + b"0123456789", Then.CLOSE),
}
UNHARMED = {"length": End.SILENT, "chunks": End.SILENT, "close": End.FIN}
TURN = Turn(
    Call(
        number=1,
        session="s",
        session_source="client",
        route=Route("tool", "x", "http", "GET", "a", "/x", "", ToolEffect.READ, touchable=True),
        fingerprint="0",
        headers=(),
        received=0.0,
    ),
    attempt=1,
    ordinal=1,
    occurrence=1,
    now=0.0,
    number=1,
)


class Got(msgspec.Struct, frozen=True):
    """What reaches the agent, how its connection ends, and how that is recorded."""

    said: bytes
    end: End
    outcome: Outcome
    body: int = 0
    """Bytes of the body."""
    truth: UpstreamTruth = UpstreamTruth.EXECUTED


def fin(said: bytes, body: int, outcome: Outcome = Outcome.TRUNCATED) -> Got:
    return Got(said, End.FIN, outcome, body)


def rst(said: bytes, body: int) -> Got:
    return Got(said, End.RESET, Outcome.RESET, body)


def silent(said: bytes, body: int) -> Got:
    """Until the agent leaves."""
    return Got(said, End.SILENT, Outcome.TIMEOUT, body)


def nothing(end: End, outcome: Outcome, truth: UpstreamTruth) -> dict[str, Got | str]:
    return {name: Got(b"", end, outcome, truth=truth) for name in REPLIES}


NEVER_RAN, RAN = UpstreamTruth.NOT_SENT, UpstreamTruth.EXECUTED

TABLE: list[tuple[dict[str, Any], Mapping[str, Got | str]]] = [
    # The fault; and by the framing of the tool's reply what the agent gets, or why it gets the reply unharmed.
    # Before a byte of an answer
    ({"type": "connection_reset"}, nothing(End.RESET, Outcome.RESET, NEVER_RAN)),
    ({"type": "connection_reset", "phase": "after_upstream"}, nothing(End.RESET, Outcome.RESET, RAN)),
    ({"type": "connection_closed"}, nothing(End.FIN, Outcome.RESET, NEVER_RAN)),
    ({"type": "connection_closed", "phase": "after_upstream"}, nothing(End.FIN, Outcome.RESET, RAN)),
    ({"type": "connection_refused"}, nothing(End.RESET, Outcome.RESET, NEVER_RAN)),
    ({"type": "timeout"}, nothing(End.SILENT, Outcome.TIMEOUT, NEVER_RAN)),
    ({"type": "timeout", "phase": "after_upstream"}, nothing(End.SILENT, Outcome.TIMEOUT, RAN)),
    ({"type": "timeout", "after": "20ms"}, nothing(End.FIN, Outcome.TIMEOUT, NEVER_RAN)),
    ({"type": "timeout", "after": "20ms", "phase": "after_upstream"}, nothing(End.FIN, Outcome.TIMEOUT, RAN)),
    # During the body
    (
        {"type": "connection_reset", "phase": "during_body"},
        {
            "length": rst(BY_LENGTH + b"01234", 5),
            "chunks": rst(IN_CHUNKS + b"4\r\n0123\r\n6\r\n4", 5),
            "close": rst(BY_CLOSE + b"01234", 5),
        },
    ),
    (
        {"type": "connection_closed", "phase": "during_body"},
        {
            "length": fin(BY_LENGTH + b"01234", 5),
            "chunks": fin(IN_CHUNKS + b"4\r\n0123\r\n6\r\n4", 5),
            "close": fin(BY_CLOSE + b"01234", 5),
        },
    ),
    (
        {"type": "truncated_body", "keep": "30%"},
        {
            "length": fin(BY_LENGTH + b"012", 3),
            "chunks": fin(IN_CHUNKS + b"4\r\n012", 3),
            "close": fin(BY_CLOSE + b"012", 3),
        },
    ),
    (
        {"type": "truncated_body", "keep": "4B", "ending": "reset"},
        {
            "length": rst(BY_LENGTH + b"0123", 4),
            "chunks": rst(IN_CHUNKS + b"4\r\n0123\r\n", 4),
            "close": rst(BY_CLOSE + b"0123", 4),
        },
    ),
    (
        {"type": "truncated_body", "keep": "0B"},
        {"length": fin(BY_LENGTH, 0), "chunks": fin(IN_CHUNKS, 0), "close": fin(BY_CLOSE, 0)},
    ),
    (
        {"type": "truncated_body", "keep": "2 chunks"},
        {"chunks": fin(IN_CHUNKS + b"4\r\n0123\r\n6\r\n456789\r\n", 10), "length": "body_too_short"},
    ),
    ({"type": "truncated_body", "keep": "1KiB"}, dict.fromkeys(REPLIES, "body_too_short")),
    ({"type": "truncated_body", "keep": "1 event"}, dict.fromkeys(REPLIES, "not_an_event_stream")),
    (
        {"type": "truncated_body", "keep": "half the head"},
        {
            "length": fin(BY_LENGTH[: len(BY_LENGTH) // 2], 0),
            "chunks": fin(IN_CHUNKS[: len(IN_CHUNKS) // 2], 0),
            "close": fin(BY_CLOSE[: len(BY_CLOSE) // 2], 0),
        },
    ),
    (
        {"type": "truncated_body", "ending": "complete"},
        {
            "length": "length_framing",
            "chunks": Got(IN_CHUNKS + b"4\r\n0123\r\n1\r\n4\r\n0\r\n\r\n", End.SILENT, Outcome.TRUNCATED, 5),
            "close": fin(BY_CLOSE + b"01234", 5),
        },
    ),
    (
        {"type": "stall"},
        {
            "length": silent(BY_LENGTH + b"01234", 5),
            "chunks": silent(IN_CHUNKS + b"4\r\n0123\r\n6\r\n4", 5),
            "close": silent(BY_CLOSE + b"01234", 5),
        },
    ),
    (
        {"type": "stall", "after": "half the head"},
        {
            "length": silent(BY_LENGTH[: len(BY_LENGTH) // 2], 0),
            "chunks": silent(IN_CHUNKS[: len(IN_CHUNKS) // 2], 0),
            "close": silent(BY_CLOSE[: len(BY_CLOSE) // 2], 0),
        },
    ),
    (
        {"type": "stall", "after": "1 chunk", "lasts": "20ms", "then": "close"},
        {"length": "body_too_short", "chunks": fin(IN_CHUNKS + b"4\r\n0123\r\n", 4)},
    ),
    (
        {"type": "stall", "after": "7B", "lasts": "20ms", "then": "reset"},
        {
            "length": rst(BY_LENGTH + b"0123456", 7),
            "chunks": rst(IN_CHUNKS + b"4\r\n0123\r\n6\r\n456", 7),
            "close": rst(BY_CLOSE + b"0123456", 7),
        },
    ),
    # In a frame that is wrong
    (
        {"type": "broken_framing", "how": "no_last_chunk"},
        dict.fromkeys(REPLIES, fin(IN_CHUNKS + b"a\r\n0123456789\r\n", 10))
        | {"chunks": fin(IN_CHUNKS + b"4\r\n0123\r\n6\r\n456789\r\n", 10)},
    ),
    (
        {"type": "broken_framing", "how": "bad_chunk_size"},
        dict.fromkeys(REPLIES, fin(IN_CHUNKS + b"zz\r\n0123456789\r\n0\r\n\r\n", 10, Outcome.MALFORMED))
        | {"chunks": fin(IN_CHUNKS + b"zz\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n", 10, Outcome.MALFORMED)},
    ),
    (
        {"type": "broken_framing", "how": "trailing_garbage"},
        {
            "length": fin(REPLIES["length"][0] + b"}]}\r\n", 10, Outcome.OK),
            "chunks": fin(REPLIES["chunks"][0] + b"}]}\r\n", 10, Outcome.OK),
            "close": "close_framing",
        },
    ),
    (
        {"type": "broken_framing", "how": "length_too_long"},
        dict.fromkeys(REPLIES, fin(FINE + b"Content-Length: 15\r\n\r\n0123456789", 10)),
    ),
    (
        {"type": "broken_framing", "how": "length_too_short"},
        dict.fromkeys(REPLIES, fin(FINE + b"Content-Length: 5\r\n\r\n0123456789", 10, Outcome.MALFORMED)),
    ),
]
CASES = [
    pytest.param(fault, framing, got, id=f"{'-'.join(map(str, fault.values()))}-{framing}")
    for fault, by_framing in TABLE
    for framing, got in by_framing.items()
]


def effects_of(fault: Mapping[str, Any]) -> tuple[Effect, ...]:
    return catalogue()[fault["type"]].model_validate(fault).effects(TURN, "the rule")


@pytest.mark.parametrize(("fault", "framing", "got"), CASES)
async def test_matrix(
    plane: Plane, tool: ScriptedUpstream, fault: Mapping[str, Any], framing: str, got: Got | str
) -> None:
    reply, then = REPLIES[framing]
    tool.says(reply, then=then)
    plane.injects(*effects_of(fault))
    agent = await plane.agent()
    await agent.send(GET)
    said, end = await agent.ending()
    agent.close()
    answer = await plane.answer()

    if isinstance(got, str):
        assert (said, end) == (reply, UNHARMED[framing])
        assert (answer.skipped, answer.origin, answer.outcome) == (got, Origin.UPSTREAM, Outcome.OK)
        return
    assert (said, end) == (got.said, got.end)
    assert (answer.outcome, answer.bytes_out, answer.truth) == (got.outcome, got.body, got.truth)
    assert (answer.origin, answer.skipped, answer.problem) == (Origin.INJECTED, None, None)
    assert answer.status == (200 if said else 0)
    assert tool.executions == int(got.truth is UpstreamTruth.EXECUTED)


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ({"type": "truncated_body", "keep": "30%"}, b"012"),
        ({"type": "truncated_body", "keep": "3B", "ending": "complete"}, b"012"),
        ({"type": "connection_closed", "phase": "during_body"}, b"01234"),
        ({"type": "stall", "after": "2B", "lasts": "20ms", "then": "close"}, b"01"),
        ({"type": "slow_body", "piece": "4B"}, b"0123456789"),
        ({"type": "broken_framing", "how": "no_last_chunk"}, b"0123456789"),
        ({"type": "broken_framing", "how": "bad_chunk_size"}, b"0123456789"),
    ],
)
async def test_old_agent_never_gets_a_chunk(
    plane: Plane, tool: ScriptedUpstream, fault: Mapping[str, Any], what: bytes
) -> None:
    tool.says(REPLIES["chunks"][0])
    plane.injects(*effects_of(fault))
    agent = await plane.agent()
    await agent.send(OLD)

    assert await agent.ended() == (BY_CLOSE + what, End.FIN)


@pytest.mark.parametrize("how", ["length_too_long", "length_too_short"])
async def test_old_agent_can_be_told_a_wrong_length(plane: Plane, tool: ScriptedUpstream, how: str) -> None:
    tool.says(REPLIES["chunks"][0])
    plane.injects(*effects_of({"type": "broken_framing", "how": how}))
    agent = await plane.agent()
    await agent.send(OLD)

    length = 15 if how == "length_too_long" else 5
    assert await agent.ended() == (FINE + b"Content-Length: %d\r\n\r\n0123456789" % length, End.FIN)


BODY_FAULTS = [
    {"type": "truncated_body"},
    {"type": "truncated_body", "keep": "1B", "ending": "reset"},
    {"type": "connection_reset", "phase": "during_body"},
    {"type": "stall"},
    {"type": "slow_body", "piece": "1B", "every": "1s"},
    *({"type": "broken_framing", "how": how} for how in ("no_last_chunk", "trailing_garbage", "length_too_long")),
]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (HEAD, BY_LENGTH),
        (GET, b"HTTP/1.1 204 No Content\r\n\r\n"),
        (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"),
        (GET, FINE + b"Content-Length: 0\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("fault", BODY_FAULTS, ids=lambda fault: "-".join(fault.values()))
async def test_reply_without_a_body_has_none_to_break(
    plane: Plane, tool: ScriptedUpstream, sent: bytes, said: bytes, fault: Mapping[str, Any]
) -> None:
    tool.says(said)
    plane.injects(*effects_of(fault))
    agent = await plane.agent()
    await agent.send(sent)
    assert await agent.exactly(len(said)) == said
    answer = await plane.answer()
    assert (answer.skipped, answer.origin, answer.outcome) == ("empty_body", Origin.UPSTREAM, Outcome.OK)

    await agent.send(sent)
    assert await agent.exactly(len(said)) == said
    assert tool.connections == 1, "nothing has been broken, on either side"


async def test_head_of_a_reply_to_head_can_be_cut(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(BY_LENGTH)
    plane.injects(*effects_of({"type": "truncated_body", "keep": "half the head"}))
    agent = await plane.agent()
    await agent.send(HEAD)

    assert await agent.ended() == (BY_LENGTH[: len(BY_LENGTH) // 2], End.FIN)


@pytest.mark.parametrize("framing", ["length", "chunks"])
@pytest.mark.parametrize(
    "fault",
    [
        {"type": "stall", "lasts": "20ms", "then": "resume"},
        {"type": "stall", "after": "half the head", "lasts": "20ms", "then": "resume"},
        {"type": "slow_body", "piece": "1KiB", "every": "1s"},
        {"type": "timeout", "after": "20ms", "then": "answer"},
    ],
    ids=lambda fault: "-".join(fault.values()),
)
async def test_connection_goes_on_after_a_fault_that_breaks_nothing(
    plane: Plane, tool: ScriptedUpstream, fault: Mapping[str, Any], framing: str
) -> None:
    reply = REPLIES[framing][0]
    tool.says(reply)
    plane.injects(*effects_of(fault))
    agent = await plane.agent()
    await agent.send(GET * 2)

    for number in (1, 2):
        assert await agent.exactly(len(reply)) == reply
        answer = await plane.answer(number)
        assert (answer.outcome, answer.origin, answer.bytes_out) == (Outcome.OK, Origin.UPSTREAM, 10)
    assert await agent.ending() == (b"", End.SILENT)
    assert (tool.connections, tool.executions) == (1, 2)


@pytest.mark.parametrize("piece", [1, 3, 10])
async def test_pieces_are_chunks_of_their_own(plane: Plane, tool: ScriptedUpstream, piece: int) -> None:
    tool.says(IN_CHUNKS + b"a\r\n0123456789\r\n0\r\n\r\n")
    plane.injects(*effects_of({"type": "slow_body", "piece": f"{piece}B", "every": "10ms"}))
    agent = await plane.agent()
    await agent.send(GET)

    parts = [b"0123456789"[start : start + piece] for start in range(0, 10, piece)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    assert await agent.ending() == (IN_CHUNKS + chunks + b"0\r\n\r\n", End.SILENT)
    answer = await plane.answer()
    assert answer.ended - answer.first_byte >= 0.01 * (len(parts) - 1)
    assert answer.injected_seconds > 0 or len(parts) == 1


@pytest.mark.parametrize(
    ("fault", "got"),
    [(fault, by_framing["length"]) for fault, by_framing in TABLE if isinstance(by_framing.get("length"), Got)],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
async def test_what_is_pipelined_behind_a_broken_reply_is_never_served(
    plane: Plane, tool: ScriptedUpstream, fault: Mapping[str, Any], got: Got
) -> None:
    tool.says(REPLIES["length"][0])
    plane.injects(*effects_of(fault))
    agent = await plane.agent()
    await agent.send(GET * 3)

    assert await agent.ending() == (got.said, got.end)
    agent.close()
    await plane.answer()
    assert len(plane.path.calls) == 1
    assert tool.executions == int(got.truth is UpstreamTruth.EXECUTED)


@pytest.mark.parametrize(
    ("status", "truth"), [(404, UpstreamTruth.REJECTED), (503, UpstreamTruth.SENT_UNKNOWN), (201, RAN)]
)
@pytest.mark.parametrize("fault", [{"type": "connection_reset", "phase": "during_body"}, {"type": "stall"}])
async def test_what_the_tool_did_goes_by_its_status(
    plane: Plane, tool: ScriptedUpstream, fault: Mapping[str, Any], status: int, truth: UpstreamTruth
) -> None:
    tool.says(b"HTTP/1.1 %d Said\r\nContent-Length: 4\r\n\r\nbody" % status)
    plane.injects(*effects_of(fault))
    agent = await plane.agent()
    await agent.send(GET)
    assert (await agent.ending())[0].endswith(b"\r\n\r\nbo")
    agent.close()

    answer = await plane.answer()
    assert (answer.truth, answer.status) == (truth, status)
    assert answer.outcome in (Outcome.RESET, Outcome.TIMEOUT)
