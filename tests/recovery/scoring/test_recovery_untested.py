"""Rules that were not put to the test, and why."""

import pytest

from chaosproxy.core.decision import Decision
from chaosproxy.core.failures import Outcome
from chaosproxy.recovery.scoring.expectations import Result
from chaosproxy.recovery.scoring.scorecard import Scorecard
from chaosproxy.recovery.scoring.terms import RuleInPlay
from tests.recovery.tallying import Ended, both, expect, feed, strike, terms

RULE = RuleInPlay("x", ("malformed_json",), "pay*")
SPOIL = strike("x", "malformed_json")


def doubts(*calls: Ended, rule: RuleInPlay = RULE, eligible: dict[str, int] | None = None) -> tuple[str, ...]:
    judged = feed(Scorecard(terms(rules=(rule,))), *calls).judge(eligible)
    assert judged.result is (Result.INCONCLUSIVE if judged.reasons else Result.PASS)
    return judged.reasons


def test_a_rule_that_fired_leaves_no_doubt() -> None:
    assert doubts(Ended(tool="pay", decision=SPOIL, outcome=Outcome.MALFORMED)) == ()


def test_who_expects_nothing_passes_when_its_rules_fired() -> None:
    card = feed(Scorecard(terms(rules=(RULE,))), Ended(tool="pay", decision=SPOIL))
    assert (card.judge().result, card.judge().reasons, card.judge().checks) == (Result.PASS, (), ())


def test_the_agent_called_nothing() -> None:
    assert doubts() == ("the agent called nothing",)
    assert Scorecard(terms(rules=(RULE,))).untested()[0].why == "the agent called nothing"


@pytest.mark.parametrize("eligible", [None, {}, {"x": 0}])
def test_its_tool_was_never_called(eligible: dict[str, int] | None) -> None:
    assert doubts(Ended(tool="find"), eligible=eligible) == ("rule 'x' never fired: its tool was never called",)


def test_no_call_matched_it() -> None:
    assert doubts(Ended(tool="pay"), eligible={"x": 0}) == ("rule 'x' never fired: no call matched it",)
    second = Scorecard(terms(rules=(RuleInPlay("first"), RULE)))
    feed(second, Ended(tool="pay", decision=strike("first", "latency")))
    assert second.judge({"first": 1, "x": 0}).reasons == (
        "rule 'x' never fired: no call matched it that an earlier rule had not taken",
    )


def test_chance_spared_them_all() -> None:
    assert doubts(Ended(tool="pay"), eligible={"x": 12}) == (
        "rule 'x' never fired: it matched 12 calls, but chance or its conditions spared all of them",
    )
    assert doubts(Ended(tool="pay"), eligible={"x": 1}) == (
        "rule 'x' never fired: it matched 1 call, but chance or its conditions spared it",
    )


def test_a_budget_held_it_back() -> None:
    held = Decision(skipped=(("x", "max_active"),))
    assert doubts(Ended(tool="pay", decision=held), eligible={"x": 3}) == (
        "rule 'x' never fired: a budget or a switch held it back from 1 call",
    )


def test_where_nothing_is_known_nothing_is_said() -> None:
    assert doubts(Ended(tool="pay")) == ("rule 'x' never fired",)


def test_its_faults_could_not_be_applied() -> None:
    spared = Ended(tool="pay", decision=SPOIL, skipped="not_json")
    assert doubts(spared, spared) == ("rule 'x' fired, but its faults could not be applied to any of those calls",)
    assert doubts(spared, Ended(tool="pay", decision=SPOIL)) == ()


def test_only_the_rule_whose_fault_was_spared_is_in_doubt() -> None:
    card = Scorecard(terms(rules=(RuleInPlay("slow", ("latency",)), RULE)))
    feed(card, Ended(tool="pay", decision=both(strike("slow", "latency"), SPOIL), skipped="not_json"))
    assert [(each.rule, each.why) for each in card.untested()] == [
        ("x", "it fired, but its faults could not be applied to any of those calls")
    ]


def test_a_run_of_which_only_the_exit_status_is_expected_does_not_pass_untested() -> None:
    card = feed(Scorecard(terms(expect("agent_exit_status", at_most=0), rules=(RULE,))), Ended(tool="find"))
    judged = card.judge(agent_status=0)
    assert [check.result for check in judged.checks] == [Result.PASS]
    assert judged.result is Result.INCONCLUSIVE


def test_a_tool_beyond_those_with_a_cell_of_their_own_counts_as_called() -> None:
    many = [Ended(tool=f"tool-{number}", operation=number) for number in range(200)]
    assert doubts(*many, Ended(tool="pay", operation=999), eligible={"x": 1}) == (
        "rule 'x' never fired: it matched 1 call, but chance or its conditions spared it",
    )
    assert doubts(*many) == ("rule 'x' never fired: its tool was never called",)
