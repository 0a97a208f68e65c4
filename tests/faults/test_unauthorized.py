from collections.abc import Callable

import pytest

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults.unauthorized import Unauthorized


@pytest.mark.parametrize("status", [None, 403])
def test_does(status: int | None, turn_of: Callable[..., Turn]) -> None:
    fault = Unauthorized.model_validate({"type": "unauthorized", "status": status, "dialect": "anthropic"})
    (effect,) = fault.effects(turn_of(), "key")
    assert isinstance(effect, Reject)
    assert (effect.kind, effect.phase, effect.status, effect.dialect) == (
        FailureKind.UNAUTHORIZED,
        Phase.BEFORE_UPSTREAM,
        status,
        "anthropic",
    )
    assert Reaction.REAUTHENTICATE in fault.nature.healthy


def test_ids_are_drawn_from_the_call(turn_of: Callable[..., Turn]) -> None:
    fault = Unauthorized.model_validate({"type": "unauthorized"})
    assert fault.effects(turn_of(key=1), "key") == fault.effects(turn_of(key=1), "key")
    assert fault.effects(turn_of(key=1), "key") != fault.effects(turn_of(key=2), "key")
