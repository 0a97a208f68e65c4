"""At which times a rule is on."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.draws import RuleDraw, call_number
from chaosproxy.engine.engine import Engine
from chaosproxy.engine.timing import FixedOutage, Schedule, Slope, VaryingOutage, periods
from chaosproxy.profiles.models import Outage, Ramp, RunPhase, When
from tests.engine.doubles import Grudge, call, profile, rule

durations = st.floats(0.001, 1e5)
BEGAN = 1_000.0


def on_at(when: dict[str, Any], *seconds: float) -> list[float]:
    """At which of these times since the run began a call is hit."""
    engine = Engine(profile(rule(when=when)), BEGAN)
    return [each for each in seconds if engine.judge(call(), 1, BEGAN + each).injections]


@pytest.mark.parametrize(
    ("when", "on"),
    [
        ({"after": "5s"}, [5, 6, 10, 11, 15, 16, 21, 26]),
        ({"for": "5s"}, [0, 1, 4.5]),
        ({"after": "5s", "for": "5s"}, [5, 6]),
        ({"for": "1s", "repeat": "5s"}, [0, 5, 10, 15]),
        ({"after": "1s", "for": "1s", "repeat": "5s"}, [1, 6, 11, 16, 21, 26]),
        ({"after": 0}, [0, 1, 4.5, 5, 6, 10, 11, 15, 16, 21, 26]),
        ({"outage": {"up": "5s", "down": "5s", "timing": "fixed"}}, [5, 6, 15, 16, 26]),
        ({"after": "10s", "outage": {"up": "5s", "down": "5s", "timing": "fixed"}}, [15, 16, 26]),
    ],
    ids=str,
)
def test_times_that_are_hit(when: dict[str, Any], on: list[float]) -> None:
    assert on_at(when, 0, 1, 4.5, 5, 6, 10, 11, 15, 16, 21, 26) == on


@given(durations, durations, durations, st.floats(0, 1e6))
def test_a_schedule_that_repeats_is_the_same_each_time(after: float, lasts: float, pause: float, time: float) -> None:
    schedule = Schedule(after, lasts, math.inf, lasts + pause)
    once = Schedule(after, lasts, after + lasts, math.inf)
    if time < after:
        assert not schedule.holds(time)
    else:
        since = math.fmod(time - after, lasts + pause)
        assert schedule.holds(time) == (since < lasts)
        assert abs(since - lasts) < 1e-6 or schedule.holds(time) == once.holds(after + since)


@given(durations, durations, st.integers(0, 50), st.floats(0.01, 0.99))
def test_a_fixed_outage_is_exact(up: float, down: float, rounds: int, part: float) -> None:
    outage = FixedOutage(Outage.model_construct(up=up, down=down, timing="fixed"))
    begin = rounds * (up + down)
    assert not outage.holds(begin + up * part)
    assert outage.holds(begin + up + down * part)


@given(st.integers(0, 2**64 - 1), durations, durations, st.lists(st.floats(0, 1e5), max_size=30))
def test_what_an_outage_keeps_changes_nothing(number: int, up: float, down: float, times: list[float]) -> None:
    outage = Outage.model_construct(up=up, down=down)
    asked_before = VaryingOutage(outage, number, "rule")
    for time in times:
        assert asked_before.holds(time) == VaryingOutage(outage, number, "rule").holds(time)


def test_an_outage_is_the_same_for_all_sessions_and_another_with_another_seed() -> None:
    def down(seed: int, session: str) -> list[bool]:
        engine = Engine(profile(rule(when={"outage": {"up": "30s", "down": "10s"}}), seed=seed), BEGAN)
        times = range(0, 2_000, 3)
        return [bool(engine.judge(call(session=session), 1, BEGAN + each).injections) for each in times]

    assert down(1, "s1") == down(1, "s2")
    assert down(1, "s1") != down(2, "s1")
    assert any(down(1, "s1"))


ramps = st.builds(
    lambda first, last, over: Ramp.model_construct(from_=first, to=last, over=over),
    st.floats(0, 1),
    st.floats(0, 1),
    durations,
)


@given(ramps, st.floats(0, 1e5), st.floats(0, 1), st.floats(0, 1))
def test_a_ramp_goes_from_one_to_the_other_and_stays(ramp: Ramp, begins: float, one: float, other: float) -> None:
    slope = Slope.of(ramp, begins)
    early, late = sorted([begins + one * ramp.over, begins + other * ramp.over])
    assert slope.at(0.0) == ramp.from_
    assert slope.at(begins + 2 * ramp.over) == ramp.to
    if ramp.from_ <= ramp.to:
        assert ramp.from_ <= slope.at(early) <= slope.at(late) + 1e-9 <= ramp.to + 2e-9


def test_a_ramp_hits_as_much_as_it_says_at_each_time() -> None:
    engine = Engine(profile(rule(when={"ramp": {"to": "80%", "over": "100s"}})), BEGAN)
    for second, share in ((0, 0.0), (25, 0.2), (50, 0.4), (100, 0.8), (5_000, 0.8)):
        size = 3_000
        calls = (call(f"{second} {each}") for each in range(size))
        hit = sum(bool(engine.judge(each, 1, BEGAN + second).injections) for each in calls)
        assert abs(hit - share * size) <= 3.3 * math.sqrt(size * share * (1 - share))


def test_while_a_ramp_rises_who_was_hit_stays_hit() -> None:
    """So a ramp adds failures, and does not shuffle them."""
    draw = RuleDraw.of(1, "rule")
    hit_at = {
        second: {
            name
            for name in map(str, range(200))
            if Engine(profile(rule(when={"ramp": {"to": "50%", "over": "100s"}})), BEGAN)
            .judge(call(name), 1, BEGAN + second)
            .injections
        }
        for second in (20, 60, 100)
    }
    assert hit_at[20] < hit_at[60] < hit_at[100]
    assert hit_at[100] == {name for name in map(str, range(200)) if draw.draw(call_number(1, "s1", name, 1)) < 0.5}


STORMY = (
    RunPhase.model_validate({"name": "calm", "for": "10s"}),
    RunPhase.model_validate({"name": "storm", "for": "20s", "rules": ["wind*", "rain"]}),
    RunPhase.model_validate({"name": "drizzle", "for": "5s", "rules": "rain"}),
    RunPhase.model_validate({"name": "calm again"}),
)


def test_phases_follow_each_other() -> None:
    assert periods(STORMY) == (
        ("calm", 0.0, 10.0),
        ("storm", 10.0, 30.0),
        ("drizzle", 30.0, 35.0),
        ("calm again", 35.0, math.inf),
    )


def test_a_rule_fires_in_the_phases_that_name_it_and_one_that_none_names_always() -> None:
    rules = (rule("rain"), rule("wind in trees"), rule("sun"))
    engine = Engine(profile(*rules, phases=STORMY), BEGAN)
    hit = {second: engine.judge(call(), 1, BEGAN + second).rule for second in (0, 9.9, 10, 29, 30, 34.9, 35, 1e6)}
    assert hit == {0: "sun", 9.9: "sun", 10: "rain", 29: "rain", 30: "rain", 34.9: "rain", 35: "sun", 1e6: "sun"}
    alone = Engine(profile(rule("wind in trees"), phases=STORMY), BEGAN)
    assert [alone.judge(call(), 1, BEGAN + second).reason for second in (9, 10, 30)] == [
        "no rule fired",
        "phase storm",
        "no rule fired",
    ]


def test_the_last_phase_lasts_for_ever_if_it_says_no_time() -> None:
    phases = (RunPhase.model_validate({"name": "all of it", "rules": "r"}),)
    engine = Engine(profile(rule("r"), phases=phases), BEGAN)
    assert engine.judge(call(), 1, BEGAN + 1e9).rule == "r"


def test_outside_of_its_phases_a_rule_does_nothing_from_memory_either() -> None:
    """So what stays after the storm is the agent's own."""
    engine = Engine(profile(rule("rain", Grudge()), phases=STORMY), BEGAN)
    assert [engine.judge(call(), 1, BEGAN + second).rule for second in (5, 15, 25, 50)] == [None, "rain", "rain", None]


def test_without_being_told_a_run_begins_with_its_first_call() -> None:
    engine = Engine(profile(rule(when={"after": "5s"})))
    assert [bool(engine.judge(call(), 1, now).injections) for now in (77.0, 81.9, 82.0)] == [False, False, True]


def test_a_run_begins_once() -> None:
    engine = Engine(profile(rule(when={"after": "5s"})))
    engine.begin(70.0)
    engine.begin(75.0)
    assert engine.judge(call(), 1, 75.0).injections


def test_faults_are_told_the_time_since_the_run_began() -> None:
    plan = Engine(profile(rule()), BEGAN)
    occasion = plan._ledger.count(call(), 1, BEGAN + 17)
    assert plan.plan.turn(occasion, 1, plan._ledger.started).elapsed == 17.0


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ({"after": "5s", "for": "1m"}, "30s into the run"),
        ({"ramp": {"to": "100%", "over": "1s"}}, "ramp at 100%, drew 0.29"),
        ({"outage": {"up": "20s", "down": "20s", "timing": "fixed"}}, "in an outage"),
        ({"every": 1, "sessions": "100%", "after": "5s"}, "call 1, every 1, 30s into the run, in 100% of sessions"),
    ],
    ids=str,
)
def test_reasons(when: dict[str, Any], reason: str) -> None:
    assert Engine(profile(rule(when=when)), BEGAN).judge(call(), 1, BEGAN + 30).reason == reason


def test_a_rule_that_gives_no_time_asks_for_none() -> None:
    assert Schedule.of(When()) is None
    (compiled,) = Engine(profile(rule(when={"probability": 0.5, "calls": 3, "max": 1}))).plan.rules
    assert compiled.trigger.plain
