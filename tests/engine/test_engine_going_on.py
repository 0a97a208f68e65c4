"""Rules that go on, asides, and leases."""

from typing import Any, Literal

import pytest

from chaosproxy.core.decision import QUIET
from chaosproxy.core.effects import Annotate, Aside, Delay, Effect, Keep, Quota, Reject
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.core.turn import Turn
from chaosproxy.engine.engine import Engine
from chaosproxy.faults._base import RememberingFault, Scope
from chaosproxy.faults._catalogue import catalogue
from tests.engine.doubles import TRANSIENT, Grudge, Pause, Refusal, Turnstile, call, hits, judged, profile, rule
from tests.profiles.writing import load, with_rule


class Keeper(RememberingFault[None]):
    """Keeps whatever passes; strikes when triggered, if it is asked to."""

    phases = (Phase.AFTER_UPSTREAM,)
    nature = TRANSIENT
    ends_call = False
    type: Literal["keeper"] = "keeper"
    strikes_too: bool = False

    def blank(self) -> None:
        return None

    def step(self, turn: Turn, rule: str, memory: None, *, triggered: bool) -> tuple[tuple[Effect | Aside, ...], None]:
        kept = Keep(f"{rule} {turn.call.fingerprint}")
        return ((kept, Delay(1.0, self.strikes)) if triggered and self.strikes_too else (kept,)), memory


class Room(RememberingFault[int]):
    """Has so many places; a call takes one for as long as it lasts."""

    phases = (Phase.BEFORE_UPSTREAM,)
    nature = TRANSIENT
    lends = True
    type: Literal["room"] = "room"
    places: int = 1
    tells: bool = False
    scope: Scope = Scope.SHARED

    @property
    def memory_scope(self) -> Scope:
        return self.scope

    def blank(self) -> int:
        return 0

    def step(self, turn: Turn, rule: str, memory: int, *, triggered: bool) -> tuple[tuple[Effect | Aside, ...], int]:
        if not triggered:
            return (), memory
        if memory >= self.places:
            return (Reject(FailureKind.RATE_LIMITED, self.strikes),), memory
        return ((Annotate(Quota(self.places, self.places - memory - 1, 0.0)),) if self.tells else ()), memory + 1

    def returned(self, memory: int) -> int:
        assert memory > 0
        return memory - 1


LATER = Pause(phase=Phase.AFTER_UPSTREAM)
NOTED = rule("keep", Keeper(), when={"calls": 999})


# Rules that go on


def test_all_rules_that_fire_stand_in_the_decision_in_order() -> None:
    rules = (
        rule("slow", when={"calls": "1-2"}, goes_on=True),
        rule("never", when={"probability": 0}, goes_on=True),
        rule("slower", LATER, goes_on=True),
        rule("last", Pause(), Pause()),
        rule("too late"),
    )
    engine = Engine(profile(*rules))
    decisions = judged(engine, [call(), call(), call()])
    assert [injection.rule for injection in decisions[0].injections] == ["slow", "slower", "last", "last"]
    assert [decision.rule for decision in decisions] == ["slow", "slow", "slower"]
    assert decisions[0].reason == "slow: call 1 of 1-2; slower: always; last: always"
    assert engine.injected_counts() == {"slow": 2, "never": 0, "slower": 3, "last": 3, "too late": 0}
    assert engine.eligible_counts() == {"slow": 3, "never": 3, "slower": 3, "last": 3, "too late": 0}


def test_a_rule_that_goes_on_alone_is_told_as_any_other() -> None:
    engine = Engine(profile(rule("slow", goes_on=True), rule("never", when={"every": 9})))
    (decision,) = judged(engine, [call()])
    assert (decision.rule, decision.reason) == ("slow", "always")
    assert engine.eligible_counts() == {"slow": 1, "never": 1}


def test_the_draw_is_that_of_the_first() -> None:
    engine = Engine(profile(rule("a", goes_on=True, when={"calls": 2}), rule("b", when={"probability": 1.0})))
    one, two = judged(engine, [call(), call()])
    assert one.rule == "b"
    assert one.draw is not None
    assert (two.rule, two.draw) == ("a", None)


def test_max_is_counted_for_each_rule_that_fired() -> None:
    engine = Engine(profile(rule("a", goes_on=True, when={"max": 2}), rule("b", goes_on=True, when={"max": 1})))
    found = [[injection.rule for injection in decision.injections] for decision in judged(engine, [call()] * 4)]
    assert found == [["a", "b"], ["a"], [], []]


def test_rules_with_conditions_are_counted_however_far_a_call_goes() -> None:
    team = {"header": {"X-Team": "*"}}
    rules = (rule("a", goes_on=True), rule("b", match=team, goes_on=True), rule("c", match=team), rule("d"))
    engine = Engine(profile(*rules))
    judged(engine, [call(), call(headers=((b"X-Team", b"x"),))])
    assert engine.eligible_counts() == {"a": 2, "b": 1, "c": 1, "d": 1}
    assert engine.injected_counts() == {"a": 2, "b": 1, "c": 1, "d": 1}


def test_a_call_under_several_rules_is_one_call_under_a_fault() -> None:
    engine = Engine(profile(rule("a", goes_on=True), rule("b", goes_on=True), rule("c"), max_active=1))
    first = engine.judge(call(), 1, 0.0)
    assert len(first.injections) == 3
    assert engine.active == 1
    held = engine.judge(call(), 1, 0.0)
    assert (held.rule, held.injections, held.skipped) == (None, (), (("a", "max_active"),))
    engine.finished(first)
    engine.finished(held)
    assert engine.active == 0


def test_what_could_no_longer_happen_is_left_out_and_told() -> None:
    rules = (
        rule("slow reply", LATER, when={"max": 1}, goes_on=True),
        rule("slow both", Pause(), LATER, goes_on=True),
        rule("slow start", goes_on=True),
        rule("refused", Refusal(), when={"calls": 1}),
    )
    engine = Engine(profile(*rules))
    first, second = judged(engine, [call(), call()])
    assert first.rule == "slow both"
    assert [(each.rule, each.phase) for each in first.injections] == [
        ("slow both", Phase.BEFORE_UPSTREAM),
        ("slow start", Phase.BEFORE_UPSTREAM),
        ("refused", Phase.BEFORE_UPSTREAM),
    ]
    assert first.skipped == (("slow reply", "nothing_after"), ("slow both", "nothing_after"))
    assert first.reason == "slow both: always; slow start: always; refused: call 1 of 1"
    assert [each.rule for each in second.injections] == ["slow reply", "slow both", "slow both", "slow start"]
    assert engine.injected_counts() == {"slow reply": 1, "slow both": 2, "slow start": 2, "refused": 1}
    assert engine.eligible_counts() == {"slow reply": 2, "slow both": 2, "slow start": 2, "refused": 2}


class LaterGrudge(Grudge):
    """Slows the replies of whoever it once slowed."""

    phases = (Phase.AFTER_UPSTREAM,)
    ends_call = False
    type: Literal["later_grudge"] = "later_grudge"  # type: ignore[assignment]  # as subclasses of faults do


def test_a_rule_of_which_nothing_is_left_remembers_nothing() -> None:
    engine = Engine(
        profile(
            rule("grudge", LaterGrudge(), when={"calls": 1}, goes_on=True),
            rule("refused", Refusal(), when={"calls": 1}),
        )
    )
    first, second = judged(engine, [call(), call()])
    assert (first.rule, first.skipped) == ("refused", (("grudge", "nothing_after"),))
    assert second is QUIET or second.rule is None


# Asides


def test_asides_stand_although_no_rule_fires() -> None:
    engine = Engine(profile(NOTED, rule("also", Keeper()), max_active=1))
    (decision,) = judged(engine, [call("x")])
    assert decision is not QUIET
    assert (decision.rule, decision.injections, decision.reason) == (None, (), "no rule fired")
    assert decision.asides == (Keep("keep x"), Keep("also x"))
    assert engine.injected_counts() == {"keep": 0, "also": 0}
    assert engine.eligible_counts() == {"keep": 1, "also": 1}
    assert engine.active == 0


def test_asides_stand_beside_faults_of_the_same_rule_and_of_others() -> None:
    engine = Engine(
        profile(NOTED, rule("both", Keeper(strikes_too=True), goes_on=True), rule("slow"), rule("late", Keeper()))
    )
    (decision,) = judged(engine, [call("x")])
    assert [injection.rule for injection in decision.injections] == ["both", "slow"]
    assert decision.asides == (Keep("keep x"), Keep("both x"))


def test_asides_of_a_rule_that_is_held_back_are_not_heard_of_and_those_before_it_are() -> None:
    engine = Engine(profile(NOTED, rule("both", Keeper(strikes_too=True)), max_ratio=0))
    (decision,) = judged(engine, [call("x")])
    assert decision.asides == (Keep("keep x"),)
    assert decision.skipped == (("both", "max_ratio"),)
    assert decision.reason == "held back by max_ratio"


# Leases


@pytest.mark.parametrize("tells", [True, False])
def test_what_a_call_takes_is_given_back_when_it_is_over(tells: bool) -> None:
    engine = Engine(profile(rule("room", Room(places=2, tells=tells))))
    first, second, third = (engine.judge(call(), 1, 0.0) for _ in range(3))
    assert hits([first, second, third]) == [3]
    assert (len(first.leases), len(third.leases), len(first.asides)) == (1, 0, int(tells))
    engine.finished(third)
    assert hits([engine.judge(call(), 1, 0.0)]) == [1]
    engine.finished(second)
    fourth = engine.judge(call(), 1, 0.0)
    assert hits([fourth, engine.judge(call(), 1, 0.0)]) == [2]
    for decision in (fourth, first):
        engine.finished(decision)
    assert hits([engine.judge(call(), 1, 0.0) for _ in range(3)]) == [3]


def test_a_call_that_is_hit_later_keeps_its_place_until_it_is_over() -> None:
    engine = Engine(profile(rule("room", Room()), rule("refused", Refusal())))
    first, second = engine.judge(call(), 1, 0.0), engine.judge(call(), 1, 0.0)
    assert [decision.rule for decision in (first, second)] == ["refused", "room"]
    engine.finished(second)
    engine.finished(first)
    assert engine.judge(call(), 1, 0.0).rule == "refused"


def test_a_call_that_a_budget_spares_later_keeps_its_place_too() -> None:
    engine = Engine(profile(rule("room", Room()), rule("slow"), max_active=1))
    first = engine.judge(call(), 1, 0.0)
    engine.finished(first)
    busy = Engine(profile(rule("room", Room(places=2)), rule("slow"), max_active=1))
    hit, spared = busy.judge(call(), 1, 0.0), busy.judge(call(), 1, 0.0)
    assert spared.skipped == (("slow", "max_active"),)
    assert len(spared.leases) == 1
    busy.finished(hit)
    assert busy.judge(call(), 1, 0.0).rule == "slow"
    assert busy.judge(call(), 1, 0.0).skipped == (("room", "max_active"),)
    busy.finished(spared)
    assert busy.judge(call(), 1, 0.0).skipped == (("slow", "max_active"),)


def test_a_rule_that_is_held_back_lends_nothing() -> None:
    engine = Engine(profile(rule("room", Room(places=5), Refusal()), max_ratio=0))
    (decision,) = judged(engine, [call()])
    assert decision.skipped
    assert decision.leases == ()


def test_what_was_not_asked_for_is_not_taken() -> None:
    """A lender that leaves its memory as it was, because its trigger does not hold, has lent nothing."""
    engine = Engine(profile(rule("room", Room(), when={"calls": 2})))
    assert judged(engine, [call(), call(), call()])[0] is QUIET
    decisions = [engine.judge(call(session="s2"), 1, 0.0) for _ in range(3)]
    assert [len(decision.leases) for decision in decisions] == [0, 1, 0]


def test_a_session_that_begins_again_is_owed_nothing_by_the_one_before() -> None:
    engine = Engine(profile(rule("room", Room(scope=Scope.SESSION))))
    old = engine.judge(call(), 1, 0.0)
    engine.forget_session("s1")
    engine.finished(old)
    new = engine.judge(call(), 1, 0.0)
    assert new.leases
    engine.finished(old)
    assert engine.judge(call(), 1, 0.0).rule == "room"


@pytest.mark.parametrize("count", ["concurrency", "requests"])
def test_the_real_limiter_lends_only_what_is_given_back(count: str) -> None:
    per = "" if count == "concurrency" else ", per: 1m"
    limiter = f"{{name: r, fault: {{type: rate_limit, limit: 1, count: {count}, warn: false{per}}}}}"
    engine = Engine(load(with_rule(limiter)).profile)
    first = engine.judge(call(), 1, 0.0)
    assert len(first.leases) == int(count == "concurrency")
    assert engine.judge(call(), 1, 0.0).rule == "r"
    engine.finished(first)
    assert (engine.judge(call(), 1, 0.0).rule is None) is (count == "concurrency")


# Faults that wait


class Waiting(Grudge):
    """A grudge that says that it need not be asked before it is triggered."""

    waits = True


class WaitingTurnstile(Turnstile):
    """The same of a turnstile."""

    waits = True


@pytest.mark.parametrize(
    ("fault", "waiting"), [(Grudge(), Waiting()), (Turnstile(admits=1), WaitingTurnstile(admits=1))]
)
def test_a_fault_that_waits_is_asked_from_its_first_trigger_on(
    fault: RememberingFault[Any], waiting: RememberingFault[Any]
) -> None:
    def decided(asked: RememberingFault[Any]) -> list[str | None]:
        engine = Engine(profile(rule("gate", asked, when={"every": 3}), NOTED))
        return [decision.rule for decision in judged(engine, [call(session=f"s{n % 2}") for n in range(14)])]

    assert decided(waiting) == decided(fault)
    assert decided(waiting).count("gate") > 2


def remembering() -> list[str]:
    return [name for name, fault in catalogue().items() if issubclass(fault, RememberingFault) and fault.waits]


@pytest.mark.parametrize("name", remembering())
def test_what_says_that_it_waits_has_nothing_to_do_before(name: str) -> None:
    example = "".join(f"  {line}\n" for line in catalogue()[name].example.splitlines())
    for each in load(f"version: 1\nname: n\nrules:\n{example}").profile.rules:
        for fault in each.fault:
            if isinstance(fault, RememberingFault) and fault.waits:
                engine = Engine(profile(rule("r", fault)))
                turn = engine.plan.turn(engine._ledger.count(call(body={"a": 1}, body_bytes=9), 1, 5.0), 1, 0.0)
                blank = fault.blank()
                assert fault.step(turn, "r", blank, triggered=False) == ((), blank)
