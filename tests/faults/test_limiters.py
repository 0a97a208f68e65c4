"""Every way to limit, against a model of its own: plain sums over all that was ever let in, in exact arithmetic."""

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chaosproxy.core.effects import Annotate, Reject
from chaosproxy.core.failures import FailureKind
from chaosproxy.core.turn import Turn
from chaosproxy.faults._limiters import LONGEST_LOG, Bucket, Flight, Log, Terms
from chaosproxy.faults.rate_limit import Memory, RateLimit
from tests.faults.turns import turn

SLACK = Fraction(1, 10**6)
"""Seconds that a limiter is not exact about."""
NEAR = Fraction(1, 10**8)
"""Seconds around a boundary in which a float may fall to either side."""


class Arrival(NamedTuple):
    """A call of a test."""

    gap: float
    """The share of the period that has passed since the one before."""
    asked: int


class Way(NamedTuple):
    """A way to limit, and its settings."""

    algorithm: str
    counts: str
    limit: int
    per: float

    def fault(self) -> RateLimit:
        settings = {"limit": self.limit, "per": f"{self.per}s", "algorithm": self.algorithm, "count": self.counts}
        return RateLimit.model_validate({"type": "rate_limit", "warn": True, **settings})

    def asks(self, arrival: Arrival) -> int:
        return arrival.asked if self.counts == "tokens" else 1


History = list[tuple[Fraction, int]]
Model = Callable[[History, Way, Fraction], Fraction]
"""How much room there is now, after all that was let in. In tokens or requests."""


def room_in_fixed_window(history: History, way: Way, now: Fraction) -> Fraction:
    opened, used = None, 0
    for at, asked in history:
        if opened is None or at >= opened + Fraction(way.per) - SLACK:
            opened, used = at, 0
        used += asked
    if opened is None or now >= opened + Fraction(way.per) - SLACK:
        return Fraction(way.limit)
    return Fraction(way.limit - used)


def room_in_sliding_window(history: History, way: Way, now: Fraction) -> Fraction:
    return Fraction(way.limit - sum(asked for at, asked in history if now < at + Fraction(way.per) - SLACK))


def room_in_bucket(history: History, way: Way, now: Fraction) -> Fraction:
    rate = Fraction(way.limit) / Fraction(way.per)
    level, last = Fraction(way.limit), None
    for at, asked in [*history, (now, 0)]:
        if last is not None:
            level = min(Fraction(way.limit), level + (at - last) * rate)
        level, last = level - asked, at
    return level + SLACK * rate


MODELS: dict[str, Model] = {
    "fixed_window": room_in_fixed_window,
    "sliding_window": room_in_sliding_window,
    "token_bucket": room_in_bucket,
}

WAYS = st.builds(
    Way,
    st.sampled_from(list(MODELS)),
    st.sampled_from(["requests", "tokens"]),
    st.integers(1, 9),
    st.sampled_from([0.25, 1.0, 7.0, 60.0]),
)
GAPS = st.one_of(st.just(0.0), st.sampled_from([0.125, 0.25, 0.5, 1.0]), st.floats(0, 2))
ARRIVALS = st.lists(st.builds(Arrival, GAPS, st.integers(0, 11)), min_size=1, max_size=60)
STARTS = st.sampled_from([0.0, 1_000.0, 123_456.789, 8_640_000.123456])


def asking(now: float, tokens: int) -> Turn:
    return turn(now, body={"max_tokens": tokens})


def ask(fault: RateLimit, memory: Memory, now: float, tokens: int) -> tuple[Reject | Annotate | None, Memory]:
    effects, memory = fault.step(asking(now, tokens), "quota", memory, triggered=True)
    assert len(effects) <= 1
    for effect in effects:
        assert isinstance(effect, Reject | Annotate)
        return effect, memory
    return None, memory


def moments(arrivals: list[Arrival], way: Way, start: float) -> list[tuple[float, int]]:
    now, made = start, []
    for arrival in arrivals:
        now += arrival.gap * way.per
        made.append((now, way.asks(arrival)))
    return made


@given(WAYS, ARRIVALS, STARTS)
def test_admits_what_the_model_admits(way: Way, arrivals: list[Arrival], start: float) -> None:
    fault, model, history = way.fault(), MODELS[way.algorithm], History()
    memory = fault.blank()
    for now, asked in moments(arrivals, way, start):
        at = Fraction(now)
        verdicts = {model(history, way, at + near) >= asked for near in (-NEAR, Fraction(0), NEAR)}
        told, memory = ask(fault, memory, now, asked)
        if isinstance(told, Reject):
            too_large = asked > way.limit
            assert (told.kind is FailureKind.REQUEST_TOO_LARGE) is too_large
            assert too_large or False in verdicts
        elif asked == 0:
            assert told is None
        else:
            assert asked <= way.limit
            assert True in verdicts
            history.append((at, asked))


@given(WAYS, ARRIVALS, STARTS)
def test_who_comes_back_when_told_is_let_in_and_who_comes_a_tenth_earlier_is_not(
    way: Way, arrivals: list[Arrival], start: float
) -> None:
    fault = way.fault()
    memory = fault.blank()
    for now, asked in moments(arrivals, way, start):
        told, memory = ask(fault, memory, now, asked)
        if not isinstance(told, Reject) or asked > way.limit:
            continue
        wait = told.retry_after
        assert wait is not None
        assert 0 < wait <= way.per + 1e-6
        if wait > 1e-4:
            assert isinstance(ask(fault, memory, now + wait * 0.9, asked)[0], Reject)
        for later in (wait, math.ceil(wait * 1000) / 1000, math.ceil(wait), wait + way.per, wait + 10 * way.per):
            assert isinstance(ask(fault, memory, now + later, asked)[0], Annotate), later


@given(WAYS, ARRIVALS, STARTS)
def test_how_it_is_said_to_stand_is_how_it_stands(way: Way, arrivals: list[Arrival], start: float) -> None:
    fault = way.fault()
    memory = fault.blank()
    for now, asked in moments(arrivals, way, start):
        told, memory = ask(fault, memory, now, asked)
        if told is None:
            continue
        quota = told.quota
        assert quota is not None
        assert 0 <= quota.remaining <= quota.limit == way.limit
        assert (quota.window, quota.unit, quota.asked) == (way.per, way.counts, asked)
        assert 0 <= quota.resets <= way.per * (1 + 1e-6)
        if way.counts == "tokens":
            assert quota.remaining == 0 or not isinstance(ask(fault, memory, now, quota.remaining)[0], Reject)
            if quota.remaining < way.limit:
                assert isinstance(ask(fault, memory, now, quota.remaining + 1)[0], Reject)
            assert isinstance(ask(fault, memory, now + quota.resets, way.limit)[0], Annotate)
            if quota.resets > 1e-3:
                assert isinstance(ask(fault, memory, now + quota.resets * 0.9, way.limit)[0], Reject)


@given(WAYS.filter(lambda way: way.algorithm == "sliding_window"), ARRIVALS, STARTS)
def test_no_stretch_of_the_period_ever_holds_more_than_the_limit(
    way: Way, arrivals: list[Arrival], start: float
) -> None:
    fault, let_in = way.fault(), list[tuple[float, int]]()
    memory = fault.blank()
    for now, asked in moments(arrivals, way, start):
        told, memory = ask(fault, memory, now, asked)
        if isinstance(told, Annotate):
            let_in.append((now, asked))
    for first, _ in let_in:
        assert sum(asked for at, asked in let_in if first <= at < first + way.per - 1e-5) <= way.limit


FLIGHTS = st.lists(st.one_of(st.just(None), st.integers(0, 9)), max_size=60)
"""None: a call comes. A number: one of those in flight is over."""


@given(st.integers(1, 5), FLIGHTS)
def test_as_many_are_in_flight_as_the_model_has_room_for(limit: int, happenings: list[int | None]) -> None:
    fault = RateLimit.model_validate({"type": "rate_limit", "limit": limit, "count": "concurrency", "warn": True})
    memory, flying = fault.blank(), list[int]()
    for number, over in enumerate(happenings):
        if over is None:
            told, memory = ask(fault, memory, 1_000.0, 0)
            assert told is not None
            assert isinstance(told, Annotate) is (len(flying) < limit)
            assert told.quota is not None
            if isinstance(told, Annotate):
                flying.append(number)
            assert told.quota.remaining == limit - len(flying)
        elif flying:
            flying.pop(over % len(flying))
            memory = fault.returned(memory)


def test_nobody_can_give_back_what_was_not_taken() -> None:
    assert Flight().landed() == Flight()


@pytest.mark.parametrize("algorithm", ["fixed_window", "sliding_window"])
def test_a_rounding_error_of_the_clock_shuts_nobody_out(algorithm: str) -> None:
    fault, short = Way(algorithm, "requests", 1, 60.0).fault(), 0
    for number in range(200):
        start = number * 0.037  # soon after boot: later, these sums are exact
        now = start + 0.03
        _, memory = ask(fault, fault.blank(), start, 1)
        told, memory = ask(fault, memory, now, 1)
        assert isinstance(told, Reject)
        assert told.retry_after is not None
        short += now + told.retry_after < start + 60.0
        assert isinstance(ask(fault, memory, now + told.retry_after, 1)[0], Annotate)
    assert short > 0, "no sum was short of the window's end, so this shows nothing"


def test_a_patient_client_gets_exactly_its_rate_for_ever() -> None:
    fault = Way("token_bucket", "requests", 3, 1.0).fault()
    memory, now, let_in = fault.blank(), 50_000.0, 0
    while now < 50_400.0:
        told, memory = ask(fault, memory, now, 1)
        let_in += isinstance(told, Annotate)
        now += (told.retry_after or 0.0) if isinstance(told, Reject) else 0.0
    assert let_in in (3 + 1199, 3 + 1200)


def test_a_log_has_an_end_and_then_lets_nobody_in_too_early() -> None:
    terms, log = Terms(10**9, 1e6), Log()
    for number in range(LONGEST_LOG + 50):
        wait, log = log.ask(terms, 7, float(number))
        assert wait == 0
    assert len(log.entries) == LONGEST_LOG
    assert log.used == 7 * (LONGEST_LOG + 50)
    assert all(earlier[0] < later[0] for earlier, later in pairwise(log.entries))
    assert log.entries[0] == (50.0, 7 * 51)


def test_nobody_waits_for_more_than_there_ever_is() -> None:
    with pytest.raises(ValueError, match="more was asked for"):
        Log().freed(1)


@given(st.integers(1, 100), st.floats(0.01, 1e4), st.floats(0, 1e7))
def test_a_full_bucket_has_nothing_to_reset(limit: int, per: float, now: float) -> None:
    assume(per > 0)
    standing = Bucket(float(limit)).standing(Terms(limit, per), now)
    assert standing == (limit, 0.0)
