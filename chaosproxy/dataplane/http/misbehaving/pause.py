"""A wait that a fault imposes: never shorter than asked, hardly longer, and nothing but a timer while it lasts."""

import asyncio
from collections.abc import Callable
from time import monotonic


def _drop(act: Callable[[], None]) -> None:
    """Nothing is to be done any more. Whoever waited is let go of here: see `Striking.cancel`."""


class Pause:
    """One wait at a time. A task that sleeps would cost ten times the memory, and calls hang by the thousand."""

    __slots__ = ("_handle", "_run", "_then", "_until")

    def __init__(self, run: Callable[[Callable[[], None]], None]) -> None:
        self._run = run
        """What comes after a wait is done by it: it knows what to do if that fails."""
        self._handle: asyncio.Handle | None = None
        self._then: Callable[[], None] | None = None
        self._until = 0.0

    @property
    def pending(self) -> bool:
        """Is a wait in progress?"""
        return self._handle is not None

    def until(self, moment: float, then: Callable[[], None]) -> None:
        """Call `then` at `moment` (monotonic seconds) or as soon as can be after it, but not now."""
        self._until = moment
        self._then = then
        self._arm()

    def hasten(self) -> None:
        """The time is up, if there is a wait in progress: what comes after it comes as soon as can be, but not now."""
        if self._handle is not None:
            self._handle.cancel()
            self._until = 0.0
            self._arm()

    def call_off(self) -> None:
        """Do not call. There may be another wait."""
        if self._handle is not None:
            self._handle.cancel()
        self._handle = None
        self._then = None

    def cancel(self) -> None:
        """Do not call, now or ever."""
        self.call_off()
        self._run = _drop

    def _arm(self) -> None:
        rest = self._until - monotonic()
        loop = asyncio.get_running_loop()
        self._handle = loop.call_later(rest, self._fire) if rest > 0 else loop.call_soon(self._fire)

    def _fire(self) -> None:
        # Timers count from the time at which the loop last looked at the clock, and uvloop's in whole milliseconds.
        if monotonic() < self._until:
            self._arm()
            return
        then, self._then, self._handle = self._then, None, None
        if then is not None:
            self._run(then)
