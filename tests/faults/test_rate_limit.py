from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Scope
from chaosproxy.faults.rate_limit import Bucket, RateLimit, Window

LIMITS = st.integers(1, 7)
PERIODS = st.sampled_from([0.25, 1.0, 7.0, 60.0])
GAPS = st.lists(st.one_of(st.just(0.0), st.floats(0, 2)), min_size=1, max_size=80)
"""Shares of the period that pass between calls."""
STARTS = st.sampled_from([0.0, 1_000.0, 123_456.789, 8_640_000.123456])

Memory = Window | Bucket | None


def limiter(**settings: object) -> RateLimit:
    return RateLimit.model_validate({"type": "rate_limit", **settings})


def quota(limit: int, per: float, algorithm: str) -> RateLimit:
    return limiter(limit=limit, per=f"{per}s", algorithm=algorithm)


FIXED = st.builds(quota, LIMITS, PERIODS, st.just("fixed_window"))
BUCKETS = st.builds(quota, LIMITS, PERIODS, st.just("token_bucket"))


def numbers(fault: RateLimit) -> tuple[int, float]:
    assert fault.limit is not None
    assert fault.per is not None
    return fault.limit, fault.per


def ask(fault: RateLimit, turn: Turn, memory: Memory, *, triggered: bool = True) -> tuple[Reject | None, Memory]:
    effects, memory = fault.step(turn, "quota", memory, triggered=triggered)
    assert len(effects) <= 1
    for effect in effects:
        assert isinstance(effect, Reject)
        return effect, memory
    return None, memory


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (None, None, None, None)),
        ({"retry_after": "2s"}, (2.0, None, None, None)),
        (
            {"retry_after": "2s", "status": 403, "dialect": "github", "message": "slow down"},
            (2.0, 403, "github", "slow down"),
        ),
    ],
)
def test_does_without_a_quota(
    settings: dict[str, Any], expected: tuple[object, ...], turn_of: Callable[..., Turn]
) -> None:
    fault = limiter(**settings)
    for key in (1, 2, 3):
        rejected, memory = ask(fault, turn_of(key=key), fault.blank())
        assert rejected is not None
        assert memory is None
        assert (rejected.kind, rejected.phase) == (FailureKind.RATE_LIMITED, Phase.BEFORE_UPSTREAM)
        assert (rejected.retry_after, rejected.status, rejected.dialect, rejected.message) == expected
        assert rejected.quota is None


@pytest.mark.parametrize("settings", [{}, {"limit": 1, "per": "1m"}])
def test_leaves_alone_what_the_trigger_does_not_pick(settings: dict[str, Any], turn_of: Callable[..., Turn]) -> None:
    fault = limiter(**settings)
    memory = fault.blank()
    for _ in range(5):
        assert ask(fault, turn_of(), memory, triggered=False) == (None, memory)


def test_a_quota_names_itself_and_when_to_come_back(turn_of: Callable[..., Turn]) -> None:
    fault = limiter(limit=2, per="10s", dialect="openai", scope="session")
    memory = fault.blank()
    for now in (100.0, 103.0):
        rejected, memory = ask(fault, turn_of(now), memory)
        assert rejected is None
    rejected, memory = ask(fault, turn_of(104.0), memory)
    assert rejected is not None
    assert rejected.quota is not None
    assert (rejected.retry_after, rejected.quota.limit, rejected.quota.window) == (6.0, 2, 10.0)
    assert rejected.dialect == "openai"
    assert ask(fault, turn_of(109.9), memory)[0] is not None
    assert ask(fault, turn_of(110.0), memory)[0] is None
    assert fault.memory_scope is Scope.SESSION


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"limit": 5}, "per: `limit` means nothing without it"),
        ({"per": "1m"}, "limit: `per` means nothing without it"),
        ({"limit": 5, "per": "1m", "retry_after": "1s"}, "retry_after: a real limit says by itself"),
        ({"scope": "session"}, "scope: without `limit` and `per` there is no quota"),
        ({"algorithm": "token_bucket"}, "algorithm: without `limit` and `per`"),
        ({"limit": 0, "per": "1m"}, "limit\n.*greater than or equal to 1"),
        ({"limit": 2.5, "per": "1m"}, "limit\n.*integer"),
        ({"limit": 5, "per": 0}, "per\n.*greater than 0"),
        ({"status": 200}, "status\n.*greater than or equal to 400"),
        ({"limit": 5, "per": "1m", "scope": "planet"}, "scope\n"),
    ],
)
def test_refuses(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        limiter(**settings)


@given(FIXED, GAPS, STARTS)
def test_a_fixed_window_admits_what_a_plain_count_of_the_window_admits(
    turn_of: Callable[..., Turn], fault: RateLimit, gaps: list[float], now: float
) -> None:
    limit, per = numbers(fault)
    memory, admitted, opened = fault.blank(), list[float](), None
    for gap in gaps:
        now += gap * per
        if opened is None or now >= opened + per - 1e-6:
            opened, admitted = now, []
        rejected, memory = ask(fault, turn_of(now), memory)
        assert (rejected is None) == (len(admitted) < limit)
        if rejected is None:
            admitted.append(now)


@given(BUCKETS, GAPS, STARTS)
def test_a_bucket_admits_what_exact_arithmetic_admits(
    turn_of: Callable[..., Turn], fault: RateLimit, gaps: list[float], now: float
) -> None:
    limit, per = numbers(fault)
    rate = Fraction(limit) / Fraction(per)
    tokens, last, memory = Fraction(limit), Fraction(now), fault.blank()
    for gap in gaps:
        now += gap * per
        tokens, last = min(Fraction(limit), tokens + (Fraction(now) - last) * rate), Fraction(now)
        rejected, memory = ask(fault, turn_of(now), memory)
        if abs(tokens - 1) > Fraction(1, 10**5) * rate:  # nearer than that, a float may fall to either side
            assert (rejected is None) == (tokens >= 1)
        if rejected is None:
            tokens -= 1


@given(st.one_of(FIXED, BUCKETS), GAPS, STARTS)
def test_who_comes_back_after_the_time_named_is_let_in_and_who_comes_earlier_is_not(
    turn_of: Callable[..., Turn], fault: RateLimit, gaps: list[float], now: float
) -> None:
    _, per = numbers(fault)
    memory = fault.blank()
    for gap in gaps:
        now += gap * per
        rejected, memory = ask(fault, turn_of(now), memory)
        if rejected is not None:
            assert rejected.retry_after is not None
            assert 0 < rejected.retry_after <= per + 1e-6
            early = now + rejected.retry_after * 0.9
            if now + rejected.retry_after - early > 1e-5:
                assert ask(fault, turn_of(early), memory)[0] is not None
            assert ask(fault, turn_of(now + rejected.retry_after), memory)[0] is None


@given(BUCKETS, GAPS, STARTS)
def test_a_bucket_never_admits_more_than_its_size_and_what_flowed_in(
    turn_of: Callable[..., Turn], fault: RateLimit, gaps: list[float], now: float
) -> None:
    limit, per = numbers(fault)
    memory, admitted = fault.blank(), list[float]()
    for gap in gaps:
        now += gap * per
        rejected, memory = ask(fault, turn_of(now), memory)
        if rejected is None:
            admitted.append(now)
    for first, start in enumerate(admitted):
        for count, end in enumerate(admitted[first:], start=1):
            assert count <= limit + (end - start) * limit / per + 1e-3


def test_a_rounding_error_of_the_clock_shuts_nobody_out(turn_of: Callable[..., Turn]) -> None:
    fault, short = quota(1, 60.0, "fixed_window"), 0
    for number in range(200):
        start = number * 0.037  # soon after boot: later, these sums are exact
        now = start + 0.03
        _, memory = ask(fault, turn_of(start), fault.blank())
        rejected, memory = ask(fault, turn_of(now), memory)
        assert rejected is not None
        assert rejected.retry_after is not None
        short += now + rejected.retry_after < start + 60.0
        assert ask(fault, turn_of(now + rejected.retry_after), memory)[0] is None
    assert short > 0, "no sum was short of the window's end, so this shows nothing"


def test_a_patient_client_gets_exactly_its_rate_for_ever(turn_of: Callable[..., Turn]) -> None:
    fault = quota(3, 1.0, "token_bucket")
    memory, now, let_in = fault.blank(), 50_000.0, 0
    while now < 50_400.0:
        rejected, memory = ask(fault, turn_of(now), memory)
        let_in += rejected is None
        now += rejected.retry_after or 0.0 if rejected else 0.0
    assert let_in in (3 + 1199, 3 + 1200)


def test_a_quota_of_ten_thousand_is_as_small_to_remember_as_one_of_one(turn_of: Callable[..., Turn]) -> None:
    fault = limiter(limit=10_000, per="1h")
    memory, refused = fault.blank(), 0
    for _ in range(10_050):
        rejected, memory = ask(fault, turn_of(), memory)
        refused += rejected is not None
    assert refused == 50
