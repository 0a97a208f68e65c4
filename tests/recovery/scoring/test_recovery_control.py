"""What faults cost, against sessions that are left alone or against another run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.events import Resolution, Verdict
from chaosproxy.core.failures import Outcome
from chaosproxy.engine.engine import Engine
from chaosproxy.profiles.models import Profile
from chaosproxy.recovery.scoring.control import LeftAlone, left_alone
from chaosproxy.recovery.scoring.expectations import Result
from chaosproxy.recovery.scoring.scorecard import Scorecard
from chaosproxy.recovery.scoring.terms import RuleInPlay, Terms
from tests.recovery.tallying import Ended, closed, expect, feed, terms

HALF = RuleInPlay("half", ("latency",), None, 0.5)
THIRD = RuleInPlay("third", ("latency",), None, 0.3)
ALL = RuleInPlay("all", ("latency",))
NAMES = [f"run-{number}" for number in range(40)]


@given(st.integers(0, 2**32), st.floats(0.05, 0.95), st.text(min_size=1, max_size=20))
def test_it_is_the_sessions_that_the_engine_does_not_strike(seed: int, share: float, session: str) -> None:
    profile = Profile.model_validate(
        {
            "version": 1,
            "name": "x",
            "seed": seed,
            "rules": [{"name": "half", "when": {"sessions": share}, "fault": {"type": "latency", "delay": "1s"}}],
        },
        strict=False,
    )
    call = Ended(session=session).event().call
    struck = Engine(profile).judge(call, 1, 100.0).rule is not None

    alone = left_alone(seed, Terms.of(profile).rules)

    assert alone is not None
    assert alone.has(session) is not struck


def test_it_is_those_that_no_rule_may_strike() -> None:
    one, other, both = (
        LeftAlone(7, shares) for shares in ([("half", 0.5)], [("third", 0.3)], [("half", 0.5), ("third", 0.3)])
    )
    assert {each for each in NAMES if both.has(each)} == {each for each in NAMES if one.has(each) and other.has(each)}
    assert 0 < sum(map(both.has, NAMES)) < sum(map(one.has, NAMES)) < len(NAMES)


@pytest.mark.parametrize("rules", [(), (ALL,), (HALF, ALL), (RuleInPlay("whole", (), None, 1.0),)])
def test_where_a_rule_may_strike_all_none_is_left_alone(rules: tuple[RuleInPlay, ...]) -> None:
    assert left_alone(7, rules) is None
    assert not Scorecard(terms(rules=rules)).leaves_alone("run-1")


def work(card: Scorecard, session: str, operation: int, *, fails: bool = False, tool: str = "find") -> None:
    """One operation: answered after half a second, or failed, retried once and given up after one."""
    if not fails:
        feed(card, Ended(session=session, operation=operation, tool=tool))
        return
    feed(
        card,
        Ended(session=session, operation=operation, tool=tool, outcome=Outcome.TIMEOUT),
        Ended(session=session, operation=operation, tool=tool, outcome=Outcome.TIMEOUT, attempt=2),
    )
    card.count_episode(
        closed(Resolution.EXHAUSTED, Verdict.UNKNOWN, session=session, operation=operation, tool=tool, seconds=0.75)
    )


def arms(card: Scorecard) -> tuple[list[str], list[str]]:
    """Sessions with faults, and those without."""
    return [each for each in NAMES if not card.leaves_alone(each)], [each for each in NAMES if card.leaves_alone(each)]


def a_run(card: Scorecard) -> Scorecard:
    """The sessions with faults fail one of four operations, those left alone none of three."""
    struck, alone = arms(card)
    operation = 0
    for session in struck:
        for nth in range(4):
            work(card, session, operation := operation + 1, fails=nth == 0)
        card.count_session(session)
    for session in alone:
        for _ in range(3):
            work(card, session, operation := operation + 1)
        card.count_session(session)
    return card


def test_two_arms_in_figures() -> None:
    card = a_run(Scorecard(terms(rules=(HALF,))))
    struck, alone = (len(each) for each in arms(card))

    compared = card.comparison()

    assert compared is not None
    faults, control = compared.faults, compared.control
    assert (faults.name, faults.sessions, faults.calls, faults.operations) == ("faults", struck, 5 * struck, 4 * struck)
    assert (control.name, control.sessions, control.calls) == ("control", alone, 3 * alone)
    assert (faults.success.value, faults.success.cases, control.success.value) == (0.75, 4 * struck, 1.0)
    assert (faults.amplification, control.amplification) == (1.25, 1.0)
    assert (faults.seconds_p50, faults.seconds_p95, control.seconds_p95) == (0.5, 1.0, 0.5)
    assert compared.drop == 0.25
    assert compared.low is not None
    assert compared.high is not None
    assert 0 < compared.low < 0.25 < compared.high < 1


def test_the_whole_is_both_arms() -> None:
    card = a_run(Scorecard(terms(rules=(HALF,))))
    compared = card.comparison()
    assert compared is not None
    count = card.whole.count()
    assert count.calls == compared.faults.calls + compared.control.calls
    assert count.decided == compared.faults.success.cases + compared.control.success.cases


@pytest.mark.parametrize(("at_most", "result"), [(0.3, Result.PASS), (0.2, Result.FAIL)])
def test_a_drop_is_judged(at_most: float, result: Result) -> None:
    card = a_run(Scorecard(terms(expect("success_drop", at_most=at_most, cases=10), rules=(HALF,))))
    done = card.judge().checks[0]
    assert (done.result, done.value) == (result, 0.25)
    assert done.cases == min(4 * len(arms(card)[0]), 3 * len(arms(card)[1]))
    assert done.low is not None


def test_a_drop_of_some_tools_and_sessions() -> None:
    card = Scorecard(terms(expect("success_drop", at_most=0, tool="pay*", session="run-?"), rules=(HALF,)))
    for number, session in enumerate(NAMES):
        work(card, session, 3 * number + 1, fails=not card.leaves_alone(session), tool="pay")
        work(card, session, 3 * number + 2, tool="pay")
        work(card, session, 3 * number + 3, tool="find")

    done = card.judge().checks[0]

    assert (done.value, done.result) == (0.5, Result.FAIL)
    few = NAMES[:10]
    assert done.cases == 2 * min(sum(map(card.leaves_alone, few)), 10 - sum(map(card.leaves_alone, few)))


def test_without_a_control_arm_it_cannot_be_told() -> None:
    card = feed(Scorecard(terms(expect("success_drop", at_most=0.1), rules=(ALL,))), Ended())
    done = card.judge().checks[0]
    assert done.result is Result.INCONCLUSIVE
    assert done.reason.startswith("success_drop: there is no control arm")
    assert card.comparison() is None


def test_an_arm_that_nobody_was_in_cannot_be_told_either() -> None:
    card = Scorecard(terms(expect("success_drop", at_most=0.1), rules=(HALF,)))
    work(card, arms(card)[0][0], 1)
    assert card.judge().checks[0].reason == "success_drop: no operation was decided in the control arm"
    other = Scorecard(terms(expect("success_drop", at_most=0.1), rules=(HALF,)))
    work(other, arms(other)[1][0], 1)
    assert other.judge().checks[0].reason == "success_drop: no operation was decided in the arm with faults"


def test_another_run_is_the_control_arm_of_a_run_that_has_none() -> None:
    wanted = expect("success_drop", at_most=0.2)
    card, calm = Scorecard(terms(wanted, rules=(ALL,))), Scorecard(terms(wanted), timed=True)
    for operation in range(1, 11):
        work(card, "run-1", operation, fails=operation < 4)
        work(calm, "run-1", operation)

    judged = card.judge(baseline=calm)
    compared = card.comparison(calm)

    assert judged.checks[0].result is Result.FAIL
    assert judged.checks[0].value == pytest.approx(0.3)
    assert compared is not None
    assert (compared.control.operations, compared.control.seconds_p50, compared.faults.seconds_p50) == (10, 0.5, None)


def test_sessions_that_were_left_alone_are_not_compared_with_another_run() -> None:
    card, calm = a_run(Scorecard(terms(rules=(HALF,)))), Scorecard(terms())
    work(calm, "any", 1)
    compared = card.comparison(calm)
    assert compared is not None
    assert compared.faults.success.value == 0.75
    assert compared.control.operations == 1
