"""The verdict of a run: what was expected, against what was measured, on enough cases.

No empty green: what was not put to the test is INCONCLUSIVE and never PASS; and FAIL wins over INCONCLUSIVE, because
what was seen to be wrong stays wrong. Must not know how a measure comes about.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

import msgspec

from chaosproxy.core.measures import MEASURES, Unit
from chaosproxy.core.units import format_duration, format_rate
from chaosproxy.profiles.models import Expectation


class Result(StrEnum):
    """What a check, or a whole run, came to."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Measured(msgspec.Struct, frozen=True):
    """A measure's value, and how many cases it comes from."""

    value: float | None
    """In the unit of the measure; None if there is nothing to compute it from."""
    cases: int
    why_not: str | None = None
    """Why it has no value, when that is not for lack of cases."""


class Check(msgspec.Struct, frozen=True):
    """One expectation, judged."""

    measure: str
    of: tuple[str, ...]
    """The faults it was limited to; all if empty."""
    at_least: float | None
    at_most: float | None
    value: float | None
    cases: int
    result: Result
    reason: str
    """A sentence for people, with the figures."""


class RunVerdict(msgspec.Struct, frozen=True):
    """The verdict of a run."""

    result: Result
    reasons: tuple[str, ...]
    """Why it is not PASS, the failures first; empty for PASS."""
    checks: tuple[Check, ...]


def check(measure: str, expectation: Expectation, measured: Measured) -> Check:
    """Judge one expectation."""
    result, finding = _judge(measure, expectation, measured)
    about = f"{measure} of {', '.join(expectation.of)}" if expectation.of else measure
    return Check(
        measure=measure,
        of=expectation.of,
        at_least=expectation.at_least,
        at_most=expectation.at_most,
        value=measured.value,
        cases=measured.cases,
        result=result,
        reason=f"{about}: {finding}",
    )


def judge_run(
    expectations: Mapping[str, Expectation],
    measure: Callable[[str, tuple[str, ...]], Measured],
    untested: tuple[str, ...],
) -> RunVerdict:
    """Judge all expectations. `untested` says what was not put to the test at all, a sentence each."""
    checks = tuple(check(name, wanted, measure(name, wanted.of)) for name, wanted in expectations.items())
    failures = [done.reason for done in checks if done.result is Result.FAIL]
    doubts = [*untested, *(done.reason for done in checks if done.result is Result.INCONCLUSIVE)]
    result = Result.FAIL if failures else Result.INCONCLUSIVE if doubts else Result.PASS
    return RunVerdict(result, (*failures, *doubts), checks)


def _judge(measure: str, expectation: Expectation, measured: Measured) -> tuple[Result, str]:
    at_least, at_most, needed = expectation.at_least, expectation.at_most, expectation.cases
    value, cases = measured.value, measured.cases
    if value is None:
        return Result.INCONCLUSIVE, measured.why_not or f"nothing to judge by ({_cases(cases)}, {needed} needed)"
    shown = f"{_show(measure, value)} in {_cases(cases)}"
    above = at_most is not None and value > at_most
    # A count only grows: over its upper bound it stays, however few the cases were.
    if cases < needed and not (above and MEASURES[measure] is Unit.COUNT):
        return Result.INCONCLUSIVE, f"{shown}, too few to judge ({needed} needed)"
    if at_most is not None and above:
        return Result.FAIL, f"{shown}, expected at most {_show(measure, at_most)}"
    if at_least is not None and value < at_least:
        return Result.FAIL, f"{shown}, expected at least {_show(measure, at_least)}"
    return Result.PASS, shown


def _cases(cases: int) -> str:
    return "1 case" if cases == 1 else f"{cases} cases"


def _show(measure: str, value: float) -> str:
    unit = MEASURES[measure]
    if unit is Unit.SHARE:
        return format_rate(value)
    if unit is Unit.SECONDS:
        return format_duration(value)
    return f"{value:.4g}"
