"""A measure's value with what it rests on: its cases, and for a share its interval. Must not know what is measured."""

import msgspec

from chaosproxy.recovery.scoring.intervals import wilson


class Measured(msgspec.Struct, frozen=True):
    """A measure's value, and how many cases it comes from."""

    value: float | None
    """In the unit of the measure; None if there is nothing to compute it from."""
    cases: int
    why_not: str | None = None
    """Why it has no value, when that is not for lack of cases."""
    low: float | None = None
    high: float | None = None
    """The 95 % interval, of shares."""
    hits: int | None = None
    """The cases that count, of shares."""


def share(hits: int, cases: int) -> Measured:
    """The share of hits in cases, with its Wilson 95 % interval; without a value if there is no case."""
    low, high = wilson(hits, cases)
    return Measured(hits / cases if cases else None, cases, None, low, high, hits)


def ratio(part: int, whole: int) -> Measured:
    """Part / whole, out of `whole` cases; without a value if there are none."""
    return Measured(part / whole if whole else None, whole)
