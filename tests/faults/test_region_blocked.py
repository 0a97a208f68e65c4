import pytest

from chaosproxy.core.failures import Course, FailureKind, Phase, Reaction
from chaosproxy.faults._base import Scope
from chaosproxy.faults.region_blocked import RegionBlocked
from tests.faults.turns import Asked, turn


@pytest.mark.parametrize("status", [None, 451])
def test_does(status: int | None) -> None:
    fault = RegionBlocked.model_validate({"type": "region_blocked", "dialect": "openai", "status": status})
    refused = Asked(fault).refused(turn(), triggered=True)
    assert refused is not None
    assert (refused.kind, refused.phase) == (FailureKind.REGION_BLOCKED, Phase.BEFORE_UPSTREAM)
    assert (refused.dialect, refused.status, refused.retry_after) == ("openai", status, None)


def test_sticks_to_the_upstream_whatever_is_asked_and_whoever_asks() -> None:
    here = Asked(RegionBlocked())
    assert here.refused(turn(upstream="openai")) is None
    assert here.refused(turn(upstream="openai"), triggered=True)
    assert here.refused(turn(upstream="openai", tool="models", path="/v1/models", fingerprint="f", credential="other"))
    assert here.refused(turn(upstream="mistral")) is None


def test_going_elsewhere_or_stopping_is_healthy_and_nothing_else() -> None:
    assert RegionBlocked().memory_scope is Scope.SESSION
    assert RegionBlocked.nature.course is Course.PERSISTENT
    assert set(RegionBlocked.nature.healthy) == {Reaction.STOP_AND_SAY, Reaction.FALL_BACK}
