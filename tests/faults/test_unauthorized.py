import pytest

from chaosproxy.core.failures import Course, FailureKind, Phase, Reaction
from chaosproxy.faults._base import Scope
from chaosproxy.faults.unauthorized import Unauthorized
from tests.faults.turns import Asked, turn


@pytest.mark.parametrize("status", [None, 403])
def test_does(status: int | None) -> None:
    fault = Unauthorized.model_validate({"type": "unauthorized", "status": status, "dialect": "anthropic"})
    refused = Asked(fault).refused(turn(), triggered=True)
    assert refused is not None
    assert (refused.kind, refused.phase) == (FailureKind.UNAUTHORIZED, Phase.BEFORE_UPSTREAM)
    assert (refused.status, refused.dialect, refused.retry_after) == (status, "anthropic", None)


def test_sticks_to_the_credentials_whatever_they_are_used_for() -> None:
    key = Asked(Unauthorized())
    assert key.refused(turn(credential="old")) is None
    assert key.refused(turn(credential="old"), triggered=True)
    assert key.refused(turn(credential="old"))
    assert key.refused(turn(credential="old", tool="refund", path="/v1/refunds", fingerprint="f"))
    assert key.refused(turn(credential="new")) is None
    assert key.refused(turn(credential=None)) is None


def test_no_credentials_are_credentials_too() -> None:
    key = Asked(Unauthorized())
    assert key.refused(turn(credential=None), triggered=True)
    assert key.refused(turn(credential=None))
    assert key.refused(turn(credential="some")) is None


def test_the_same_credentials_cannot_work_and_others_may() -> None:
    assert Unauthorized().memory_scope is Scope.SESSION
    assert Unauthorized.nature.course is Course.CONDITIONAL
    assert set(Unauthorized.nature.healthy) == {Reaction.REAUTHENTICATE, Reaction.STOP_AND_SAY}


def test_ids_are_drawn_from_the_call() -> None:
    first, again, other = (Asked(Unauthorized()).refused(turn(key=key), triggered=True) for key in (1, 1, 2))
    assert first == again != other
