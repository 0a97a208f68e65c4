from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.effects import Ending, Extent, Place, Stall
from chaosproxy.core.turn import Turn
from chaosproxy.faults.stream_stall import StreamStall


@pytest.mark.parametrize(
    ("settings", "effect"),
    [
        ({}, Stall(Place(Extent.EVENTS, 3), 600.0, Ending.CLOSE)),
        ({"after": "5 events", "lasts": "2m", "then": "reset"}, Stall(Place(Extent.EVENTS, 5), 120.0, Ending.RESET)),
        ({"after": "1 chunk", "lasts": "1s", "then": "resume"}, Stall(Place(Extent.CHUNKS, 1), 1.0, None)),
        ({"after": "1KiB", "then": "close"}, Stall(Place(Extent.BYTES, 1024), 600.0, Ending.CLOSE)),
    ],
)
def test_does(settings: dict[str, Any], effect: Stall, turn_of: Callable[..., Turn]) -> None:
    fault = StreamStall.model_validate({"type": "stream_stall", **settings})
    assert fault.effects(turn_of(), "stall") == (effect,)


@pytest.mark.parametrize(
    "settings", [{"lasts": 0}, {"lasts": 3}, {"lasts": "-1s"}, {"then": "go on"}, {"after": "50%"}]
)
def test_refuses(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        StreamStall.model_validate({"type": "stream_stall", **settings})
