"""Faults that the agent takes for good: nothing in the reply says that anything is wrong."""

import pytest

from chaosproxy.core.effects import Recall, Respond, Rewrite
from chaosproxy.core.failures import Outcome
from chaosproxy.faults._base import Family, RememberingFault
from chaosproxy.faults._catalogue import catalogue
from chaosproxy.faults.wrong_values import WrongValues
from tests.faults.replies import rewrite_of
from tests.faults.turns import turn

LIES = [name for name, fault in catalogue().items() if fault.family is Family.MEANING]


def test_which_they_are() -> None:
    assert set(LIES) == {
        *("duplicate_items", "empty_result", "partial_result", "silent_no_op", "stale_response", "wrong_values"),
    }
    assert not any(catalogue()[name].nature.explicit for name in LIES)


@pytest.mark.parametrize("name", LIES)
def test_a_lie_ends_well(name: str) -> None:
    fault = catalogue()[name].model_validate({"type": name})
    asked = turn()
    if isinstance(fault, RememberingFault):
        effects, _ = fault.step(asked, "the rule", fault.blank(), triggered=True)
    else:
        effects = fault.effects(asked, "the rule")
    for effect in effects:
        assert isinstance(effect, Recall | Respond | Rewrite)
        assert isinstance(effect, Recall) or effect.outcome is Outcome.OK


@pytest.mark.parametrize("settings", [{"status": 202}, {"body": {"ok": True}}])
def test_a_made_up_success_ends_well(settings: dict[str, object]) -> None:
    fault = catalogue()["silent_no_op"].model_validate({"type": "silent_no_op", **settings})
    assert isinstance(fault, RememberingFault)
    (effect,), _ = fault.step(turn(), "the rule", None, triggered=True)
    assert isinstance(effect, Respond)
    assert effect.outcome is Outcome.OK


def test_canaries_are_told() -> None:
    bearing = rewrite_of(WrongValues.model_validate({"type": "wrong_values"}), turn())
    plain = rewrite_of(WrongValues.model_validate({"type": "wrong_values", "canary": False}), turn())

    assert len(bearing.canaries) == 2
    assert all(canary in bearing.name for canary in bearing.canaries)
    assert plain.canaries == ()
