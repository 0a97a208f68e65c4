"""Many times taken, in three figures. Must not know what was timed."""

from collections.abc import Sequence

import msgspec


class Distribution(msgspec.Struct, frozen=True):
    """How long something took, over many times. Seconds."""

    count: int
    p50: float
    p99: float
    longest: float


def distribution_of(seconds: Sequence[float]) -> Distribution:
    """The figures of at least one time taken."""
    ordered = sorted(seconds)
    count = len(ordered)
    return Distribution(count, ordered[count // 2], ordered[count * 99 // 100], ordered[-1])


def milliseconds(seconds: float | None) -> str:
    """For a cell of a table."""
    return "-" if seconds is None else f"{seconds * 1e3:.2f} ms"
