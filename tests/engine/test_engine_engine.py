"""The engine as others see it: decisions, counts, and what a decision says."""

from chaosproxy.core.decision import QUIET, Injection
from chaosproxy.core.effects import Delay
from chaosproxy.core.failures import Phase
from chaosproxy.engine.decide import decide
from chaosproxy.engine.engine import Engine
from chaosproxy.engine.ledger import Ledger
from chaosproxy.engine.plan import Plan
from chaosproxy.engine.shortlist import Shortlist
from tests.engine.doubles import (
    TRANSIENT,
    Grudge,
    Harmless,
    Pause,
    Refusal,
    Turnstile,
    call,
    hits,
    judged,
    profile,
    route,
    rule,
)


def test_without_rules_every_call_passes() -> None:
    assert judged(Engine(profile()), [call(), call()]) == [QUIET, QUIET]


def test_a_host_that_may_not_be_touched_is_not() -> None:
    engine = Engine(profile(rule()))
    assert judged(engine, [call(route=route(touchable=False))]) == [QUIET]
    assert engine.eligible_counts() == {"rule": 0}


def test_a_decision_says_what_happens_and_when() -> None:
    (decision,) = judged(Engine(profile(rule("late", Pause(phase=Phase.AFTER_UPSTREAM)))), [call()])
    assert decision.rule == "late"
    assert decision.injections == (
        Injection("late", "pause", Phase.AFTER_UPSTREAM, TRANSIENT, (Delay(1.0, Phase.AFTER_UPSTREAM),)),
    )


def test_a_rule_with_several_faults_is_one_injection_for_each_that_strikes() -> None:
    (decision,) = judged(Engine(profile(rule("r", Pause(), Harmless(), Refusal()))), [call()])
    assert [injection.fault for injection in decision.injections] == ["pause", "refusal"]


def test_the_first_rule_that_fires_decides() -> None:
    engine = Engine(
        profile(
            rule("never", when={"probability": 0}),
            rule("harmless", Harmless()),
            rule("elsewhere", match={"tool": "charge"}),
            rule("hit"),
            rule("too late"),
        )
    )
    assert [decision.rule for decision in judged(engine, [call(), call()])] == ["hit", "hit"]


def test_counts_are_of_calls_that_came_as_far_as_the_rule() -> None:
    engine = Engine(
        profile(
            rule("second call", when={"calls": 2}),
            rule("team", match={"header": {"X-Team": "*"}}, when={"probability": 0}),
            rule("never", when={"probability": 0}),
            rule("third call", when={"calls": 3}),
            rule("charge", match={"tool": "charge"}),
        )
    )
    judged(engine, [call(), call(headers=((b"X-Team", b"a"),)), call(headers=((b"X-Team", b"a"),)), call()])
    assert engine.eligible_counts() == {"second call": 4, "team": 1, "never": 3, "third call": 3, "charge": 0}
    assert engine.injected_counts() == {"second call": 1, "team": 0, "never": 0, "third call": 1, "charge": 0}


def test_active_calls_are_counted_until_they_are_finished() -> None:
    engine = Engine(profile(rule(when={"calls": "1-2"})))
    decisions = [engine.judge(call(), 1, 0.0) for _ in range(3)]
    assert (hits(decisions), engine.active) == ([1, 2], 2)
    for decision in decisions:
        engine.finished(decision)
    assert engine.active == 0


def test_a_session_that_is_over_begins_again() -> None:
    engine = Engine(profile(rule("first", when={"calls": 1}), rule("once", when={"max": 1})))
    assert [decision.rule for decision in judged(engine, [call(), call(), call()])] == ["first", "once", None]
    engine.forget_session("s1")
    assert [decision.rule for decision in judged(engine, [call(), call()])] == ["first", "once"]
    assert engine.injected_counts() == {"first": 2, "once": 2}


def test_deciding_changes_nothing() -> None:
    """Asked twice, the same question has the same answer: what follows from it is for the ledger to write down."""
    plan = Plan.of(profile(rule("quota", Turnstile(admits=1)), rule("expired", Grudge(), when={"max": 1})))
    shortlist, ledger = Shortlist(plan.rules), Ledger(len(plan.rules))
    for _ in range(3):
        occasion = ledger.count(call(), 1, 0.0)
        verdict = decide(plan, shortlist, occasion, ledger)
        assert decide(plan, shortlist, occasion, ledger) == verdict
        ledger.commit(shortlist, "s1", verdict)
    assert ledger.injections == [2, 1]
