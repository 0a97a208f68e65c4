import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.failures import Course, FailureKind, Phase, Reaction
from chaosproxy.faults._base import Scope
from chaosproxy.faults.quota_exhausted import QuotaExhausted
from tests.faults.turns import Asked, turn


def exhausted(**settings: object) -> QuotaExhausted:
    return QuotaExhausted.model_validate({"type": "quota_exhausted", **settings})


def test_does() -> None:
    refused = Asked(exhausted(dialect="openai", status=402)).refused(turn(), triggered=True)
    assert refused is not None
    assert (refused.kind, refused.phase) == (FailureKind.QUOTA_EXHAUSTED, Phase.BEFORE_UPSTREAM)
    assert (refused.dialect, refused.status, refused.retry_after) == ("openai", 402, None)


def test_once_it_has_run_out_all_calls_are_refused() -> None:
    quota = Asked(exhausted())
    assert quota.refused(turn()) is None
    assert quota.refused(turn(), triggered=True)
    for now in (1_001.0, 9_999_999.0):
        assert quota.refused(turn(now, tool="other", fingerprint="other", credential="other"))


@pytest.mark.parametrize(("settings", "told"), [({}, None), ({"tell": True}, 20.0)])
def test_it_comes_back_when_it_was_said_to_and_does_not_run_out_again(
    settings: dict[str, bool], told: float | None
) -> None:
    quota = Asked(exhausted(resets_in="30s", **settings))
    assert quota.refused(turn(1_000.0), triggered=True)
    later = quota.refused(turn(1_010.0), triggered=True)
    assert later is not None
    assert later.retry_after == told
    assert quota.refused(turn(1_029.9))
    for now in (1_030.0, 1_031.0, 5_000.0):
        assert quota.refused(turn(now), triggered=True) is None


@given(st.floats(0.001, 1e6), st.floats(0, 1), st.sampled_from([0.0, 1_000.0, 123_456.789, 8_640_000.123456]))
def test_what_it_tells_is_true(resets_in: float, share: float, start: float) -> None:
    quota = Asked(exhausted(resets_in=f"{resets_in:.6f}s", tell=True))
    quota.refused(turn(start), triggered=True)
    now = start + share * resets_in
    refused = quota.refused(turn(now))
    if refused is not None:
        assert refused.retry_after is not None
        if refused.retry_after > 1e-4:
            assert quota.refused(turn(now + refused.retry_after * 0.9))
        assert quota.refused(turn(now + refused.retry_after)) is None


@pytest.mark.parametrize("scope", list(Scope))
def test_it_is_known_whose_it_is(scope: Scope) -> None:
    assert exhausted(scope=scope.value).memory_scope is scope


def test_is_everybodys_by_itself() -> None:
    assert exhausted().memory_scope is Scope.SHARED


def test_only_who_is_told_when_it_comes_back_may_wait_for_it_and_nobody_has_to() -> None:
    silent, telling = exhausted(resets_in="1h").judged_by, exhausted(resets_in="1h", tell=True).judged_by
    assert set(silent.healthy) == {Reaction.STOP_AND_SAY, Reaction.FALL_BACK}
    assert set(telling.healthy) == {*silent.healthy, Reaction.WAIT_THEN_RETRY}
    assert silent.course is telling.course is Course.PERSISTENT


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"tell": True}, "tell: without `resets_in` it never comes back"),
        ({"resets_in": 0}, "resets_in"),
        ({"resets_in": "soon"}, "resets_in"),
        ({"scope": "planet"}, "scope"),
        ({"retry_after": "1s"}, "retry_after"),
    ],
)
def test_refuses(settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        exhausted(**settings)
