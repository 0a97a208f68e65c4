"""Which of the calls that it matches a rule hits: the `when` of a profile, compiled, and said in words.

All parts that are given must hold. Nothing here counts: the counts come from the ledger.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from chaosproxy.core.draws import RuleDraw
from chaosproxy.core.turn import Turn
from chaosproxy.core.units import format_rate
from chaosproxy.engine.records import Occasion
from chaosproxy.engine.shares import SharePart
from chaosproxy.engine.timing import Phases, Schedule, Slope, TimePart
from chaosproxy.profiles.fields import parse_span
from chaosproxy.profiles.when import When

Span = tuple[int, int]
"""First and last, both included."""


def say_spans(spans: Iterable[Span]) -> str:
    """Spans as people write them: `1-2, 4`."""
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in spans)


def _within(number: int, spans: tuple[Span, ...]) -> bool:
    return not spans or any(low <= number <= high for low, high in spans)


@dataclass(frozen=True, eq=False)
class Trigger:
    """When a matching call is hit. A part that is None or empty does not matter."""

    calls: tuple[Span, ...]
    attempts: tuple[Span, ...]
    every: int | None
    most: int | None
    """At most so many times in a session. Counted by session and not over the run: over a run, which session gets the
    last one would be decided by who came first."""
    probability: float | None
    """Of a ramp, the highest it comes to."""
    key: str
    """What chance goes by: `fingerprint`, `tool` or `arrival`."""
    draw: RuleDraw
    spoken: tuple[str, ...]
    """Its parts for people, with places for the numbers of the call."""
    slope: Slope | None
    """The probability, if it moves with the time."""
    times: tuple[TimePart, ...]
    shares: tuple[SharePart, ...]
    plain: bool
    """Is there no slope, and nothing asked of the time or of shares? Then `holds` is all there is to ask."""

    @classmethod
    def of(
        cls, when: When, draw: RuleDraw, times: tuple[TimePart, ...] = (), shares: tuple[SharePart, ...] = ()
    ) -> "Trigger":
        """The trigger that a profile's `when` describes; its parts about times and shares are compiled already."""
        calls = tuple(map(parse_span, when.calls or ()))
        attempts = tuple(map(parse_span, when.attempts or ()))
        spoken = {
            f"call {{ordinal}} of {say_spans(calls)}": calls,
            f"attempt {{attempt}} of {say_spans(attempts)}": attempts,
            f"call {{ordinal}}, every {when.every}": when.every,
            f"{{time}} of at most {when.max} in a session": when.max,
            f"probability {format_rate(when.probability or 0)}, drew {{drawn:.3g}}": when.probability is not None,
        }
        slope = None if when.ramp is None else Slope.of(when.ramp, when.after)
        return cls(
            calls=calls,
            attempts=attempts,
            every=when.every,
            most=when.max,
            probability=when.likeliest,
            key=when.goes_by,
            draw=draw,
            spoken=tuple(part for part, given in spoken.items() if given),
            slope=slope,
            times=times,
            shares=shares,
            plain=slope is None and not times and not shares,
        )

    def counts(self, attempt: int, ordinal: int) -> bool:
        """Do `calls` and `attempts` hold for this attempt of an operation and this call of the tool in its session?"""
        return _within(ordinal, self.calls) and _within(attempt, self.attempts)

    @property
    def edges(self) -> tuple[float, ...]:
        """The times, in seconds since the run began, at which `excludes` changes."""
        return tuple(edge for part in self.times if isinstance(part, (Schedule, Phases)) for edge in part.edges)

    def excludes(self, elapsed: float) -> bool:
        """Is it off from that time to the next of its edges?"""
        return any(part.excludes(elapsed) for part in self.times if isinstance(part, (Schedule, Phases)))

    def holds(self, ordinal: int, struck: int, number: int) -> bool:
        """Does the rest hold: `every`, `max`, and chance?

        Args:
            ordinal: which call of the tool in its session it is.
            struck: how often the rule was triggered in the session before.
            number: the call's number by this trigger's key.
        """
        return (
            (self.every is None or ordinal % self.every == 0)
            and (self.most is None or struck < self.most)
            and (self.probability is None or self.draw.draw(number) < self.probability)
        )

    def holds_besides(self, occasion: Occasion, elapsed: float, number: int) -> bool:
        """Does what is not `plain` hold? What is quicker to tell is asked first.

        Args:
            occasion: the call, as it was counted.
            elapsed: seconds since the run began.
            number: as `holds` takes it.
        """
        if self.slope is not None and self.draw.draw(number) >= self.slope.at(elapsed):
            return False
        for time in self.times:
            if not time.holds(elapsed):
                return False
        for share in self.shares:  # noqa: SIM110 - a loop is quicker than `all`
            if not share.holds(occasion):
                return False
        return True

    def drawn(self, number: int) -> float | None:
        """What chance says to the call of this number, in [0, 1); None if chance has no say."""
        return None if self.probability is None else self.draw.draw(number)

    def says(self, turn: Turn, struck: int) -> str:
        """Why the call was hit, for people: `attempt 1 of 1-2, probability 30%, drew 0.118`.

        Args:
            turn: the call's.
            struck: how often the rule was triggered in the session before.
        """
        drawn = self.drawn(turn.number)
        counts = {"ordinal": turn.ordinal, "attempt": turn.attempt, "time": struck + 1, "drawn": drawn}
        said = [part.format(**counts) for part in self.spoken]
        if self.slope is not None:
            said.append(f"{self.slope.says(turn.elapsed)}, drew {drawn:.3g}")
        said += [time.says(turn.elapsed) for time in self.times]
        said += [share.says() for share in self.shares]
        return ", ".join(said) or "always"
