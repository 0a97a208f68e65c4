"""The verdict of a run: what was expected, against what was measured, on enough cases.

No empty green: what was not put to the test is INCONCLUSIVE and never PASS; and FAIL wins over INCONCLUSIVE, because
what was seen to be wrong stays wrong. Must not know how a measure comes about.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum

import msgspec

from chaosproxy.core import figures
from chaosproxy.core.measures import MEASURES, OF_THE_AGENT, Unit
from chaosproxy.recovery.scoring.measured import Measured
from chaosproxy.recovery.scoring.terms import Wanted


class Result(StrEnum):
    """What a check, or a whole run, came to."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_code(self) -> int:
        """What a command that ends with this verdict exits with."""
        return {Result.PASS: 0, Result.FAIL: 1, Result.INCONCLUSIVE: 3}[self]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One expectation, judged."""

    measure: str
    unit: Unit
    of: tuple[str, ...]
    """The faults it was limited to; all if empty."""
    tool: str | None
    """The tools it was limited to (a glob); all if None."""
    session: str | None
    """The sessions it was limited to (a glob); all if None."""
    at_least: float | None
    at_most: float | None
    value: float | None
    low: float | None
    high: float | None
    """The 95 % interval, of shares."""
    cases: int
    needed: int
    result: Result
    reason: str
    """A sentence for people, with the figures."""


class RunVerdict(msgspec.Struct, frozen=True):
    """The verdict of a run."""

    result: Result
    reasons: tuple[str, ...]
    """Why it is not PASS, the failures first; empty for PASS."""
    checks: tuple[Check, ...]


def check(wanted: Wanted, measured: Measured) -> Check:
    """Judge one expectation."""
    result, finding = _judge(wanted, measured)
    return Check(
        measure=wanted.measure,
        unit=MEASURES[wanted.measure],
        of=wanted.of,
        tool=wanted.tool,
        session=wanted.session,
        at_least=wanted.at_least,
        at_most=wanted.at_most,
        value=measured.value,
        low=None if measured.value is None else measured.low,
        high=None if measured.value is None else measured.high,
        cases=measured.cases,
        needed=wanted.cases,
        result=result,
        reason=f"{_about(wanted)}: {finding}",
    )


def judge_run(wanted: Iterable[Wanted], measure: Callable[[Wanted], Measured], untested: tuple[str, ...]) -> RunVerdict:
    """Judge all expectations. `untested` says what was not put to the test at all, a sentence each."""
    checks = tuple(check(each, measure(each)) for each in wanted)
    failures = [done.reason for done in checks if done.result is Result.FAIL]
    doubts = [*untested, *(done.reason for done in checks if done.result is Result.INCONCLUSIVE)]
    result = Result.FAIL if failures else Result.INCONCLUSIVE if doubts else Result.PASS
    return RunVerdict(result, (*failures, *doubts), checks)


def _about(wanted: Wanted) -> str:
    """The measure, and what of the run it was taken of."""
    of = f" of {', '.join(wanted.of)}" if wanted.of else ""
    tool = f" at {wanted.tool}" if wanted.tool else ""
    session = f" in sessions {wanted.session}" if wanted.session else ""
    return f"{wanted.measure}{of}{tool}{session}"


def _judge(wanted: Wanted, measured: Measured) -> tuple[Result, str]:
    value, cases, needed = measured.value, measured.cases, wanted.cases
    if value is None:
        return Result.INCONCLUSIVE, measured.why_not or f"nothing to judge by ({_cases(cases)}, {needed} needed)"
    measure = wanted.measure
    shown = _beside_its_bounds(wanted, value)
    if measure not in OF_THE_AGENT:
        shown = f"{shown} in {_cases(cases)}"
    above = wanted.at_most is not None and value > wanted.at_most
    # A count only grows: over its upper bound it stays, however few the cases were.
    if cases < needed and not (above and MEASURES[measure] is Unit.COUNT):
        return Result.INCONCLUSIVE, f"{shown}, too few to judge ({needed} needed)"
    if wanted.at_most is not None and above:
        return Result.FAIL, f"{shown}, expected at most {figures.measured(measure, wanted.at_most)}"
    if wanted.at_least is not None and value < wanted.at_least:
        return Result.FAIL, f"{shown}, expected at least {figures.measured(measure, wanted.at_least)}"
    return Result.PASS, shown


def _beside_its_bounds(wanted: Wanted, value: float) -> str:
    return figures.beside(wanted.measure, value, wanted.at_least, wanted.at_most)


def _cases(cases: int) -> str:
    return "1 case" if cases == 1 else f"{cases} cases"
