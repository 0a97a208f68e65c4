"""Shares that are not of single calls: exactly so many of so many, some sessions, and clumps of calls.

All pure: they look at the numbers that the ledger has counted, and count nothing themselves.
"""

from dataclasses import dataclass
from math import comb

from chaosproxy.core.draws import CallNumbers, RuleDraw, named_number
from chaosproxy.core.units import format_rate
from chaosproxy.engine.records import Occasion
from chaosproxy.engine.spells import Spells
from chaosproxy.profiles.when import Burst, When

MOST_SESSIONS = 4_096
"""Sessions whose draw is remembered."""

_BITS = 256


@dataclass(frozen=True, eq=False)
class ExactShare:
    """In each block of `of` calls, `hits` are hit; which, a seeded shuffle says."""

    hits: int
    of: int
    key: str
    rule: str
    numbers: CallNumbers

    def holds(self, occasion: Occasion) -> bool:
        """Is the call one of those?"""
        block, place = divmod(self._index(occasion) - 1, self.of)
        chosen = comb(self.of, self.hits) * named_number(self._number(occasion, block), self.rule, "exactly") >> _BITS
        return is_chosen(place, self.hits, self.of, chosen)

    def says(self) -> str:
        """Why the call was hit, for people."""
        return f"exactly {self.hits} of {self.of}"

    def _index(self, occasion: Occasion) -> int:
        """Which one it is of those that are counted together, from 1."""
        if self.key == "tool":
            return occasion.ordinal
        return occasion.occurrence if self.key == "fingerprint" else occasion.arrival

    def _number(self, occasion: Occasion, block: int) -> int:
        call = occasion.call
        if self.key == "tool":
            return self.numbers.number(call.session, f"block of tool {call.route.tool}", block)
        if self.key == "fingerprint":
            return self.numbers.number(call.session, f"block of {call.fingerprint}", block)
        return self.numbers.number("", "block of arrivals", block)


def is_chosen(place: int, hits: int, of: int, choice: int) -> bool:
    """Is a place (from 0) among the chosen, in the choice of this number among all `comb(of, hits)` that there are?

    The choices are numbered in order, those with the first place before those without it. So at each place the number
    itself says whether it is chosen, and which choice it is of what is left.
    """
    ways = comb(of, hits)
    chosen = False
    for _ in range(place + 1):
        with_it = ways * hits // of
        chosen = choice < with_it
        if chosen:
            ways = with_it
            hits -= 1
        else:
            ways -= with_it
            choice -= with_it
        of -= 1
    return chosen


class SomeSessions:
    """A share of the sessions, by a draw on the session's name.

    Draws are kept, because a session has many calls; what is kept could be drawn again.
    """

    def __init__(self, share: float, draw: RuleDraw, numbers: CallNumbers) -> None:
        self._share = share
        self._draw = draw
        self._numbers = numbers
        self._known: dict[str, bool] = {}

    def holds(self, occasion: Occasion) -> bool:
        """Is the call's session one of them?"""
        return self.has(occasion.call.session)

    def has(self, session: str) -> bool:
        """Is it one of them? A function of seed, rule and session alone: a report asks the same of a journal."""
        known = self._known.get(session)
        if known is None:
            if len(self._known) >= MOST_SESSIONS:
                self._known.clear()
            number = self._numbers.number(session, "session", 0)
            known = self._known[session] = self._draw.draw(number) < self._share
        return known

    def says(self) -> str:
        """Why the call was hit, for people."""
        return f"in {format_rate(self._share)} of sessions"


class Clumps:
    """Bursts of the calls of a tool in a session."""

    def __init__(self, burst: Burst, rule: str, numbers: CallNumbers) -> None:
        self._spells = Spells.counted(f"{rule}\x1fburst", burst.share, burst.length)
        self._numbers = numbers

    def holds(self, occasion: Occasion) -> bool:
        """Is the call in a burst?"""
        call = occasion.call
        number = self._numbers.number(call.session, f"bursts of tool {call.route.tool}", 0)
        return self._spells.is_bad(number, float(occasion.ordinal))

    def says(self) -> str:
        """Why the call was hit, for people."""
        return "in a burst"


SharePart = ExactShare | SomeSessions | Clumps


def share_parts(when: When, rule: str, draw: RuleDraw, numbers: CallNumbers) -> tuple[SharePart, ...]:
    """What a rule asks beside the counts and the time, what is quicker to tell first."""
    parts: list[SharePart] = []
    if when.sessions is not None:
        parts.append(SomeSessions(when.sessions, draw, numbers))
    if when.exactly is not None:
        parts.append(ExactShare(*when.exactly, when.goes_by, rule, numbers))
    if when.burst is not None:
        parts.append(Clumps(when.burst, rule, numbers))
    return tuple(parts)
