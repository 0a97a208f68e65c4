"""The shape of waits."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.events import BackoffShape as Shape
from chaosproxy.recovery.following.backoff import grows, shape_of

waits = st.lists(st.floats(0, 1e4), max_size=12)


@pytest.mark.parametrize(
    ("waits", "shape"),
    [
        ([], None),
        ([0.02], Shape.IMMEDIATE),
        ([0.0, 0.05, 0.09], Shape.IMMEDIATE),
        ([2.0], None),
        ([1.0, 1.05], Shape.FIXED),
        ([1.0, 2.0, 3.0, 4.0], Shape.LINEAR),
        ([0.5, 1.0, 2.0, 4.0], Shape.EXPONENTIAL),
        ([2.0, 4.0], Shape.EXPONENTIAL),  # of two nobody can say; by a factor is what clients do
        ([0.43, 0.81], Shape.EXPONENTIAL),  # the openai SDK's, with its jitter
        ([8.0, 4.0, 2.0], Shape.DECREASING),
        ([1.0, 9.0, 1.2, 8.0, 1.1], Shape.IRREGULAR),
    ],
)
def test_shapes(waits: list[float], shape: Shape | None) -> None:
    assert shape_of(waits) is shape


def test_the_waits_of_known_clients_are_told_in_spite_of_their_jitter() -> None:
    # Stainless SDKs take 0.5 s times 2 to the n, less up to a quarter; the AI SDK 2 s, 4 s, 8 s, exactly.
    dice = random.Random(1)
    stainless = [[0.5 * 2**n * (1 - 0.25 * dice.random()) for n in range(4)] for _ in range(500)]
    assert {shape_of(waits) for waits in stainless} == {Shape.EXPONENTIAL}
    assert shape_of([2.0, 4.0, 8.0]) is Shape.EXPONENTIAL


@given(waits)
def test_any_waits_have_a_shape_or_are_too_few(waits: list[float]) -> None:
    assert (shape_of(waits) is None) == (not waits or (len(waits) == 1 and waits[0] >= 0.1))


@given(waits, st.floats(1.5, 100))
def test_the_unit_of_time_changes_no_shape_beyond_immediate(waits: list[float], factor: float) -> None:
    long = [wait + 1 for wait in waits]
    assert shape_of([wait * factor for wait in long]) is shape_of(long)


def test_growing() -> None:
    assert grows([0.5, 1, 2, 4])
    assert grows([0.3, 0.9, 0.4, 3])  # full jitter
    assert not grows([1, 1, 1, 1])
    assert not grows([0.001, 0.002, 0.004, 0.008])  # it grows, and is no wait at all
    assert not grows([5])
