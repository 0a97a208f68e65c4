"""The few statistics that a scorecard needs. Must not know what is being counted."""

import math
from collections.abc import Collection

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


def percentile(values: Collection[float], share: float) -> float | None:
    """The nearest-rank percentile: the smallest value that at least `share` of all values do not exceed.

    It is always a value that was seen, never one between two; None when there are none.
    """
    if not values:
        return None
    ranked = sorted(values)
    return ranked[max(1, math.ceil(share * len(ranked))) - 1]
