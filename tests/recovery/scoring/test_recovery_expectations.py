"""The verdict of a run. No empty green."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.measures import MEASURES, Unit
from chaosproxy.recovery.scoring.expectations import Result, check, judge_run
from chaosproxy.recovery.scoring.measured import Measured, share
from chaosproxy.recovery.scoring.terms import Wanted
from tests.recovery.tallying import expect


@pytest.mark.parametrize(
    ("measure", "expectation", "measured", "result", "reason"),
    [
        ("recovery_rate", {"at_least": 0.95, "cases": 10}, share(19, 20), "pass", "recovery_rate: 95 % in 20 cases"),
        (
            "recovery_rate",
            {"at_least": 0.95, "of": ("rate_limit", "latency")},
            share(18, 20),
            "fail",
            "recovery_rate of rate_limit, latency: 90 % in 20 cases, expected at least 95 %",
        ),
        (
            "recovery_rate",
            {"at_least": 0.8, "tool": "search*", "session": "ci-*"},
            share(1, 2),
            "fail",
            "recovery_rate at search* in sessions ci-*: 50 % in 2 cases, expected at least 80 %",
        ),
        (
            "recovery_rate",
            {"at_least": 0.95, "cases": 10},
            share(3, 6),
            "inconclusive",
            "recovery_rate: 50 % in 6 cases, too few to judge (10 needed)",
        ),
        (
            "recovery_rate",
            {"at_least": 0.95},
            share(0, 0),
            "inconclusive",
            "recovery_rate: nothing to judge by (0 cases, 1 needed)",
        ),
        (
            "time_to_recovery_p95",
            {"at_most": 10},
            Measured(12.5, 1),
            "fail",
            "time_to_recovery_p95: 12.5 s in 1 case, expected at most 10 s",
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
            "time_to_recovery_p95: 12.5 s in 5 cases, too few to judge (10 needed)",
        ),
        (
            "undetected_faults",
            {"at_least": 3, "cases": 10},
            Measured(1, 5),
            "inconclusive",
            "undetected_faults: 1 in 5 cases, too few to judge (10 needed)",
        ),
        (
            "success_drop",
            {"at_most": 0.1},
            Measured(None, 0, "there is no control arm"),
            "inconclusive",
            "success_drop: there is no control arm",
        ),
        ("success_drop", {"at_most": 0.1}, Measured(-0.05, 4), "pass", "success_drop: -5 % in 4 cases"),
        (
            "amplification",
            {"at_least": 1, "at_most": 2},
            Measured(2.5, 4),
            "fail",
            "amplification: 2.5 in 4 cases, expected at most 2",
        ),
        ("agent_exit_status", {"at_most": 0}, Measured(0, 1), "pass", "agent_exit_status: 0"),
        ("agent_exit_status", {"at_most": 0}, Measured(2, 1), "fail", "agent_exit_status: 2, expected at most 0"),
    ],
)
def test_a_check(measure: str, expectation: dict[str, object], measured: Measured, result: str, reason: str) -> None:
    done = check(expect(measure, **expectation), measured)
    assert (done.result, done.reason) == (result, reason)
    assert (done.value, done.cases) == (measured.value, measured.cases)


def verdict(*untested: str, **values: Measured) -> tuple[Result, tuple[str, ...]]:
    wanted = [expect("recovery_rate", at_least=0.9), expect("duplicate_effects", at_most=0)]
    judged = judge_run(wanted, lambda each: values[each.measure], untested)
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


def test_what_it_was_about_comes_with_the_check() -> None:
    done = check(
        expect("recovery_rate", at_least=0.9, at_most=1.0, of=("latency",), tool="a*", session="b*", cases=7),
        share(9, 10),
    )
    assert (done.at_least, done.at_most, done.needed) == (0.9, 1.0, 7)
    assert (done.of, done.tool, done.session, done.unit) == (("latency",), "a*", "b*", Unit.SHARE)
    assert (done.low, done.high) == pytest.approx((0.5958, 0.9821), abs=5e-5)


def test_without_a_value_there_is_no_interval() -> None:
    done = check(expect("recovery_rate", at_least=0.9), share(0, 0))
    assert (done.value, done.low, done.high) == (None, None, None)


def test_exit_codes() -> None:
    assert [result.exit_code for result in (Result.PASS, Result.FAIL, Result.INCONCLUSIVE)] == [0, 1, 3]


BOUND = st.none() | st.floats(0, 1)


@given(
    st.sampled_from(sorted(MEASURES)),
    BOUND,
    BOUND,
    st.none() | st.floats(0, 1),
    st.tuples(st.integers(0, 9), st.integers(1, 9)),
)
def test_laws(measure: str, low: float | None, high: float | None, value: float | None, cases: tuple[int, int]) -> None:
    has, needed = cases
    result = check(Wanted(measure, low, high, cases=needed), Measured(value, has)).result
    kept = value is not None and (low is None or value >= low) and (high is None or value <= high)
    if result is Result.PASS:
        assert kept
        assert has >= needed
    if result is Result.FAIL:
        assert value is not None
        assert not kept
        assert has >= needed or MEASURES[measure] is Unit.COUNT
    if has >= needed and value is not None:
        assert result is (Result.PASS if kept else Result.FAIL)
