from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.effects import ErrorEvent
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults.error_event import ErrorEventFault


def said(settings: dict[str, Any], turn: Turn) -> ErrorEvent:
    (effect,) = ErrorEventFault.model_validate({"type": "error_event", **settings}).effects(turn, "rule")
    assert isinstance(effect, ErrorEvent)
    return effect


def test_says_by_itself_that_the_tool_broke(turn_of: Callable[..., Turn]) -> None:
    effect = said({}, turn_of())
    assert effect.event == 3
    assert effect.reject.kind is FailureKind.SERVER_ERROR
    assert (effect.reject.phase, effect.reject.dialect, effect.reject.message) == (Phase.DURING_BODY, None, None)
    assert (effect.reject.status, effect.reject.retry_after) == (None, None)


@pytest.mark.parametrize("kind", ["server_error", "unavailable", "rate_limited", "gateway_timeout"])
def test_says_what_it_is_told(kind: str, turn_of: Callable[..., Turn]) -> None:
    effect = said({"event": 5, "kind": kind, "dialect": "openai", "message": "no", "retry_after": "3s"}, turn_of())
    assert effect.event == 5
    assert effect.reject.kind == kind
    assert (effect.reject.dialect, effect.reject.message, effect.reject.retry_after) == ("openai", "no", 3.0)


def test_ids_are_drawn_from_the_call(turn_of: Callable[..., Turn]) -> None:
    assert said({}, turn_of(key=1)) == said({}, turn_of(key=1))
    assert said({}, turn_of(key=1)).reject.draw != said({}, turn_of(key=2)).reject.draw


@pytest.mark.parametrize("settings", [{"event": 0}, {"kind": "unauthorized"}, {"kind": "x"}, {"retry_after": 3}])
def test_refuses(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        ErrorEventFault.model_validate({"type": "error_event", **settings})
