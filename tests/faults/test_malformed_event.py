from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.effects import EditEvent, EventChange
from chaosproxy.core.turn import Turn
from chaosproxy.faults.malformed_event import MalformedEvent


@pytest.mark.parametrize(("settings", "event"), [({}, 3), ({"event": 1}, 1)])
def test_does(settings: dict[str, Any], event: int, turn_of: Callable[..., Turn]) -> None:
    fault = MalformedEvent.model_validate({"type": "malformed_event", **settings})
    assert fault.effects(turn_of(), "rule") == (EditEvent(event, EventChange.MALFORM),)


@pytest.mark.parametrize("settings", [{"event": 0}, {"event": "1"}, {"event": 2.5}])
def test_refuses(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="event"):
        MalformedEvent.model_validate({"type": "malformed_event", **settings})


def test_is_not_told_to_the_agent() -> None:
    assert not MalformedEvent.nature.explicit
