import pytest

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import Course, FailureKind, Phase, Reaction
from chaosproxy.faults._base import RememberingFault
from chaosproxy.faults.conflict import Conflict
from tests.faults.turns import turn


@pytest.mark.parametrize(("written", "seconds"), [(None, None), ("1500ms", 1.5)])
def test_does(written: str | None, seconds: float | None) -> None:
    fault = Conflict.model_validate({"type": "conflict", "retry_after": written, "status": 423, "dialect": "stripe"})
    (effect,) = fault.effects(turn(), "lock")
    assert isinstance(effect, Reject)
    assert (effect.kind, effect.phase) == (FailureKind.CONFLICT, Phase.BEFORE_UPSTREAM)
    assert (effect.retry_after, effect.status, effect.dialect) == (seconds, 423, "stripe")


def test_says_nothing_by_itself_of_coming_back() -> None:
    (effect,) = Conflict().effects(turn(), "lock")
    assert isinstance(effect, Reject)
    assert (effect.retry_after, effect.status) == (None, None)


def test_passes_by_itself_and_so_remembers_nothing() -> None:
    assert not issubclass(Conflict, RememberingFault)
    assert Conflict.nature.course is Course.TRANSIENT
    assert {Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST} <= set(Conflict.nature.healthy)
