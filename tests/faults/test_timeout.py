from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.effects import Delay, Hang, Reject
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults.timeout import Timeout

BEFORE, AFTER = Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM


def timeout(**settings: object) -> Timeout:
    return Timeout.model_validate({"type": "timeout", **settings})


@pytest.mark.parametrize(
    ("settings", "effects"),
    [
        ({}, (Hang(600.0, BEFORE),)),
        ({"after": "30s"}, (Hang(30.0, BEFORE),)),
        ({"after": "30s", "phase": "after_upstream"}, (Hang(30.0, AFTER),)),
        ({"after": "1m", "then": "answer"}, (Delay(60.0, AFTER),)),
        ({"after": "1m", "then": "answer", "phase": "after_upstream"}, (Delay(60.0, AFTER),)),
    ],
)
def test_does(settings: dict[str, Any], effects: tuple[object, ...], turn_of: Callable[..., Turn]) -> None:
    fault = timeout(**settings)
    assert fault.effects(turn_of(), "hang") == effects
    assert [effect.phase for effect in effects if isinstance(effect, Hang | Delay)] == [fault.strikes]


@pytest.mark.parametrize("phase", [BEFORE, AFTER])
def test_a_gateway_gives_up_for_the_tool(phase: Phase, turn_of: Callable[..., Turn]) -> None:
    fault = timeout(after="5s", then="gateway_timeout", phase=phase.value, dialect="nginx", message="late")
    delay, reject = fault.effects(turn_of(), "hang")
    assert delay == Delay(5.0, phase)
    assert isinstance(reject, Reject)
    assert (reject.kind, reject.phase, reject.dialect, reject.message) == (
        FailureKind.GATEWAY_TIMEOUT,
        phase,
        "nginx",
        "late",
    )


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (
            {"then": "answer", "phase": "before_upstream"},
            "then: an answer that comes too late needs phase: after_upstream",
        ),
        ({"dialect": "nginx"}, "dialect: only `then: gateway_timeout` says anything; close does not"),
        ({"message": "late", "then": "answer"}, "message: only `then: gateway_timeout` says anything"),
        ({"after": 0}, "after\n.*greater than 0"),
        ({"then": "explode"}, "then\n.*'gateway_timeout'"),
    ],
)
def test_refuses(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        timeout(**settings)
