"""Counts observations into buckets with plain numbers. Knows neither labels nor Prometheus."""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate

TRACE_ID_MOST = 64
"""OpenMetrics allows an exemplar 128 characters in all; one that is longer would spoil the whole scrape."""


@dataclass(frozen=True)
class Exemplified:
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
