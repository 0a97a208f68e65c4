"""The few statistics that a scorecard needs. Must not know what is being counted."""

import math
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence

_Z95 = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


def wilson(successes: int, cases: int) -> tuple[float, float]:
    """The Wilson score interval (95 %) of a share, as (low, high) in [0, 1]; (0, 1) when there are no cases.

    Wilson (1927), without continuity correction: unlike the textbook one it is honest for few cases, also at 0 and 1.
    """
    if cases == 0:
        return 0.0, 1.0
    share = successes / cases
    shrink = 1 + _Z95**2 / cases
    centre = (share + _Z95**2 / (2 * cases)) / shrink
    reach = _Z95 / shrink * math.sqrt(share * (1 - share) / cases + _Z95**2 / (4 * cases**2))
    # At the ends the formula is exact on paper and off by a rounding error in floating point.
    low = 0.0 if successes == 0 else max(0.0, centre - reach)
    high = 1.0 if successes == cases else min(1.0, centre + reach)
    return low, high


def difference(one: tuple[int, int], other: tuple[int, int]) -> tuple[float, float]:
    """The 95 % interval of `one`'s share less `other`'s, each given as (successes, cases); (-1, 1) if one has no cases.

    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10: from the Wilson intervals of both shares, without
    continuity correction. Like these it keeps to what is possible, also at 0 and 1.
    """
    if one[1] == 0 or other[1] == 0:
        return -1.0, 1.0
    p1, p2 = one[0] / one[1], other[0] / other[1]
    low1, high1 = wilson(*one)
    low2, high2 = wilson(*other)
    low = p1 - p2 - math.hypot(p1 - low1, high2 - p2)
    high = p1 - p2 + math.hypot(high1 - p1, p2 - low2)
    return max(-1.0, low), min(1.0, high)


def binned(values: Iterable[float], bounds: Sequence[float]) -> tuple[int, ...]:
    """How many values lie up to each bound and above the one before, and in a last bin above all; `bounds` ascend."""
    counts = [0] * (len(bounds) + 1)
    for value in values:
        counts[bisect_left(bounds, value)] += 1
    return tuple(counts)


def percentile(values: Collection[float], share: float) -> float | None:
    """The nearest-rank percentile: the smallest value that at least `share` of all values do not exceed.

    It is always a value that was seen, never one between two; None when there are none.
    """
    if not values:
        return None
    ranked = sorted(values)
    return ranked[max(1, math.ceil(share * len(ranked))) - 1]
