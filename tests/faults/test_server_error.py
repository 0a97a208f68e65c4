from collections.abc import Callable

import pytest

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults.server_error import ServerError


@pytest.mark.parametrize("phase", [Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, FailureKind.SERVER_ERROR),
        (502, FailureKind.BAD_GATEWAY),
        (503, FailureKind.UNAVAILABLE),
        (504, FailureKind.GATEWAY_TIMEOUT),
    ],
)
def test_does(status: int, kind: FailureKind, phase: Phase, turn_of: Callable[..., Turn]) -> None:
    fault = ServerError.model_validate(
        {"type": "server_error", "status": status, "phase": phase.value, "retry_after": "1500ms"}
    )
    (effect,) = fault.effects(turn_of(), "broken")
    assert isinstance(effect, Reject)
    assert (effect.kind, effect.phase, effect.retry_after, effect.status) == (kind, phase, 1.5, None)


def test_is_a_500_that_says_nothing_about_coming_back(turn_of: Callable[..., Turn]) -> None:
    (effect,) = ServerError.model_validate({"type": "server_error"}).effects(turn_of(), "broken")
    assert isinstance(effect, Reject)
    assert (effect.kind, effect.retry_after) == (FailureKind.SERVER_ERROR, None)


@pytest.mark.parametrize("status", [200, 404, 501, "500"])
def test_refuses(status: object) -> None:
    with pytest.raises(ValueError, match="status"):
        ServerError.model_validate({"type": "server_error", "status": status})
