from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.effects import Extent, Throttle
from chaosproxy.core.turn import Turn
from chaosproxy.faults.slow_body import SlowBody


def slow(**settings: object) -> SlowBody:
    return SlowBody.model_validate({"type": "slow_body", **settings})


@pytest.mark.parametrize(
    ("settings", "effect"),
    [
        ({"bytes_per_second": "1000B"}, Throttle(Extent.BYTES, 100, 0.1)),
        ({"bytes_per_second": 2}, Throttle(Extent.BYTES, 1, 0.5)),
        ({"piece": "1B", "every": "100ms"}, Throttle(Extent.BYTES, 1, 0.1)),
        ({"piece": "3 chunks", "every": "2s"}, Throttle(Extent.CHUNKS, 3, 2.0)),
        ({"piece": "1 event", "every": "1s"}, Throttle(Extent.EVENTS, 1, 1.0)),
        ({"piece": "7B"}, Throttle(Extent.BYTES, 7, 0.0)),
    ],
)
def test_does(settings: dict[str, Any], effect: Throttle, turn_of: Callable[..., Turn]) -> None:
    assert slow(**settings).effects(turn_of(), "slow") == (effect,)


@given(st.integers(1, 10**9))
def test_bytes_a_second_are_that_many(rate: int) -> None:
    (effect,) = slow(bytes_per_second=rate).effects(None, "slow")  # type: ignore[arg-type]  # the pace depends on no turn

    assert isinstance(effect, Throttle)
    assert effect.count / effect.every == pytest.approx(rate)
    assert effect.every <= max(1 / rate, 0.15), "smoothly"


def test_does_not_end_the_call() -> None:
    assert SlowBody.ends_call is False


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "bytes_per_second: slow_body needs this, or a piece"),
        ({"every": "1s"}, "bytes_per_second: slow_body needs this, or a piece"),
        ({"bytes_per_second": "1KiB", "piece": "1B"}, "piece: bytes_per_second says already"),
        ({"bytes_per_second": "1KiB", "every": "1s"}, "every: bytes_per_second says already"),
        ({"bytes_per_second": 0}, "greater than 0"),
        ({"piece": "0B"}, "expected at least 1"),
        ({"piece": "0 events"}, "expected at least 1"),
        ({"piece": 5}, "expected a piece"),
        ({"piece": "half"}, "expected a size"),
    ],
)
def test_refuses(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        slow(**settings)
