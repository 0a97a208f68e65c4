from typing import Any

import pytest

from chaosproxy.core.effects import Annotate, Quota, QuotaUnit, Reject
from chaosproxy.core.failures import Course, FailureKind, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Scope
from chaosproxy.faults.rate_limit import Memory, RateLimit
from tests.faults.turns import Asked, turn

BY_TIME = ("fixed_window", "sliding_window", "token_bucket")


def limiter(**settings: object) -> RateLimit:
    return RateLimit.model_validate({"type": "rate_limit", **settings})


def asking_for(tokens: int, now: float = 1_000.0) -> Turn:
    return turn(now, body={"max_tokens": tokens})


def said(fault: RateLimit, memory: Memory, asked: Turn) -> tuple[Quota | None, Memory]:
    """What a call that is let through is told of the quota."""
    effects, memory = fault.step(asked, "quota", memory, triggered=True)
    for effect in effects:
        assert isinstance(effect, Annotate)
        return effect.quota, memory
    return None, memory


# Without a quota


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
def test_does_without_a_quota(settings: dict[str, Any], expected: tuple[object, ...]) -> None:
    asked = Asked(limiter(**settings))
    for key in (1, 2, 3):
        refused = asked.refused(turn(key=key), triggered=True)
        assert refused is not None
        assert (refused.kind, refused.phase) == (FailureKind.RATE_LIMITED, Phase.BEFORE_UPSTREAM)
        assert (refused.retry_after, refused.status, refused.dialect, refused.message) == expected
        assert (refused.quota, refused.nature) == (None, None)


@pytest.mark.parametrize(
    "settings", [{}, {"limit": 1, "per": "1m"}, {"limit": 1, "count": "concurrency"}], ids=["none", "time", "flight"]
)
def test_leaves_alone_what_the_trigger_does_not_pick(settings: dict[str, Any]) -> None:
    fault = limiter(**settings)
    memory = fault.blank()
    for _ in range(5):
        effects, after = fault.step(turn(), "quota", memory, triggered=False)
        assert effects == ()
        assert after is memory, "so that nobody thinks that the call has taken something"


# Over time


@pytest.mark.parametrize("algorithm", BY_TIME)
def test_a_quota_names_itself_and_when_to_come_back(algorithm: str) -> None:
    asked = Asked(limiter(limit=2, per="10s", dialect="openai", scope="session", algorithm=algorithm))
    assert asked.refused(turn(100.0), triggered=True) is None
    assert asked.refused(turn(100.0), triggered=True) is None
    refused = asked.refused(turn(102.0), triggered=True)
    assert refused is not None
    assert refused.quota is not None
    wait = 3.0 if algorithm == "token_bucket" else 8.0
    assert refused.retry_after == pytest.approx(wait)
    assert refused.quota.resets == pytest.approx(8.0)
    assert (refused.quota.limit, refused.quota.remaining, refused.quota.window) == (2, 0, 10.0)
    assert (refused.quota.unit, refused.quota.asked, refused.dialect) == (QuotaUnit.REQUESTS, 1, "openai")
    assert asked.refused(turn(102.0 + wait * 0.9), triggered=True)
    assert asked.refused(turn(102.0 + wait), triggered=True) is None
    assert asked.fault.memory_scope is Scope.SESSION


@pytest.mark.parametrize("algorithm", BY_TIME)
def test_who_is_let_in_is_told_how_the_quota_stands(algorithm: str) -> None:
    fault = limiter(limit=3, per="9s", dialect="github", algorithm=algorithm)
    memory = fault.blank()
    for remaining, spent in ((2, 3.0), (1, 6.0), (0, 9.0)):
        quota, memory = said(fault, memory, turn(100.0))
        resets = spent if algorithm == "token_bucket" else 9.0
        assert quota is not None
        assert quota.resets == pytest.approx(resets)
        assert (quota.limit, quota.remaining, quota.window, quota.unit) == (3, remaining, 9.0, QuotaUnit.REQUESTS)


def test_it_is_told_in_the_dialect_of_the_rule_and_not_at_all_if_that_is_not_wanted() -> None:
    (aside,), _ = (rule := limiter(limit=3, per="9s", dialect="github")).step(turn(), "q", rule.blank(), triggered=True)
    assert isinstance(aside, Annotate)
    assert aside.dialect == "github"
    silent = limiter(limit=3, per="9s", warn=False)
    assert silent.step(turn(), "q", silent.blank(), triggered=True)[0] == ()


def test_a_quota_of_ten_thousand_is_as_small_to_remember_as_one_of_one() -> None:
    asked, refused = Asked(limiter(limit=10_000, per="1h", warn=False)), 0
    for _ in range(10_050):
        refused += asked.refused(turn(), triggered=True) is not None
    assert refused == 50


# Tokens


def test_tokens_are_counted_by_what_a_call_asks_for() -> None:
    fault = limiter(limit=100, per="1m", count="tokens", warn=True)
    quota, memory = said(fault, fault.blank(), asking_for(60))
    assert quota == Quota(100, 40, 60.0, 60.0, QuotaUnit.TOKENS, 60)
    (refused,), _ = fault.step(asking_for(41), "q", memory, triggered=True)
    assert isinstance(refused, Reject)
    assert (refused.kind, refused.retry_after) == (FailureKind.RATE_LIMITED, 60.0)
    assert refused.quota == Quota(100, 40, 60.0, 60.0, QuotaUnit.TOKENS, 41)
    quota, memory = said(fault, memory, asking_for(40))
    assert quota is not None
    assert quota.remaining == 0


def test_what_no_model_reads_passes_a_quota_on_tokens_uncounted() -> None:
    fault = limiter(limit=1, per="1m", count="tokens")
    _, full = said(fault, fault.blank(), asking_for(1))
    assert fault.step(turn(body=None), "q", full, triggered=True) == ((), full)
    assert fault.step(turn(body={"amount": 700}), "q", full, triggered=True) == ((), full)


@pytest.mark.parametrize("algorithm", BY_TIME)
def test_what_is_larger_than_the_whole_quota_is_refused_for_ever_and_judged_so(algorithm: str) -> None:
    fault = limiter(
        limit=100, per="1m", count="tokens", algorithm=algorithm, dialect="openai", message="Slow down.", status=403
    )
    memory: Memory = fault.blank()
    for now in (1_000.0, 1_060.0, 9_999.0):
        (refused,), after = fault.step(asking_for(101, now), "q", memory, triggered=True)
        assert isinstance(refused, Reject)
        assert (refused.kind, refused.retry_after) == (FailureKind.REQUEST_TOO_LARGE, None)
        assert (refused.dialect, refused.message, refused.status) == ("openai", None, None)
        assert refused.quota == Quota(100, 100, 0.0, 60.0, QuotaUnit.TOKENS, 101)
        assert refused.nature is not None
        assert refused.nature.course is Course.PERSISTENT
        assert Reaction.CHANGE_ARGUMENTS in refused.nature.healthy
        assert Reaction.WAIT_THEN_RETRY not in refused.nature.healthy
        assert after == memory, "it takes nothing from the quota"


# Concurrency


def test_so_many_are_in_flight_and_no_more() -> None:
    fault = limiter(limit=2, count="concurrency", dialect="stripe")
    first, memory = said(fault, fault.blank(), turn())
    second, memory = said(fault, memory, turn())
    assert first == Quota(2, 1, 0.0, None, QuotaUnit.CONCURRENCY, 1)
    assert second == Quota(2, 0, 0.0, None, QuotaUnit.CONCURRENCY, 1)
    (refused,), after = fault.step(turn(9_999.0), "q", memory, triggered=True)
    assert isinstance(refused, Reject)
    assert (refused.kind, refused.retry_after, refused.quota) == (FailureKind.RATE_LIMITED, None, second)
    assert after == memory
    _, memory = said(fault, fault.returned(memory), turn())
    assert fault.step(turn(), "q", memory, triggered=True)[0]


def test_nobody_knows_when_a_place_is_free_so_only_what_was_given_is_said() -> None:
    asked = Asked(limiter(limit=1, count="concurrency", retry_after="3s"))
    asked.refused(turn(), triggered=True)
    refused = asked.refused(turn(), triggered=True)
    assert refused is not None
    assert refused.retry_after == 3.0


def test_places_are_lent_and_time_is_not() -> None:
    assert RateLimit.lends
    for settings in ({}, *({"limit": 2, "per": "1s", "algorithm": algorithm} for algorithm in BY_TIME)):
        fault = limiter(**settings)
        _, memory = fault.step(turn(), "q", fault.blank(), triggered=True)
        assert fault.returned(memory) is memory


# Mistakes


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"limit": 5}, "per: `limit` means nothing without it"),
        ({"per": "1m"}, "limit: `per` means nothing without it"),
        ({"limit": 5, "per": "1m", "retry_after": "1s"}, "retry_after: a real limit says by itself"),
        ({"scope": "session"}, "scope: without `limit` and `per` there is no quota"),
        ({"algorithm": "token_bucket"}, "algorithm: without `limit` and `per`"),
        ({"count": "tokens"}, "count: without `limit` and `per`"),
        ({"warn": False}, "warn: without `limit` and `per`"),
        ({"limit": 0, "per": "1m"}, "limit\n.*greater than or equal to 1"),
        ({"limit": 2.5, "per": "1m"}, "limit\n.*integer"),
        ({"limit": 5, "per": 0}, "per\n.*greater than 0"),
        ({"limit": 5, "per": "1m", "count": "money"}, "count\n"),
        ({"limit": 5, "per": "1m", "count": "concurrency"}, "per: calls in flight are counted at one moment"),
        ({"limit": 5, "algorithm": "token_bucket", "count": "concurrency"}, "algorithm: calls in flight"),
        ({"limit": 10_001, "per": "1m", "algorithm": "sliding_window"}, "limit: .* at most 10000"),
        ({"status": 200}, "status\n.*greater than or equal to 400"),
        ({"limit": 5, "per": "1m", "scope": "planet"}, "scope\n"),
    ],
)
def test_refuses(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        limiter(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"limit": 10_000, "per": "1m", "algorithm": "sliding_window"},
        {"limit": 2_000_000, "per": "1m", "algorithm": "sliding_window", "count": "tokens"},
        {"limit": 5, "count": "concurrency", "retry_after": "1s", "scope": "credential"},
    ],
)
def test_takes(settings: dict[str, Any]) -> None:
    assert limiter(**settings).limit == settings["limit"]


@pytest.mark.parametrize(
    ("settings", "warns"), [({}, False), ({"dialect": "openai"}, True), ({"dialect": "openai", "warn": False}, False)]
)
def test_who_names_a_dialect_gets_its_headers(settings: dict[str, Any], warns: bool) -> None:
    quota, _ = said(fault := limiter(limit=5, per="1m", **settings), fault.blank(), turn())
    assert (quota is not None) is warns
