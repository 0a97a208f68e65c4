"""What limiters remember, and whom they let in: by time (three ways to count it) or by how many are in at once.

A call asks for so much of a limit; what it is that is counted is for the fault to say. Knows no call and no fault.
"""

import math
from typing import NamedTuple

import msgspec

SLACK = 1e-6
"""Seconds. Adding a wait to the time it was computed at may be a rounding error short of the moment that was meant; the
clock itself is coarser than this."""

LONGEST_LOG = 10_000
"""Admissions that a sliding window remembers one by one."""


class Terms(NamedTuple):
    """What a limit says."""

    limit: int
    per: float
    """Seconds."""


class Standing(NamedTuple):
    """How a limit stands."""

    remaining: int
    resets: float
    """Seconds until all of it is free again, if nobody asks for any."""


class Window(msgspec.Struct, frozen=True):
    """A fixed window. It begins with the first call after the last window's end."""

    ends: float = -math.inf
    """Monotonic seconds."""
    used: int = 0
    """What was let through since it began."""

    def ask(self, terms: Terms, asked: int, now: float) -> "tuple[float, Window]":
        """The seconds to wait (0: come in) and the memory from then on. `asked` is at most the limit."""
        if now >= self.ends - SLACK:
            return 0.0, Window(now + terms.per, asked)
        if self.used + asked <= terms.limit:
            return 0.0, Window(self.ends, self.used + asked)
        return self.ends - now, self

    def standing(self, terms: Terms, now: float) -> Standing:
        """How it stands now."""
        if now >= self.ends - SLACK:
            return Standing(terms.limit, 0.0)
        return Standing(terms.limit - self.used, self.ends - now)


class Bucket(msgspec.Struct, frozen=True):
    """A token bucket. It holds the limit, and fills in `per`."""

    level: float
    """What was in it `at` that time."""
    at: float = -math.inf
    """Monotonic seconds of the last call let through."""

    def ask(self, terms: Terms, asked: int, now: float) -> "tuple[float, Bucket]":
        """As `Window.ask`."""
        rate = terms.limit / terms.per
        level = self._level(terms, now)
        wait = (asked - level) / rate
        if wait > SLACK:
            return wait, self
        # A hair below zero, if the slack was used: it is paid back by the next call.
        return 0.0, Bucket(level - asked, now)

    def standing(self, terms: Terms, now: float) -> Standing:
        """How it stands now."""
        level = self._level(terms, now)
        return Standing(max(0, math.floor(level + SLACK)), (terms.limit - level) * terms.per / terms.limit)

    def _level(self, terms: Terms, now: float) -> float:
        return min(float(terms.limit), self.level + max(now - self.at, 0.0) * (terms.limit / terms.per))


class Log(msgspec.Struct, frozen=True):
    """A sliding window: what was let through in the last `per` is never more than the limit, wherever one looks."""

    entries: tuple[tuple[float, int], ...] = ()
    """Who was let in, oldest first: when, and for how much."""
    used: int = 0
    """The sum of them."""

    def ask(self, terms: Terms, asked: int, now: float) -> "tuple[float, Log]":
        """As `Window.ask`."""
        current = self._since(now - terms.per)
        if current.used + asked <= terms.limit:
            return 0.0, current.admitting(now, asked)
        return current.freed(current.used + asked - terms.limit) + terms.per - now, current

    def standing(self, terms: Terms, now: float) -> Standing:
        """How it stands now."""
        current = self._since(now - terms.per)
        resets = current.entries[-1][0] + terms.per - now if current.entries else 0.0
        return Standing(terms.limit - current.used, resets)

    def _since(self, moment: float) -> "Log":
        """Without those who came in at that moment or before."""
        gone = used = 0
        for at, took in self.entries:
            if at - SLACK > moment:
                break
            gone += 1
            used += took
        return Log(self.entries[gone:], self.used - used) if gone else self

    def admitting(self, now: float, asked: int) -> "Log":
        """With another who came in now."""
        entries = self.entries
        if len(entries) >= LONGEST_LOG:
            # Memory has an end. Counted as one, at the later time: that lets nobody in too early.
            (_, first), (at, second) = entries[:2]
            entries = ((at, first + second), *entries[2:])
        return Log((*entries, (now, asked)), self.used + asked)

    def freed(self, amount: int) -> float:
        """When the last of those came in who must have left before so much is free."""
        for at, took in self.entries:
            amount -= took
            if amount <= 0:
                return at
        raise ValueError("more was asked for than there ever is")


class Flight(msgspec.Struct, frozen=True):
    """How many are in at once."""

    aloft: int = 0

    def ask(self, limit: int) -> "tuple[bool, Flight]":
        """Is there room for another, and the memory from then on."""
        return (True, Flight(self.aloft + 1)) if self.aloft < limit else (False, self)

    def landed(self) -> "Flight":
        """The memory after one has left."""
        return Flight(max(0, self.aloft - 1))
