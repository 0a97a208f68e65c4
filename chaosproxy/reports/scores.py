"""A scorecard as parts of a report: totals, cells, tools, distributions. Must not know journals or lines."""

from collections.abc import Mapping
from typing import Final

from chaosproxy.core.call import ToolEffect
from chaosproxy.core.events import Resolution
from chaosproxy.recovery.scoring.board import Board
from chaosproxy.recovery.scoring.intervals import binned, percentile, wilson
from chaosproxy.recovery.scoring.measured import Measured
from chaosproxy.recovery.scoring.scorecard import Scorecard
from chaosproxy.recovery.scoring.tallies import Tally, by_name
from chaosproxy.recovery.scoring.terms import RuleInPlay
from chaosproxy.reports.model import (
    BackoffView,
    CellView,
    DistributionView,
    Rate,
    RuleView,
    ToolView,
    TotalsView,
)

BOUNDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Upper ends of the bins of times to recovery, in seconds: those of the metric."""
ALL_TOOLS: Final = "*"


def rate(found: Measured) -> Rate:
    """A share as a report has it."""
    hits = found.hits or 0
    low, high = (found.low, found.high) if found.low is not None and found.high is not None else wilson(0, 0)
    return Rate(hits=hits, cases=found.cases, value=found.value, low=low, high=high)


def totals(board: Board, sessions: int) -> TotalsView:
    """The run in numbers. `sessions` are those that were seen, also if they were not over where the journal ends."""
    count, tally = board.count(), board.tally()
    return TotalsView(
        sessions=max(board.sessions, sessions),
        calls=count.calls,
        other_calls=count.other_calls,
        operations=count.operations,
        faulted=count.faulted,
        spared=count.spared,
        episodes=tally.resolutions.total(),
        decided=tally.decided,
        censored=tally.censored,
        recovered=rate(tally.recovery_rate()),
        appropriate=rate(tally.appropriate_rate()),
        success=rate(count.success()),
        amplification=count.amplification().value,
        amplification_faulted=tally.amplification().value,
        wasted=by_name(count.wasted),
        duplicates=by_name(count.duplicates),
        keys=by_name(count.keys),
        loops=by_name(board.loops()),
        retries=by_name(count.layers),
        kinds=by_name(count.kinds),
        retry_after=by_name(count.retry_after),
        retries_over_budget=count.over_budget,
        undetected=tally.resolutions[Resolution.UNDETECTED],
        canaries=count.canaries,
    )


def by_fault(board: Board) -> tuple[CellView, ...]:
    """All tools together."""
    return tuple(cell(ALL_TOOLS, fault, board.tally((fault,))) for fault in board.faults())


def matrix(board: Board) -> tuple[CellView, ...]:
    """By tool and fault."""
    return tuple(cell(tool, fault, tally) for (tool, fault), tally in board.pairs().items())


def cell(tool: str, fault: str, tally: Tally) -> CellView:
    """Episodes of one fault at one tool."""
    return CellView(
        tool=tool,
        fault=fault,
        injected=tally.injected,
        decided=tally.decided,
        censored=tally.censored,
        recovery=rate(tally.recovery_rate()),
        appropriate=rate(tally.appropriate_rate()),
        resolutions=by_name(tally.resolutions),
        verdicts=by_name(tally.verdicts),
        reasons=by_name(tally.reasons),
        p50=percentile(tally.times, 0.50),
        p95=percentile(tally.times, 0.95),
        longest=tally.longest,
        attempts=tally.amplification().value,
    )


def tools(board: Board, effects: Mapping[str, ToolEffect | None]) -> tuple[ToolView, ...]:
    """What was asked of each tool, the busiest first."""
    episodes: dict[str, int] = {}
    for (name, _), tally in board.pairs().items():
        episodes[name] = episodes.get(name, 0) + tally.resolutions.total()
    return tuple(_tool(board, name, effects.get(name), episodes.get(name, 0)) for name in board.tools())


def _tool(board: Board, name: str, effect: ToolEffect | None, episodes: int) -> ToolView:
    count = board.tool(name)
    return ToolView(
        tool=name,
        effect=effect,
        calls=count.calls,
        operations=count.operations,
        faulted=count.faulted,
        episodes=episodes,
        success=rate(count.success()),
        amplification=count.amplification().value,
        wasted=count.wasted.total(),
        duplicates=by_name(count.duplicates),
        outcomes=by_name(count.outcomes),
    )


def times(board: Board) -> tuple[DistributionView, ...]:
    """Times to recovery of the faults that anything recovered from."""
    found = ((fault, board.tally((fault,))) for fault in board.faults())
    return tuple(
        DistributionView(
            fault=fault,
            bounds=BOUNDS,
            counts=binned(tally.times, BOUNDS),
            cases=len(tally.times),
            p50=percentile(tally.times, 0.50),
            p95=percentile(tally.times, 0.95),
            longest=tally.longest,
        )
        for fault, tally in found
        if tally.times
    )


def backoff(board: Board) -> tuple[BackoffView, ...]:
    """How retries were spaced, by layer."""
    return tuple(
        BackoffView(
            layer=each.layer,
            shapes=by_name(each.shapes),
            jitter=None if each.jitter is None else each.jitter.value,
            waits=each.waits,
        )
        for each in board.backoffs()
    )


def rules(card: Scorecard, in_play: tuple[RuleInPlay, ...], eligible: Mapping[str, int] | None) -> tuple[RuleView, ...]:
    """The rules in their order; after them those that fired although the journal does not list them."""
    untested = {each.rule: each.why for each in card.untested(eligible)}
    listed = {each.name: each.faults for each in in_play}
    for name in sorted(card.rules_fired):
        listed.setdefault(name, ())
    return tuple(
        RuleView(
            name=name,
            faults=faults,
            eligible=None if eligible is None else eligible.get(name, 0),
            fired=card.rules_fired[name],
            spared=card.rules_spared[name],
            untested=untested.get(name),
        )
        for name, faults in listed.items()
    )
