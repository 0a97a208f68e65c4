from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.effects import Ending, Extent, Place, Truncate
from chaosproxy.core.turn import Turn
from chaosproxy.faults.stream_cut import StreamCut


@pytest.mark.parametrize(
    ("settings", "effect"),
    [
        ({}, Truncate(Place(Extent.EVENTS, 3), Ending.CLOSE)),
        ({"after": "1 event"}, Truncate(Place(Extent.EVENTS, 1), Ending.CLOSE)),
        ({"after": "7 events", "ending": "reset"}, Truncate(Place(Extent.EVENTS, 7), Ending.RESET)),
        ({"after": "2 chunks"}, Truncate(Place(Extent.CHUNKS, 2), Ending.CLOSE)),
        ({"after": "4KiB"}, Truncate(Place(Extent.BYTES, 4096), Ending.CLOSE)),
    ],
)
def test_does(settings: dict[str, Any], effect: Truncate, turn_of: Callable[..., Turn]) -> None:
    fault = StreamCut.model_validate({"type": "stream_cut", **settings})
    assert fault.effects(turn_of(), "cut") == (effect,)


@pytest.mark.parametrize(
    "settings",
    [
        {"after": 3},
        {"after": "0 events"},
        {"after": "50%"},
        {"after": "head"},
        {"ending": "bang"},
        {"ending": "complete"},
    ],
)
def test_refuses(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        StreamCut.model_validate({"type": "stream_cut", **settings})
