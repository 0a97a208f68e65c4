from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.effects import Ending, Extent, Place, Truncate
from chaosproxy.core.turn import Turn
from chaosproxy.faults.truncated_body import TruncatedBody


@pytest.mark.parametrize(
    ("settings", "effect"),
    [
        ({}, Truncate(Place(Extent.BODY, 0.5), Ending.CLOSE)),
        ({"keep": "30%", "ending": "reset"}, Truncate(Place(Extent.BODY, 0.3), Ending.RESET)),
        ({"keep": 0}, Truncate(Place(Extent.BODY, 0.0), Ending.CLOSE)),
        ({"keep": 0.25}, Truncate(Place(Extent.BODY, 0.25), Ending.CLOSE)),
        ({"keep": "2KiB"}, Truncate(Place(Extent.BYTES, 2048), Ending.CLOSE)),
        ({"keep": "3 chunks"}, Truncate(Place(Extent.CHUNKS, 3), Ending.CLOSE)),
        ({"keep": "1 event", "ending": "complete"}, Truncate(Place(Extent.EVENTS, 1), None)),
        ({"keep": "half the head"}, Truncate(Place(Extent.HEAD, 0.5), Ending.CLOSE)),
    ],
)
def test_does(settings: dict[str, Any], effect: Truncate, turn_of: Callable[..., Turn]) -> None:
    fault = TruncatedBody.model_validate({"type": "truncated_body", **settings})
    assert fault.effects(turn_of(), "cut") == (effect,)


@pytest.mark.parametrize(
    "settings",
    [{"keep": "100%"}, {"keep": 1}, {"keep": "150%"}, {"keep": "x"}, {"ending": "bang"}],
)
def test_refuses(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        TruncatedBody.model_validate({"type": "truncated_body", **settings})


def test_half_a_head_is_no_complete_message() -> None:
    with pytest.raises(ValueError, match="ending: half a head"):
        TruncatedBody.model_validate({"type": "truncated_body", "keep": "half the head", "ending": "complete"})


@pytest.mark.parametrize(("ending", "explicit"), [("close", True), ("reset", True), ("complete", False)])
def test_a_cut_that_looks_like_an_end_is_no_error_to_the_agent(ending: str, explicit: bool) -> None:
    fault = TruncatedBody.model_validate({"type": "truncated_body", "keep": "1KiB", "ending": ending})
    assert fault.judged_by.explicit is explicit
    assert fault.judged_by.healthy == TruncatedBody.nature.healthy
