"""Which of the calls that it matches a rule hits: the `when` of a profile, compiled, and said in words.

All parts that are given must hold. Nothing here counts: the counts come from the ledger.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from chaosproxy.core.draws import RuleDraw
from chaosproxy.core.turn import Turn
from chaosproxy.core.units import format_rate
from chaosproxy.profiles.fields import parse_span
from chaosproxy.profiles.models import When

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
    key: str
    """What chance goes by: `fingerprint`, `tool` or `arrival`."""
    draw: RuleDraw
    spoken: tuple[str, ...]
    """Its parts for people, with places for the numbers of the call."""

    @classmethod
    def of(cls, when: When, draw: RuleDraw) -> "Trigger":
        """The trigger that a profile's `when` describes."""
        calls = tuple(map(parse_span, when.calls or ()))
        attempts = tuple(map(parse_span, when.attempts or ()))
        spoken = {
            f"call {{ordinal}} of {say_spans(calls)}": calls,
            f"attempt {{attempt}} of {say_spans(attempts)}": attempts,
            f"call {{ordinal}}, every {when.every}": when.every,
            f"{{time}} of at most {when.max} in a session": when.max,
            f"probability {format_rate(when.probability or 0)}, drew {{drawn:.3g}}": when.probability is not None,
        }
        return cls(
            calls=calls,
            attempts=attempts,
            every=when.every,
            most=when.max,
            probability=when.probability,
            key=when.key,
            draw=draw,
            spoken=tuple(part for part, given in spoken.items() if given),
        )

    def counts(self, attempt: int, ordinal: int) -> bool:
        """Do `calls` and `attempts` hold for this attempt of an operation and this call of the tool in its session?"""
        return _within(ordinal, self.calls) and _within(attempt, self.attempts)

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

    def drawn(self, number: int) -> float | None:
        """What chance says to the call of this number, in [0, 1); None if chance has no say."""
        return None if self.probability is None else self.draw.draw(number)

    def says(self, turn: Turn, struck: int) -> str:
        """Why the call was hit, for people: `attempt 1 of 1-2, probability 30%, drew 0.118`.

        Args:
            turn: the call's.
            struck: how often the rule was triggered in the session before.
        """
        said = ", ".join(self.spoken) or "always"
        return said.format(ordinal=turn.ordinal, attempt=turn.attempt, time=struck + 1, drawn=self.drawn(turn.number))
