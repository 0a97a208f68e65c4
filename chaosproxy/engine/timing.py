"""At which times of a run a rule is on: `after`, `for`, `repeat`, phases, outages and ramps, compiled and in words.

All go by the seconds since the run began, and by nothing else: at the same time, all sessions find the same.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from chaosproxy.core.units import format_duration, format_rate
from chaosproxy.engine.spells import Spells
from chaosproxy.profiles.when import Outage, Ramp, RunPhase, When

Period = tuple[str, float, float]
"""A phase's name, when it begins, and when it is over."""


def periods(phases: Iterable[RunPhase]) -> tuple[Period, ...]:
    """When each phase of a run is."""
    found: list[Period] = []
    end = 0.0
    for phase in phases:
        begin, end = end, math.inf if phase.for_ is None else end + phase.for_
        found.append((phase.name, begin, end))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Schedule:
    """`after`, `for` and `repeat`."""

    after: float
    lasts: float
    ends: float
    """When it is over for good; infinite, if it never is."""
    repeat: float
    """Infinite, if it is on only once."""

    @classmethod
    def of(cls, when: When) -> "Schedule | None":
        """The schedule of a profile's `when`; None if it gives none."""
        if when.after is None and when.for_ is None:
            return None
        after, lasts = when.after or 0.0, when.for_ or math.inf
        return cls(after, lasts, math.inf if when.repeat else after + lasts, when.repeat or math.inf)

    def holds(self, elapsed: float) -> bool:
        """Is it on, so many seconds after the run began?"""
        if not self.after <= elapsed < self.ends:
            return False
        return self.repeat == math.inf or math.fmod(elapsed - self.after, self.repeat) < self.lasts

    @property
    def edges(self) -> tuple[float, ...]:
        """The times at which `excludes` changes."""
        return tuple(edge for edge in (self.after, self.ends) if edge < math.inf)

    def excludes(self, elapsed: float) -> bool:
        """Is it off from here to the next of its edges?"""
        return not self.after <= elapsed < self.ends

    def says(self, elapsed: float) -> str:
        """Why the call was hit, for people."""
        return f"{format_duration(elapsed)} into the run"


@dataclass(frozen=True, eq=False)
class Phases:
    """The phases that name a rule, in order."""

    periods: tuple[Period, ...]

    def holds(self, elapsed: float) -> bool:
        """Is it one of them now?"""
        return self._now(elapsed) is not None

    def says(self, elapsed: float) -> str:
        """Why the call was hit, for people."""
        return f"phase {self._now(elapsed)}"

    @property
    def edges(self) -> tuple[float, ...]:
        """As of a schedule."""
        return tuple(edge for _, *ends in self.periods for edge in ends if edge < math.inf)

    def excludes(self, elapsed: float) -> bool:
        """As of a schedule."""
        return self._now(elapsed) is None

    def _now(self, elapsed: float) -> str | None:
        for name, begin, end in self.periods:
            if begin <= elapsed < end:
                return name
        return None


class FixedOutage:
    """Up and down for the same times over and over, up first."""

    def __init__(self, outage: Outage) -> None:
        self._up = outage.up
        self._round = outage.up + outage.down

    def holds(self, elapsed: float) -> bool:
        """Is the tool down?"""
        return math.fmod(elapsed, self._round) >= self._up

    def says(self, elapsed: float) -> str:  # noqa: ARG002 - as other parts do
        """Why the call was hit, for people."""
        return "in an outage"


class VaryingOutage:
    """Up and down for exponential times, up first.

    What was found last is kept, because most calls ask about the same spell. It is a pure function all the same: what
    is kept is what would be found again.
    """

    def __init__(self, outage: Outage, number: int, rule: str) -> None:
        self._spells = Spells.lasting(f"{rule}\x1foutage", outage.up, outage.down)
        self._number = number
        self._from, self._until, self._down = 0.0, 0.0, False

    def holds(self, elapsed: float) -> bool:
        """Is the tool down?"""
        place = elapsed * self._spells.rate
        if not self._from <= place < self._until:
            self._from, self._until, self._down = self._spells.around(self._number, max(place, 0.0))
        return self._down

    def says(self, elapsed: float) -> str:  # noqa: ARG002 - as other parts do
        """Why the call was hit, for people."""
        return "in an outage"


TimePart = Schedule | Phases | FixedOutage | VaryingOutage


def time_parts(when: When, rule: str, periods: tuple[Period, ...], number: int) -> tuple[TimePart, ...]:
    """What a rule asks of the time; nothing, if it does not matter.

    Args:
        when: the rule's.
        rule: its name.
        periods: the phases that name it; empty if none does.
        number: what outages are drawn from, in 64 bits.
    """
    outage = when.outage
    parts: list[TimePart | None] = [Schedule.of(when), Phases(periods) if periods else None]
    if outage is not None:
        parts.append(FixedOutage(outage) if outage.timing == "fixed" else VaryingOutage(outage, number, rule))
    return tuple(part for part in parts if part is not None)


@dataclass(frozen=True, eq=False)
class Slope:
    """A ramp."""

    begins: float
    """Seconds since the run began."""
    over: float
    first: float
    last: float

    @classmethod
    def of(cls, ramp: Ramp, after: float | None) -> "Slope":
        """The slope of a ramp that begins with its rule."""
        return cls(after or 0.0, ramp.over, ramp.from_, ramp.to)

    def at(self, elapsed: float) -> float:
        """The probability at that time."""
        way = (elapsed - self.begins) / self.over
        if way >= 1:
            return self.last
        return self.first + (self.last - self.first) * way if way > 0 else self.first

    def says(self, elapsed: float) -> str:
        """What chance there was, for people."""
        return f"ramp at {format_rate(self.at(elapsed))}"
