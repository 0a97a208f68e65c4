"""Counts by tool and fault, bounded."""

from collections import Counter

import pytest

from chaosproxy.core.call import CallKind, Layer, ToolEffect
from chaosproxy.core.events import BackoffSeen, BackoffShape, LoopFound, LoopKind, OperationResult, Resolution, Verdict
from chaosproxy.core.failures import Outcome
from chaosproxy.core.purpose import Role
from chaosproxy.recovery.scoring import tallies
from chaosproxy.recovery.scoring.board import FAULTS, LONG_TALLIES, LOOPS, OTHER, SHORT, TOOLS, Board
from chaosproxy.recovery.scoring.count import Count
from chaosproxy.recovery.scoring.seen import CallSeen
from tests.recovery.tallying import closed


def call(board: Board, tool: str = "find", *, clean: bool = True, **keys: object) -> None:
    board.count_call(CallSeen(session="s", tool=tool, **keys), clean=clean)  # type: ignore[arg-type]  # any field of it


def loop(board: Board, *tools: str, kind: LoopKind = LoopKind.PING_PONG) -> None:
    board.count_loop(LoopFound("s", tools, kind, (1, 2), 3.0))


def test_what_a_call_adds() -> None:
    board = Board()
    call(board, effect=ToolEffect.WRITE)
    call(board, attempt=2, kind=CallKind.RETRY, layer=Layer.SDK, outcome=Outcome.TIMEOUT, clean=False)
    call(board, role=Role.TOKEN, kind=CallKind.NONE, clean=False)
    call(board, faults=("latency", "malformed_json"), rules=("a", "b"), spared=("b",))
    call(board, faults=("malformed_json",), rules=("b",), spared=("b",))

    assert board.count() == Count(
        calls=4,
        other_calls=1,
        operations=3,
        write_operations=1,
        faulted=1,
        spared=1,
        results=Counter({OperationResult.CLEAN: 3}),
        kinds=Counter({CallKind.FIRST: 3, CallKind.RETRY: 1}),
        layers=Counter({Layer.SDK: 1}),
        outcomes=Counter({Outcome.OK: 3, Outcome.TIMEOUT: 1}),
    )
    assert {fault: board.tally((fault,)).injected for fault in board.faults()} == {"latency": 1}


def test_a_plain_call_adds_the_same_whichever_way_it_is_counted() -> None:
    quick, slow = Board(), Board()
    for effect in (ToolEffect.READ, ToolEffect.WRITE, ToolEffect.IDEMPOTENT):
        cell = quick.cell("find")
        cell.plain += 1
        cell.plain_writes += effect is ToolEffect.WRITE
        call(slow, effect=effect)
    quick.cell("find").plain += 1
    quick.cell("find").plain_kinds[CallKind.PAGE] += 1
    call(slow, kind=CallKind.PAGE)
    assert quick.count() == slow.count() == quick.tool("find")


def test_tools_by_how_busy_they_are() -> None:
    board = Board()
    for tool, times in (("b", 2), ("a", 2), ("c", 3)):
        for _ in range(times):
            call(board, tool)
    assert board.tools() == ("c", "a", "b")
    assert [board.tool(tool).calls for tool in board.tools()] == [3, 2, 2]
    assert board.tool("nobody") == Count()


def test_tools_are_bounded_and_none_is_lost() -> None:
    board = Board(["pay*"])
    for number in range(TOOLS + 100):
        call(board, f"tool-{number}")
    call(board, "pay-1")
    call(board, "pay-2")

    assert len(board.tools()) == TOOLS + 1
    assert board.tools()[-1] == OTHER
    assert board.tool(OTHER).calls == 102
    assert board.count().calls == TOOLS + 102
    assert board.count("pay*").calls == 2
    assert board.count("tool-*").calls == TOOLS  # nobody had said that it would be asked for
    assert board.count(OTHER).calls == 102
    assert not board.called("sell*")


def test_what_is_asked_for_is_kept_apart_in_every_way() -> None:
    board = Board(["pay*"])
    for number in range(TOOLS):
        call(board, f"tool-{number}")
    board.count_episode(closed(tool="pay-1", fault="latency"), None, OperationResult.RECOVERED)
    board.count_episode(closed(tool="sell", fault="latency"), None, OperationResult.RECOVERED)
    loop(board, "pay-1", "sell")

    assert (board.tally((), "pay*").decided, board.tally().decided) == (1, 2)
    assert board.pairs()[OTHER, "latency"].decided == 2
    assert board.loops("pay*").total() == 1


@pytest.mark.parametrize(("pattern", "loops"), [(None, 3), ("a", 2), ("b", 1), ("[ab]", 2), ("d", 1), ("x", 0)])
def test_a_loop_is_one_however_many_tools_go_round(pattern: str | None, loops: int) -> None:
    board = Board()
    loop(board, "a", "b")
    loop(board, "a", kind=LoopKind.IDENTICAL)
    loop(board, "d", "d", kind=LoopKind.RATE)
    assert board.loops(pattern).total() == loops


def test_loops_are_bounded_and_none_is_lost() -> None:
    board = Board()
    tools = [f"t{number}" for number in range(TOOLS)]
    pairs = [(one, other) for one in tools for other in tools if one < other]
    for pair in pairs:
        loop(board, *pair)
    assert len(pairs) > LOOPS
    assert len(board._loops) == LOOPS + 1
    assert board.loops() == {LoopKind.PING_PONG: len(pairs)}
    assert board.loops("t0").total() == TOOLS - 1 + len(pairs) - LOOPS  # who took part in the rest is not known


def test_by_tool_and_fault() -> None:
    board = Board()
    board.count_episode(closed(tool="a", fault="latency"), None, OperationResult.RECOVERED)
    exhausted = closed(Resolution.EXHAUSTED, Verdict.UNKNOWN, tool="a", fault="timeout")
    board.count_episode(exhausted, None, OperationResult.FAILED)
    board.count_episode(closed(tool="b", fault="latency"), None, OperationResult.RECOVERED)

    assert {pair: tally.decided for pair, tally in board.pairs().items()} == {
        ("a", "latency"): 1,
        ("a", "timeout"): 1,
        ("b", "latency"): 1,
    }
    assert board.faults() == ("latency", "timeout")
    assert board.tally(("latency",)).decided == 2
    assert board.tally(("latency",), "a").decided == 1
    assert board.tally(("nothing",)).decided == 0
    assert board.count("a").results == {OperationResult.RECOVERED: 1, OperationResult.FAILED: 1}


def test_a_fault_that_is_in_no_catalogue_fills_no_memory() -> None:
    board = Board()
    for number in range(FAULTS + 50):
        board.count_episode(closed(fault=f"fault-{number}"), None, None)
    assert len(board.faults()) == FAULTS + 1
    assert board.tally().decided == FAULTS + 50


def test_many_tallies_keep_fewer_times_each() -> None:
    board = Board()
    for number in range(LONG_TALLIES + 1):
        board.count_episode(closed(fault=f"fault-{number}"), None, None)
    kept = {fault: tally.times.maxlen for fault, tally in board.cell("find").tallies.items()}
    assert (kept["fault-0"], kept[f"fault-{LONG_TALLIES}"]) == (tallies.TIMES, SHORT)


def test_a_lost_line_makes_no_count_negative() -> None:
    board = Board()
    board.count_episode(closed(Resolution.UNDETECTED), OperationResult.CLEAN, OperationResult.FAILED)
    assert board.count().results[OperationResult.CLEAN] == 0
    assert board.count().success().value == 0.0


def test_backoff_by_layer() -> None:
    board = Board()
    for layer in (Layer.SDK, Layer.MODEL, Layer.SDK):
        board.count_backoff(BackoffSeen("s", "find", 1, layer, BackoffShape.FIXED, (1.0, 1.0)))
    assert [(each.layer, each.shapes.total(), each.waits) for each in board.backoffs()] == [
        (Layer.MODEL, 1, (1.0, 1.0)),
        (Layer.SDK, 2, (1.0, 1.0)),
    ]
