"""A scorecard as a value, for whoever shows it."""

from collections import Counter
from collections.abc import Mapping

import msgspec

from chaosproxy.core.events import Certainty, Resolution
from chaosproxy.recovery.scoring.board import Board
from chaosproxy.recovery.scoring.tallies import FaultScore, by_name, score_of


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A whole scorecard, as a value. Shares are in [0, 1]; counts are by the names of what is counted."""

    sessions: int
    """Agent runs that are over."""
    calls: int
    """That are over and take part."""
    other_calls: int
    """That are over and nobody decided."""
    operations: int
    results: dict[str, int]
    """Operations by how they ended."""
    success: float | None
    """Operations that succeeded in the end, of those decided."""
    amplification: float | None
    """calls / operations; None if there was no call."""
    faults: tuple[FaultScore, ...]
    """By name."""
    kinds: dict[str, int]
    layers: dict[str, int]
    outcomes: dict[str, int]
    retry_after: dict[str, int]
    wasted: dict[str, int]
    duplicates: dict[str, int]
    keys: dict[str, int]
    loops: dict[str, int]
    duplicate_effects: int
    """Those confirmed."""
    undetected_faults: int
    over_budget: int
    canaries: int
    rules_fired: dict[str, int]
    rules_spared: dict[str, int]
    faulted: int
    """Calls that something was done to, each counted once."""
    spared: int
    """Calls that something was to be done to, which then could not be (`malformed_json` on an empty body)."""


def score_board(board: Board, rules_fired: Mapping[str, int], rules_spared: Mapping[str, int]) -> Score:
    """Everything that was counted so far."""
    count = board.count()
    whole = board.tally()
    return Score(
        sessions=board.sessions,
        calls=count.calls,
        other_calls=count.other_calls,
        operations=count.operations,
        results=by_name(count.results),
        success=count.success().value,
        amplification=count.amplification().value,
        faults=tuple(score_of(fault, board.tally((fault,))) for fault in board.faults()),
        kinds=by_name(count.kinds),
        layers=by_name(count.layers),
        outcomes=by_name(count.outcomes),
        retry_after=by_name(count.retry_after),
        wasted=by_name(count.wasted),
        duplicates=by_name(count.duplicates),
        keys=by_name(count.keys),
        loops=by_name(board.loops()),
        duplicate_effects=count.duplicates[Certainty.CONFIRMED],
        undetected_faults=whole.resolutions[Resolution.UNDETECTED],
        over_budget=count.over_budget,
        canaries=count.canaries,
        rules_fired=by_name(Counter(rules_fired)),
        rules_spared=by_name(Counter(rules_spared)),
        faulted=count.faulted,
        spared=count.spared,
    )
