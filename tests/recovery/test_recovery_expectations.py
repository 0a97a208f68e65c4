"""The verdict of a run. No empty green."""

import pytest

from chaosproxy.profiles.models import Expectation
from chaosproxy.recovery.expectations import Measured, Result, check, judge_run


def expect(**keys: object) -> Expectation:
    return Expectation.model_validate(keys)


@pytest.mark.parametrize(
    ("measure", "expectation", "measured", "result", "reason"),
    [
        (
            "recovery_rate",
            {"at_least": 0.95, "cases": 10},
            Measured(0.95, 20),
            "pass",
            "recovery_rate: 95% in 20 cases",
        ),
        (
            "recovery_rate",
            {"at_least": 0.95, "of": ("rate_limit", "latency")},
            Measured(0.9, 20),
            "fail",
            "recovery_rate of rate_limit, latency: 90% in 20 cases, expected at least 95%",
        ),
        (
            "recovery_rate",
            {"at_least": 0.95, "cases": 10},
            Measured(0.5, 9),
            "inconclusive",
            "recovery_rate: 50% in 9 cases, too few to judge (10 needed)",
        ),
        (
            "recovery_rate",
            {"at_least": 0.95},
            Measured(None, 0),
            "inconclusive",
            "recovery_rate: nothing to judge by (0 cases, 1 needed)",
        ),
        (
            "time_to_recovery_p95",
            {"at_most": 10},
            Measured(12.5, 1),
            "fail",
            "time_to_recovery_p95: 12.5s in 1 case, expected at most 10s",
        ),
        (
            "duplicate_effects",
            {"at_most": 0},
            Measured(0, 0),
            "inconclusive",
            "duplicate_effects: 0 in 0 cases, too few to judge (1 needed)",
        ),
        ("duplicate_effects", {"at_most": 0}, Measured(0, 5), "pass", "duplicate_effects: 0 in 5 cases"),
        (
            "duplicate_effects",
            {"at_most": 0, "cases": 10},
            Measured(1, 5),
            "fail",
            "duplicate_effects: 1 in 5 cases, expected at most 0",
        ),
        (
            "time_to_recovery_p95",
            {"at_most": 10, "cases": 10},
            Measured(12.5, 5),
            "inconclusive",
            "time_to_recovery_p95: 12.5s in 5 cases, too few to judge (10 needed)",
        ),
        (
            "undetected_faults",
            {"at_least": 3, "cases": 10},
            Measured(1, 5),
            "inconclusive",
            "undetected_faults: 1 in 5 cases, too few to judge (10 needed)",
        ),
        (
            "duplicate_effects",
            {"at_most": 0, "of": ("latency",)},
            Measured(None, 0, "cannot be told by fault"),
            "inconclusive",
            "duplicate_effects of latency: cannot be told by fault",
        ),
        (
            "amplification",
            {"at_least": 1, "at_most": 2},
            Measured(2.5, 4),
            "fail",
            "amplification: 2.5 in 4 cases, expected at most 2",
        ),
    ],
)
def test_a_check(measure: str, expectation: dict[str, object], measured: Measured, result: str, reason: str) -> None:
    done = check(measure, expect(**expectation), measured)
    assert (done.result, done.reason) == (result, reason)
    assert (done.value, done.cases) == (measured.value, measured.cases)


def verdict(*untested: str, **values: Measured) -> tuple[Result, tuple[str, ...]]:
    judged = judge_run(
        {"recovery_rate": expect(at_least=0.9), "duplicate_effects": expect(at_most=0)},
        lambda name, _of: values[name],
        untested,
    )
    assert len(judged.checks) == 2
    return judged.result, judged.reasons


GOOD = Measured(1.0, 3)
NONE = Measured(0, 3)


def test_all_well() -> None:
    assert verdict(recovery_rate=GOOD, duplicate_effects=NONE) == (Result.PASS, ())


def test_what_was_not_tested_is_never_a_pass() -> None:
    assert verdict("rule 'x' never fired", recovery_rate=GOOD, duplicate_effects=NONE) == (
        Result.INCONCLUSIVE,
        ("rule 'x' never fired",),
    )


def test_too_few_cases_are_never_a_pass() -> None:
    result, reasons = verdict(recovery_rate=Measured(None, 0), duplicate_effects=NONE)
    assert result is Result.INCONCLUSIVE
    assert len(reasons) == 1


def test_a_failure_wins_and_comes_first() -> None:
    result, reasons = verdict("rule 'x' never fired", recovery_rate=Measured(None, 0), duplicate_effects=Measured(2, 3))
    assert result is Result.FAIL
    assert reasons[0].startswith("duplicate_effects: 2")
    assert len(reasons) == 3


def test_the_bounds_come_with_the_check() -> None:
    done = check("recovery_rate", expect(at_least=0.9, at_most=1.0, of=("latency",)), GOOD)
    assert (done.at_least, done.at_most, done.of) == (0.9, 1.0, ("latency",))
