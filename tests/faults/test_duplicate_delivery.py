import pytest

from chaosproxy.core.effects import Repeat
from chaosproxy.faults.duplicate_delivery import DuplicateDelivery
from tests.faults.turns import turn


def twice(**settings: object) -> DuplicateDelivery:
    return DuplicateDelivery.model_validate({"type": "duplicate_delivery", **settings})


@pytest.mark.parametrize(
    ("settings", "effect"),
    [
        ({}, Repeat(1, 0.0, last=False)),
        ({"times": 2, "gap": "200ms", "reply": "last"}, Repeat(2, 0.2, last=True)),
    ],
)
def test_does(settings: dict[str, object], effect: Repeat) -> None:
    assert twice(**settings).effects(turn(), "again") == (effect,)


def test_the_agent_hears_nothing_of_it() -> None:
    assert not DuplicateDelivery.nature.explicit
    assert not DuplicateDelivery.ends_call


@pytest.mark.parametrize("settings", [{"times": 0}, {"times": 11}, {"reply": "both"}, {"gap": 5}])
def test_refuses(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        twice(**settings)
