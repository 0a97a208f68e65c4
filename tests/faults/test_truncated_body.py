from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.effects import Ending, Truncate
from chaosproxy.core.turn import Turn
from chaosproxy.faults.truncated_body import TruncatedBody


@pytest.mark.parametrize(
    ("settings", "effect"),
    [
        ({}, Truncate(0.5, Ending.CLOSE)),
        ({"keep": "30%", "ending": "reset"}, Truncate(0.3, Ending.RESET)),
        ({"keep": 0}, Truncate(0.0, Ending.CLOSE)),
    ],
)
def test_does(settings: dict[str, Any], effect: Truncate, turn_of: Callable[..., Turn]) -> None:
    fault = TruncatedBody.model_validate({"type": "truncated_body", **settings})
    assert fault.effects(turn_of(), "cut") == (effect,)


@pytest.mark.parametrize(
    "settings", [{"keep": "100%"}, {"keep": 1}, {"keep": "150%"}, {"keep": "x"}, {"ending": "bang"}]
)
def test_refuses(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        TruncatedBody.model_validate({"type": "truncated_body", **settings})
