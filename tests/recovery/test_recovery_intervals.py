"""The statistics of a scorecard, against known values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.recovery.intervals import percentile, wilson


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
