"""Faults that remember: who shares a memory, when it moves on, and what comes of it."""

from typing import Any

import pytest

from chaosproxy.core.decision import Decision
from chaosproxy.core.effects import Delay, Reject
from chaosproxy.engine.engine import Engine
from chaosproxy.faults._base import Scope
from tests.engine.doubles import Grudge, Pause, Refusal, Turnstile, call, hits, judged, profile, route, rule


def effects(decision: Decision) -> list[type]:
    return [type(effect) for injection in decision.injections for effect in injection.effects]


def test_calls_that_a_fault_lets_pass_move_its_memory_on() -> None:
    engine = Engine(profile(rule("quota", Turnstile(admits=2))))
    assert hits(judged(engine, [call(), call(), call(), call()])) == [3, 4]
    assert engine.injected_counts() == {"quota": 2}
    assert engine.eligible_counts() == {"quota": 4}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [(Scope.SHARED, [2, 3, 4, 5, 6]), (Scope.SESSION, [4, 5, 6]), (Scope.CREDENTIAL, [3, 4, 5])],
)
def test_scopes(scope: Scope, expected: list[int]) -> None:
    engine = Engine(profile(rule("quota", Turnstile(admits=1, scope=scope))))
    calls = [
        call(session="s1", credential="x"),
        call(session="s2", credential="y"),
        call(session="s3", credential="x"),
        call(session="s1", credential="y"),
        call(session="s2", credential="x"),
        call(session="s3", credential=None),
    ]
    assert hits(judged(engine, calls)) == expected


def test_two_rules_and_two_faults_of_a_rule_have_memories_of_their_own() -> None:
    twice = Turnstile(admits=1), Turnstile(admits=2)
    engine = Engine(profile(rule("one", *twice), rule("two", Turnstile(admits=3))))
    decisions = judged(engine, [call() for _ in range(4)])
    assert [len(decision.injections) for decision in decisions] == [0, 1, 2, 2]
    assert [decision.rule for decision in decisions] == [None, "one", "one", "one"]


def test_a_fault_that_lets_a_call_pass_leaves_it_to_the_next_rule() -> None:
    engine = Engine(profile(rule("quota", Turnstile(admits=1)), rule("slow")))
    assert [decision.rule for decision in judged(engine, [call(), call()])] == ["slow", "quota"]


def test_a_fault_is_asked_although_the_trigger_does_not_hold() -> None:
    engine = Engine(profile(rule("expired", Grudge(), Pause(), when={"calls": 2})))
    decisions = judged(engine, [call() for _ in range(4)])
    assert [effects(decision) for decision in decisions] == [[], [Reject, Delay], [Reject], [Reject]]
    assert [decision.reason for decision in decisions[1:3]] == ["call 2 of 2", "a fault remembers an earlier call"]


@pytest.mark.parametrize("when", [{"probability": 0}, {"max": 1, "calls": 1}, {"every": 99}, {"attempts": 9}], ids=str)
def test_a_fault_is_asked_whatever_part_of_the_trigger_does_not_hold(when: dict[str, Any]) -> None:
    engine = Engine(profile(rule("first", Grudge(), when=when)))
    decisions = judged(engine, [call(), call(), call()])
    assert hits(decisions) == ([1, 2, 3] if "max" in when else [])
    assert engine.eligible_counts() == {"first": 3}


def test_what_strikes_from_memory_uses_nothing_of_max() -> None:
    engine = Engine(profile(rule("expired", Grudge(), when={"every": 2, "max": 2})))
    decisions = judged(engine, [call() for _ in range(6)])
    assert [decision.reason for decision in decisions[1:]] == [
        "call 2, every 2, 1 of at most 2 in a session",
        "a fault remembers an earlier call",
        "call 4, every 2, 2 of at most 2 in a session",
        "a fault remembers an earlier call",
        "a fault remembers an earlier call",
    ]


def test_a_fault_is_not_asked_about_calls_that_an_earlier_rule_decided() -> None:
    engine = Engine(profile(rule("slow", when={"calls": "1-3"}), rule("quota", Turnstile(admits=1))))
    assert [decision.rule for decision in judged(engine, [call() for _ in range(5)])] == ["slow"] * 3 + [None, "quota"]


def test_a_fault_is_not_asked_about_calls_that_do_not_match() -> None:
    engine = Engine(profile(rule("quota", Turnstile(admits=1), match={"header": {"X-Team": "shopping"}})))
    shopping = call(headers=((b"X-Team", b"shopping"),))
    assert hits(judged(engine, [call(), shopping, call(), call(route=route(tool="x")), shopping])) == [5]


def test_a_memory_is_not_moved_on_by_a_call_that_is_held_back() -> None:
    """Otherwise what was never done to an agent would be held against it."""
    rules = rule("busy", match={"session": "other"}), rule("expired", Grudge(), when={"calls": 1})
    engine = Engine(profile(*rules, max_active=1))
    busy = engine.judge(call(session="other"), 1, 0.0)
    assert engine.judge(call(), 1, 0.0).skipped == (("expired", "max_active"),)
    engine.finished(busy)
    assert engine.judge(call(), 1, 0.0).rule is None


def test_a_memory_of_a_session_ends_with_it() -> None:
    engine = Engine(profile(rule("expired", Grudge(), when={"calls": 2})))
    assert hits(judged(engine, [call(), call(), call()])) == [2, 3]
    engine.forget_session("s1")
    assert hits(judged(engine, [call(), call()])) == [2]


def test_a_fault_draws_from_its_rules_number() -> None:
    ids = set()
    for key in ("fingerprint", "tool", "arrival"):
        for decision in judged(Engine(profile(rule("r", Refusal(), when={"key": key}))), [call(), call()]):
            (refusal,) = decision.injections[0].effects
            assert isinstance(refusal, Reject)
            ids.add(refusal.draw)
    assert len(ids) == 6
