"""Writes monotonic seconds as the date and time that they were. Quick, because every journal line has one."""

import time

from chaosproxy.core.clock import Clock


class Timestamps:
    """Translates a clock's monotonic seconds into RFC 3339, UTC, with all six digits of the microseconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = -1
        self._text = ""
        self._offset = 0.0
        self.follow()

    def follow(self) -> None:
        """Look at the wall clock again: somebody may have set it."""
        self._offset = self._clock.wall() - self._clock.monotonic()

    def at(self, mono: float) -> str:
        """The date and time at `mono` monotonic seconds, such as `2026-11-22T09:00:00.000250Z`."""
        micros = int((mono + self._offset) * 1e6 + 0.5)
        second = micros // 1_000_000
        if second != self._second:
            self._text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        # The 1 before them keeps their leading zeros, and costs less than a format does.
        return f"{self._text}.{str(1_000_000 + micros - second * 1_000_000)[1:]}Z"
