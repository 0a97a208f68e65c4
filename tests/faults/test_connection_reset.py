from collections.abc import Callable

import pytest

from chaosproxy.core.effects import Disconnect, Ending
from chaosproxy.core.failures import Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults.connection_reset import ConnectionReset


@pytest.mark.parametrize(
    ("phase", "when"),
    [
        (None, Phase.BEFORE_UPSTREAM),
        ("before_upstream", Phase.BEFORE_UPSTREAM),
        ("after_upstream", Phase.AFTER_UPSTREAM),
        ("during_body", Phase.DURING_BODY),
    ],
)
def test_does(phase: str | None, when: Phase, turn_of: Callable[..., Turn]) -> None:
    fault = ConnectionReset.model_validate({"type": "connection_reset", "phase": phase})
    assert fault.effects(turn_of(), "cut") == (Disconnect(Ending.RESET, when),)


def test_refuses_a_phase_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="phase"):
        ConnectionReset.model_validate({"type": "connection_reset", "phase": "sometimes"})
