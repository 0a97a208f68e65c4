"""The statistics of a scorecard, against known values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.recovery.scoring.intervals import binned, difference, percentile, wilson


@pytest.mark.parametrize(
    ("successes", "cases", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17, table I: the Wilson rows without continuity correction.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(successes: int, cases: int, low: float, high: float) -> None:
    assert wilson(successes, cases) == pytest.approx((low, high), abs=5e-5)


def test_no_cases_say_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 10_000).flatmap(lambda cases: st.tuples(st.integers(0, cases), st.just(cases))))
def test_the_interval_holds_the_share_and_mirrors(counts: tuple[int, int]) -> None:
    successes, cases = counts
    low, high = wilson(successes, cases)
    assert 0 <= low <= successes / cases <= high <= 1
    assert low < high
    assert wilson(cases - successes, cases) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17, table II: the rows of method 10.
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_differences_as_published(one: tuple[int, int], other: tuple[int, int], low: float, high: float) -> None:
    assert difference(one, other) == pytest.approx((low, high), abs=5e-5)


@given(
    st.integers(1, 500).flatmap(lambda cases: st.tuples(st.integers(0, cases), st.just(cases))),
    st.integers(1, 500).flatmap(lambda cases: st.tuples(st.integers(0, cases), st.just(cases))),
)
def test_a_difference_lies_in_its_interval_and_turns_round(one: tuple[int, int], other: tuple[int, int]) -> None:
    low, high = difference(one, other)
    assert -1 <= low <= one[0] / one[1] - other[0] / other[1] <= high <= 1
    assert difference(other, one) == pytest.approx((-high, -low), abs=1e-12)


def test_no_cases_say_nothing_of_a_difference() -> None:
    assert difference((0, 0), (3, 4)) == difference((3, 4), (0, 0)) == (-1.0, 1.0)


def test_what_lies_on_a_bound_lies_below_it() -> None:
    assert binned([0.05, 0.1, 0.11, 0.5, 7.0, 9.0], [0.1, 0.5]) == (2, 2, 2)
    assert binned([], [1.0]) == (0, 0)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([7.0], 0.95, 7.0),
        ([1.0, 2.0], 0.5, 1.0),
        ([15.0, 20.0, 35.0, 40.0, 50.0], 0.30, 20.0),
        ([50.0, 15.0, 40.0, 20.0, 35.0], 0.95, 50.0),
        (list(range(1, 101)), 0.95, 95),
        (list(range(1, 101)), 0.0, 1),
    ],
)
def test_nearest_rank(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_at_least_that_share_does_not_exceed_it(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)
