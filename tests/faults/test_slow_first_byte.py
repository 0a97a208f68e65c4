from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.effects import Extent, Place, Stall
from chaosproxy.core.failures import Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults.slow_first_byte import SlowFirstByte

FIRST = Place(Extent.BYTES, 0)


def slow(**settings: object) -> SlowFirstByte:
    return SlowFirstByte.model_validate({"type": "slow_first_byte", **settings})


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [({}, 10.0), ({"delay": "250ms"}, 0.25), ({"delay": "3s", "jitter": 0}, 3.0)],
)
def test_the_rest_of_the_reply_follows_the_silence(
    settings: dict[str, Any], seconds: float, turn_of: Callable[..., Turn]
) -> None:
    fault = slow(**settings)

    assert fault.effects(turn_of(), "thinking") == (Stall(FIRST, seconds, None),)
    assert (fault.strikes, fault.ends_call) == (Phase.DURING_BODY, False)


@given(key=st.integers(1, 10_000))
def test_jitter_is_drawn_for_each_call_and_again_the_same(key: int, turn_of: Callable[..., Turn]) -> None:
    fault = slow(delay="2s", jitter="500ms")
    (effect,) = fault.effects(turn_of(key=key), "thinking")

    assert isinstance(effect, Stall)
    assert 2.0 <= effect.seconds < 2.5
    assert fault.effects(turn_of(key=key), "thinking") == (effect,)
    assert fault.effects(turn_of(key=key + 1), "thinking") != (effect,)


@pytest.mark.parametrize("settings", [{"delay": 0}, {"delay": 5}, {"delay": "soon"}, {"jitter": "-1s"}])
def test_refuses(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        slow(**settings)
