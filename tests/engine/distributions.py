"""Does a sample come from a distribution? Kolmogorov and Smirnov, and chi-square, for samples made with fixed seeds.

Each refuses a true one once in about a thousand seeds; with fixed seeds that is seen once, when the test is written.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

Kind = TypeVar("Kind")


def ks(sample: Sequence[float], cumulative: Callable[[float], float]) -> float:
    """How far the sample is from the distribution, in units of what is just believable: below 1 it fits."""
    ordered, size = sorted(sample), len(sample)
    worst = max(
        max((nth + 1) / size - cumulative(each), cumulative(each) - nth / size) for nth, each in enumerate(ordered)
    )
    return worst * math.sqrt(size) / 1.95


def chi_square(found: Mapping[Kind, int], expected: Mapping[Kind, float]) -> float:
    """The same for counts: their chi-square over its quantile of 99.9 % (Wilson and Hilferty's approximation)."""
    statistic = sum((found.get(each, 0) - wanted) ** 2 / wanted for each, wanted in expected.items())
    free = len(expected) - 1
    return statistic / (free * (1 - 2 / (9 * free) + 3.09 * math.sqrt(2 / (9 * free))) ** 3)


def exponential(mean: float) -> Callable[[float], float]:
    """The cumulative distribution of exponential times."""
    return lambda time: 1 - math.exp(-time / mean)


def geometric(mean: float, size: int, most: int) -> dict[int, float]:
    """How many of `size` runs are expected to be 1, 2, ... `most` long, and how many longer (at `most + 1`)."""
    ends = 1 / mean
    counts = {length: size * ends * (1 - ends) ** (length - 1) for length in range(1, most + 1)}
    counts[most + 1] = size * (1 - ends) ** most
    return counts
