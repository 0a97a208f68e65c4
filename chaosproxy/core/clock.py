"""Time is a port: whoever needs the time is given a clock, so tests and simulations need not wait."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from. Waiting for time to pass is a wire's business, not a clock's."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never goes back. All durations are taken from it."""

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC; for people, and for HTTP dates."""


class SystemClock:
    """The machine's own clock."""

    monotonic = staticmethod(time.monotonic)
    wall = staticmethod(time.time)


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, monotonic: float = 1_000.0, wall: float = 1_795_348_800.0) -> None:
        self._monotonic = monotonic
        self._wall = wall

    def monotonic(self) -> float:
        """Seconds, as last set."""
        return self._monotonic

    def wall(self) -> float:
        """Seconds since 1970, moving with `monotonic`."""
        return self._wall

    def advance(self, seconds: float) -> None:
        """Move both readings forward by `seconds` (not negative)."""
        if seconds < 0:
            raise ValueError(f"time does not run backwards: {seconds}")
        self._monotonic += seconds
        self._wall += seconds
