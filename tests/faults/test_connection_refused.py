from collections.abc import Callable

import pytest

from chaosproxy.core.effects import Disconnect, Ending
from chaosproxy.core.failures import Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults.connection_refused import ConnectionRefused


def test_does(turn_of: Callable[..., Turn]) -> None:
    fault = ConnectionRefused.model_validate({"type": "connection_refused"})
    assert fault.effects(turn_of(), "gone") == (Disconnect(Ending.RESET, Phase.BEFORE_UPSTREAM),)


@pytest.mark.parametrize("phase", ["after_upstream", "during_body"])
def test_a_tool_that_refuses_never_ran(phase: str) -> None:
    with pytest.raises(ValueError, match="phase: connection_refused can strike before_upstream"):
        ConnectionRefused.model_validate({"type": "connection_refused", "phase": phase})
