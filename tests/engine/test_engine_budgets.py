"""How much may go wrong at most."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.engine.budgets import Budgets
from chaosproxy.engine.engine import Engine
from chaosproxy.profiles.models import Safety
from tests.engine.doubles import call, hits, judged, profile, rule


@pytest.mark.parametrize(
    ("budgets", "active", "injected", "calls", "broken"),
    [
        (Budgets(), 10**6, 10**6, 10**6, None),
        (Budgets(max_active=2), 1, 9, 9, None),
        (Budgets(max_active=2), 2, 9, 9, "max_active"),
        (Budgets(max_ratio=Fraction(1, 2)), 0, 9, 1, None),
        (Budgets(max_ratio=Fraction(1, 2)), 0, 10, 20, "max_ratio"),
        (Budgets(max_ratio=Fraction(1, 2)), 0, 10, 21, "max_ratio"),
        (Budgets(max_ratio=Fraction(1, 2)), 0, 10, 22, None),
        (Budgets(max_ratio=Fraction(0)), 0, 0, 1_000, "max_ratio"),
        (Budgets(max_ratio=Fraction(1)), 0, 99, 100, None),
        (Budgets(max_active=1, max_ratio=Fraction(0)), 1, 0, 1, "max_active"),
    ],
)
def test_holds_back(budgets: Budgets, active: int, injected: int, calls: int, broken: str | None) -> None:
    assert budgets.holds_back(active=active, injected=injected, calls=calls) == broken


@given(st.integers(0, 100), st.integers(1, 50))
def test_a_ratio_written_in_percent_is_exact(percent: int, hundreds: int) -> None:
    budgets = Budgets.of(Safety.model_validate({"max_ratio": f"{percent}%"}))
    allowed = percent * hundreds
    assert budgets.holds_back(active=0, injected=allowed, calls=100 * hundreds) == "max_ratio"
    if allowed:
        assert budgets.holds_back(active=0, injected=allowed - 1, calls=100 * hundreds) is None


def test_a_ratio_holds_over_a_run() -> None:
    engine = Engine(profile(rule(), max_ratio="25%"))
    decisions = judged(engine, (call(str(number)) for number in range(100)))
    assert len(hits(decisions)) == 25
    assert hits(decisions)[:6] == [1, 2, 3, 4, 5, 24]
    assert decisions[5].skipped == (("rule", "max_ratio"),)
    assert decisions[5].reason == "held back by max_ratio"
    assert decisions[5].rule is None


def test_active_calls_are_those_not_yet_finished() -> None:
    engine = Engine(profile(rule(), max_active=2))
    first, second, third = (engine.judge(call(str(number)), 1, 0.0) for number in range(3))
    assert hits([first, second, third]) == [1, 2]
    assert third.skipped == (("rule", "max_active"),)
    engine.finished(third)
    assert engine.active == 2
    engine.finished(first)
    assert engine.active == 1
    assert hits([engine.judge(call("3"), 1, 0.0), engine.judge(call("4"), 1, 0.0)]) == [1]


def test_a_call_that_is_held_back_is_left_alone_by_later_rules_too() -> None:
    engine = Engine(profile(rule("first", when={"calls": "1-2"}), rule("second"), max_active=1))
    engine.judge(call("0"), 1, 0.0)
    held = engine.judge(call("1"), 1, 0.0)
    assert held.skipped == (("first", "max_active"),)
    assert engine.eligible_counts() == {"first": 2, "second": 0}


def test_what_is_held_back_does_not_count_as_a_hit() -> None:
    engine = Engine(profile(rule(when={"max": 2}), max_active=1))
    first = engine.judge(call("0"), 1, 0.0)
    assert engine.judge(call("1"), 1, 0.0).skipped
    engine.finished(first)
    assert hits([engine.judge(call("2"), 1, 0.0)]) == [1]
    assert engine.injected_counts() == {"rule": 2}
