"""Counts observations into buckets with plain numbers. Knows neither labels nor Prometheus."""

from bisect import bisect_left
from itertools import accumulate

import msgspec

TRACE_ID_MOST = 64
"""OpenMetrics allows an exemplar 128 characters in all; one that is longer would spoil the whole scrape."""


class Exemplified(msgspec.Struct, frozen=True):
    """One observation that can be looked up in a trace."""

    value: float
    trace_id: str


class Histogram:
    """One series' buckets, sum, and the latest traced observation of each bucket."""

    __slots__ = ("bounds", "counts", "exemplars", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """`bounds` are the buckets' upper bounds, ascending, without +Inf."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """Observations of each bucket alone; the last is beyond all bounds."""
        self.total = 0.0
        """Sum of all observations."""
        self.exemplars: dict[int, Exemplified] = {}
        """By the bucket's place."""

    def observe(self, value: float, trace_id: str | None = None) -> None:
        """Count `value` into the bucket whose bound is the first that is not below it."""
        place = bisect_left(self.bounds, value)
        self.counts[place] += 1
        self.total += value
        if trace_id is not None and len(trace_id) <= TRACE_ID_MOST:
            self.exemplars[place] = Exemplified(value, trace_id)

    def cumulative(self) -> list[int]:
        """Observations at or below each bound; the last is the count of all."""
        return list(accumulate(self.counts))


class Histograms(dict[tuple[str, ...], Histogram]):
    """A histogram for each combination of label values, made when it is first asked for."""

    __slots__ = ("bounds",)

    def __init__(self, bounds: tuple[float, ...]) -> None:
        super().__init__()
        self.bounds = bounds

    def __missing__(self, labels: tuple[str, ...]) -> Histogram:
        made = self[labels] = Histogram(self.bounds)
        return made
