"""Chance in the waits of many episodes."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.call import Layer
from chaosproxy.core.events import BackoffShape
from chaosproxy.recovery.scoring.jitter import EPISODES, KEPT, ORDINALS, Backoff, Jitter, jitter_of

DICE = Random(11)
BASES = (0.5, 1.0, 2.0, 4.0)


def episodes(low: float, high: float, number: int = 200) -> list[list[float]]:
    """The waits of episodes by ordinal, each between two shares of the base."""
    return [[base * DICE.uniform(low, high) for _ in range(number)] for base in BASES]


@pytest.mark.parametrize(
    ("low", "high", "jitter"),
    [
        (1.0, 1.0, Jitter.NONE),
        (0.99, 1.01, Jitter.NONE),
        (0.75, 1.0, Jitter.BOUNDED),  # Stainless SDKs: variation 0.083
        (0.5, 1.0, Jitter.BOUNDED),  # equal jitter: 0.192
        (0.25, 1.0, Jitter.BOUNDED),  # 0.346: between bounded and full
        (0.0, 1.0, Jitter.FULL),  # full jitter: 0.577
    ],
)
def test_the_kinds_that_there_are(low: float, high: float, jitter: Jitter) -> None:
    assert jitter_of(episodes(low, high)) is jitter


def test_seven_episodes_cannot_tell() -> None:
    assert jitter_of([[1.0] * (EPISODES - 1)]) is None
    assert jitter_of([[1.0] * EPISODES]) is Jitter.NONE
    assert jitter_of([]) is None


def test_what_came_too_seldom_does_not_count() -> None:
    assert jitter_of([[1.0] * EPISODES, [0.1, 9.0, 2.0]]) is Jitter.NONE


def test_waits_of_next_to_nothing_have_no_jitter_but_the_machines() -> None:
    assert jitter_of([[0.001, 0.02, 0.001, 0.05] * 4]) is None


@given(st.lists(st.floats(0.2, 100), min_size=EPISODES, max_size=40), st.floats(0.6, 50))
def test_it_goes_by_proportion_and_in_no_order(waits: list[float], scale: float) -> None:
    scaled = [wait * scale for wait in reversed(waits)]
    assert jitter_of([waits]) is jitter_of([scaled]) or _on_an_edge(waits)


def _on_an_edge(waits: list[float]) -> bool:
    mean = sum(waits) / len(waits)
    spread = (sum((wait - mean) ** 2 for wait in waits) / len(waits)) ** 0.5 / mean
    return any(abs(spread - edge) < 1e-9 for edge in (0.02, 0.4))


def test_a_layer_in_figures() -> None:
    backoff = Backoff(Layer.SDK)
    for first in (0.5, 0.4, 0.6):
        backoff.count(BackoffShape.EXPONENTIAL, (first, 2 * first, 4 * first))
    backoff.count(BackoffShape.FIXED, (1.0,))

    assert backoff.shapes == {BackoffShape.EXPONENTIAL: 3, BackoffShape.FIXED: 1}
    assert backoff.waits == (0.55, 1.0, 2.0)
    assert backoff.jitter is None


def test_what_is_kept_is_bounded_to_the_latest() -> None:
    backoff = Backoff(Layer.MODEL)
    for _ in range(KEPT):
        backoff.count(BackoffShape.FIXED, [100.0] * (ORDINALS + 5))
    for _ in range(KEPT):
        backoff.count(BackoffShape.FIXED, [1.0] * (ORDINALS + 5))

    assert backoff.waits == (1.0,) * ORDINALS
    assert backoff.jitter is Jitter.NONE
