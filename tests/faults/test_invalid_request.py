import pytest

from chaosproxy.core.failures import Course, FailureKind, Phase, Reaction
from chaosproxy.faults._base import Scope
from chaosproxy.faults.invalid_request import InvalidRequest
from tests.faults.turns import Asked, turn


def invalid(**settings: object) -> InvalidRequest:
    return InvalidRequest.model_validate({"type": "invalid_request", **settings})


@pytest.mark.parametrize("status", [None, 400, 422])
def test_does(status: int | None) -> None:
    fault = invalid(status=status, message="limit: must be at most 100")
    refused = Asked(fault).refused(turn(), triggered=True)
    assert refused is not None
    assert (refused.kind, refused.phase) == (FailureKind.INVALID_REQUEST, Phase.BEFORE_UPSTREAM)
    assert (refused.status, refused.message, refused.retry_after) == (status, "limit: must be at most 100", None)


def test_the_same_arguments_stay_invalid_and_others_are_let_through() -> None:
    asked = Asked(invalid())
    assert asked.refused(turn(fingerprint="limit=500")) is None
    assert asked.refused(turn(fingerprint="limit=500"), triggered=True)
    for later in range(3):
        assert asked.refused(turn(now=2_000.0 + later, key=later, fingerprint="limit=500", credential="other"))
    assert asked.refused(turn(fingerprint="limit=100")) is None
    assert asked.refused(turn(fingerprint="limit=500"))


def test_changing_the_arguments_is_healthy_and_repeating_them_is_not() -> None:
    assert invalid().memory_scope is Scope.SESSION
    assert InvalidRequest.nature.course is Course.PERSISTENT
    assert set(InvalidRequest.nature.healthy) == {Reaction.CHANGE_ARGUMENTS, Reaction.STOP_AND_SAY}


@pytest.mark.parametrize("status", [200, 404, 500, "400"])
def test_refuses(status: object) -> None:
    with pytest.raises(ValueError, match="status"):
        invalid(status=status)
