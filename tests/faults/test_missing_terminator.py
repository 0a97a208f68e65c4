from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.effects import EditEvent, Effect, EventChange, Extent, Place, Truncate
from chaosproxy.core.turn import Turn
from chaosproxy.faults.missing_terminator import MissingTerminator


@pytest.mark.parametrize(
    ("settings", "effect"),
    [
        ({}, EditEvent(1, EventChange.NO_TERMINATOR)),
        ({"after": "5 events"}, Truncate(Place(Extent.EVENTS, 5), None)),
        ({"after": "2 chunks"}, Truncate(Place(Extent.CHUNKS, 2), None)),
    ],
)
def test_does(settings: dict[str, Any], effect: Effect, turn_of: Callable[..., Turn]) -> None:
    fault = MissingTerminator.model_validate({"type": "missing_terminator", **settings})
    assert fault.effects(turn_of(), "rule") == (effect,)


@pytest.mark.parametrize("settings", [{"after": "0 events"}, {"after": 1}, {"after": "50%"}])
def test_refuses(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="after"):
        MissingTerminator.model_validate({"type": "missing_terminator", **settings})


def test_is_not_told_to_the_agent() -> None:
    assert not MissingTerminator.nature.explicit
