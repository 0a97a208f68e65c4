"""What faults cost: sessions that they may strike against sessions that are left alone, or against another run.

Which sessions are left alone follows from seed, rules and the session's name alone, so it is the same live and from a
journal. Must not know how operations are counted.
"""

from collections.abc import Iterable, Sequence

import msgspec

from chaosproxy.core.draws import CallNumbers, RuleDraw
from chaosproxy.engine.shares import SomeSessions
from chaosproxy.recovery.scoring.board import Board
from chaosproxy.recovery.scoring.intervals import difference, percentile
from chaosproxy.recovery.scoring.measured import Measured
from chaosproxy.recovery.scoring.terms import RuleInPlay

FAULTS = "faults"
CONTROL = "control"

NO_CONTROL = (
    "there is no control arm: give every rule a share of `sessions:`, so that the others are left alone, "
    "or compare with the journal of a run without faults"
)


class LeftAlone:
    """The sessions that no rule may strike."""

    def __init__(self, seed: int, shares: Iterable[tuple[str, float]]) -> None:
        numbers = CallNumbers(seed)
        self._struck = tuple(SomeSessions(share, RuleDraw.of(seed, rule), numbers) for rule, share in shares)

    def has(self, session: str) -> bool:
        """Is it one of them?"""
        return not any(some.has(session) for some in self._struck)


def left_alone(seed: int, rules: Sequence[RuleInPlay]) -> LeftAlone | None:
    """The sessions that none of the rules may strike; None if there are none such, or no rules at all."""
    shares = [(rule.name, rule.sessions) for rule in rules if rule.sessions is not None and rule.sessions < 1]
    return LeftAlone(seed, shares) if rules and len(shares) == len(rules) else None


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One arm of a comparison."""

    name: str
    """`faults` or `control`."""
    sessions: int
    calls: int
    operations: int
    success: Measured
    """The share of decided operations that succeeded in the end."""
    amplification: float | None
    seconds_p50: float | None
    """Of an operation, from its first call to its end; None if it is about some tools alone, or not known."""
    seconds_p95: float | None


class Comparison(msgspec.Struct, frozen=True):
    """Both arms, and what the faults cost."""

    faults: Arm
    control: Arm
    drop: float | None
    """Control's success less that under faults; None if one of them decided nothing."""
    low: float | None
    high: float | None
    """Its 95 % interval (Newcombe 1998, method 10)."""

    def measured(self) -> Measured:
        """The drop as a measure; its cases are those of the smaller arm."""
        cases = min(self.faults.success.cases, self.control.success.cases)
        if self.drop is not None:
            return Measured(self.drop, cases, None, self.low, self.high)
        empty = self.control if self.control.success.cases == 0 else self.faults
        where = "the control arm" if empty is self.control else "the arm with faults"
        return Measured(None, cases, f"no operation was decided in {where}")


def arm_of(name: str, board: Board, tool: str | None = None) -> Arm:
    """What a board has counted, at the tools that fit the glob, as an arm."""
    count = board.count(tool)
    seconds = board.durations if tool is None else ()  # these are not kept by tool
    return Arm(
        name=name,
        sessions=board.sessions,
        calls=count.calls,
        operations=count.operations,
        success=count.success(),
        amplification=count.amplification().value,
        seconds_p50=percentile(seconds, 0.50),
        seconds_p95=percentile(seconds, 0.95),
    )


def compare(faults: Arm, control: Arm) -> Comparison:
    """What the faults cost."""
    under, without = faults.success, control.success
    if under.value is None or without.value is None:
        return Comparison(faults, control, None, None, None)
    low, high = difference((without.hits or 0, without.cases), (under.hits or 0, under.cases))
    return Comparison(faults, control, without.value - under.value, low, high)
