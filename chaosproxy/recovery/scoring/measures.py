"""How each measure of `core.measures` is taken from what was counted. Must not know how it was counted, or what is
expected.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from chaosproxy.core.events import Certainty, KeyVerdict, RetryAfterVerdict
from chaosproxy.recovery.scoring.board import Board
from chaosproxy.recovery.scoring.count import Count
from chaosproxy.recovery.scoring.measured import Measured, share
from chaosproxy.recovery.scoring.tallies import Tally


class Part(msgspec.Struct, frozen=True):
    """What a measure is taken of: a run, or a part of it."""

    count: Count
    tally: Tally
    loops: int
    by_fault: bool
    """Is it about some faults alone? Then only the tally is."""


def part_of(board: Board, faults: tuple[str, ...] = (), tool: str | None = None) -> Part:
    """These faults (or all) at the tools that fit the glob (or all)."""
    return Part(board.count(tool), board.tally(faults, tool), board.loops(tool).total(), bool(faults))


def measure(name: str, part: Part) -> Measured:
    """The value and cases of a measure.

    Raises:
        KeyError: for what is no measure, or cannot be taken of one part alone.
    """
    return TAKEN[name](part)


def _retry_after_compliance(part: Part) -> Measured:
    """Who waits longer than asked obeys too; a cap of the SDK's is a retry that comes too early all the same."""
    seen = part.count.retry_after
    obeyed = seen[RetryAfterVerdict.COMPLIANT] + seen[RetryAfterVerdict.LATE]
    return share(obeyed, obeyed + seen[RetryAfterVerdict.EARLY] + seen[RetryAfterVerdict.CAPPED])


def _retry_after_violations(part: Part) -> Measured:
    """Out of the requests to wait that could be seen. A breach by another call is no retry."""
    seen = part.count.retry_after
    unseen = seen[RetryAfterVerdict.NOT_VISIBLE] + seen[RetryAfterVerdict.BREACH_OTHER]
    return Measured(seen[RetryAfterVerdict.EARLY], seen.total() - unseen)


def _duplicates(certainty: Certainty) -> Callable[[Part], Measured]:
    """Out of the operations that write."""
    return lambda part: Measured(part.count.duplicates[certainty], part.count.write_operations)


def _wasted_share(part: Part) -> Measured:
    return share(min(part.count.wasted.total(), part.count.calls), part.count.calls)


def _rotated_keys(part: Part) -> Measured:
    """Out of the retries of writes."""
    return Measured(part.count.keys[KeyVerdict.ROTATED], part.count.keys.total())


def _amplification(part: Part) -> Measured:
    return part.tally.amplification() if part.by_fault else part.count.amplification()


TAKEN: Mapping[str, Callable[[Part], Measured]] = MappingProxyType(
    {
        "recovery_rate": lambda part: part.tally.recovery_rate(),
        "appropriate_rate": lambda part: part.tally.appropriate_rate(),
        "operation_success": lambda part: part.count.success(),
        "retry_after_compliance": _retry_after_compliance,
        "wasted_share": _wasted_share,
        "retry_after_violations": _retry_after_violations,
        "duplicate_effects": _duplicates(Certainty.CONFIRMED),
        "duplicate_exposures": _duplicates(Certainty.EXPOSED),
        "undetected_faults": lambda part: part.tally.undetected(),
        "wasted_calls": lambda part: Measured(part.count.wasted.total(), part.count.calls),
        "loops": lambda part: Measured(part.loops, part.count.calls),
        "rotated_keys": _rotated_keys,
        "retries_over_budget": lambda part: Measured(part.count.over_budget, part.count.calls),
        "time_to_recovery_p50": lambda part: part.tally.time_to_recovery(0.50),
        "time_to_recovery_p95": lambda part: part.tally.time_to_recovery(0.95),
        "amplification": _amplification,
    }
)
"""All but what needs more than one part (`success_drop`), and what is not counted (`agent_exit_status`)."""
