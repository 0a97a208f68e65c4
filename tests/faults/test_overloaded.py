import pytest

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import Course, FailureKind, Phase, Reaction
from chaosproxy.faults._base import RememberingFault
from chaosproxy.faults.overloaded import Overloaded
from tests.faults.turns import turn


@pytest.mark.parametrize(("written", "seconds"), [(None, None), ("30s", 30.0)])
def test_does(written: str | None, seconds: float | None) -> None:
    fault = Overloaded.model_validate({"type": "overloaded", "retry_after": written, "dialect": "anthropic"})
    (effect,) = fault.effects(turn(), "crowded")
    assert isinstance(effect, Reject)
    assert (effect.kind, effect.phase) == (FailureKind.OVERLOADED, Phase.BEFORE_UPSTREAM)
    assert (effect.retry_after, effect.status, effect.dialect) == (seconds, None, "anthropic")


def test_can_be_said_with_another_status() -> None:
    (effect,) = Overloaded.model_validate({"type": "overloaded", "status": 503}).effects(turn(), "crowded")
    assert isinstance(effect, Reject)
    assert effect.status == 503


def test_passes_by_itself_but_not_at_once() -> None:
    assert not issubclass(Overloaded, RememberingFault)
    assert Overloaded.nature.course is Course.TRANSIENT
    assert set(Overloaded.nature.healthy) == {Reaction.WAIT_THEN_RETRY, Reaction.FALL_BACK}


@pytest.mark.parametrize("status", [200, 302, "529"])
def test_refuses(status: object) -> None:
    with pytest.raises(ValueError, match="status"):
        Overloaded.model_validate({"type": "overloaded", "status": status})
