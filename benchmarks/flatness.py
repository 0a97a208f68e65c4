"""Does a figure stay where it is? A straight line through it, after the warm-up. Must not know what was measured."""

from collections.abc import Sequence

import msgspec

WARM_UP = 1 / 3
"""Share of the run whose figures do not count: caches fill, the heap finds its size."""


class Trend(msgspec.Struct, frozen=True):
    """The line."""

    level: float
    """The mean after the warm-up."""
    slope: float
    """Growth for each step of the run's own measure."""
    growth: float
    """What the line gains from the end of the warm-up to the end of the run."""

    @property
    def growth_share(self) -> float:
        """The growth, as a share of the level."""
        return self.growth / self.level if self.level else 0.0


def trend(points: Sequence[tuple[float, float]]) -> Trend:
    """The least-squares line through (how far the run was, the figure).

    Raises:
        ValueError: fewer than two points are left after the warm-up.
    """
    kept = [point for point in points if point[0] >= points[0][0] + WARM_UP * (points[-1][0] - points[0][0])]
    if len(kept) < 2 or kept[0][0] == kept[-1][0]:
        raise ValueError("the run was too short for a trend")
    mean_at = sum(at for at, _ in kept) / len(kept)
    level = sum(figure for _, figure in kept) / len(kept)
    spread = sum((at - mean_at) ** 2 for at, _ in kept)
    slope = sum((at - mean_at) * (figure - level) for at, figure in kept) / spread
    return Trend(level, slope, slope * (kept[-1][0] - kept[0][0]))
