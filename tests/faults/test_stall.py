from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.effects import Ending, Extent, Place, Stall
from chaosproxy.core.turn import Turn
from chaosproxy.faults.stall import StalledReply


@pytest.mark.parametrize(
    ("settings", "effect"),
    [
        ({}, Stall(Place(Extent.BODY, 0.5), 600.0, Ending.CLOSE)),
        ({"after": "30%", "lasts": "2s", "then": "reset"}, Stall(Place(Extent.BODY, 0.3), 2.0, Ending.RESET)),
        ({"after": "4KiB", "then": "resume"}, Stall(Place(Extent.BYTES, 4096), 600.0, None)),
        ({"after": "0B"}, Stall(Place(Extent.BYTES, 0), 600.0, Ending.CLOSE)),
        ({"after": "2 chunks"}, Stall(Place(Extent.CHUNKS, 2), 600.0, Ending.CLOSE)),
        ({"after": "1 event"}, Stall(Place(Extent.EVENTS, 1), 600.0, Ending.CLOSE)),
        ({"after": "half the head"}, Stall(Place(Extent.HEAD, 0.5), 600.0, Ending.CLOSE)),
    ],
)
def test_does(settings: dict[str, Any], effect: Stall, turn_of: Callable[..., Turn]) -> None:
    fault = StalledReply.model_validate({"type": "stall", **settings})
    assert fault.effects(turn_of(), "stall") == (effect,)


@pytest.mark.parametrize(
    "settings",
    [
        {"after": "100%"},
        {"after": "3 words"},
        {"after": "tail"},
        {"after": True},
        {"lasts": 0},
        {"lasts": "0s"},
        {"then": "answer"},
    ],
)
def test_refuses(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        StalledReply.model_validate({"type": "stall", **settings})
