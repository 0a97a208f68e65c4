"""What kind of agent the model agent is, and the clock that parts of its plan run on at once."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

from tests.corpus.talk import Talk

Part = Iterator[float]
"""A part of a plan: it yields the seconds that it waits."""


class Clock:
    """Runs parts at once, in the order of time."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._due: list[tuple[float, int, Part]] = []
        self._order = count()

    def start(self, part: Part) -> None:
        """From now on."""
        heapq.heappush(self._due, (self._talk.now, next(self._order), part))

    def run(self) -> None:
        """Until all parts are over."""
        while self._due:
            when, order, part = heapq.heappop(self._due)
            self._talk.now = max(self._talk.now, when)
            pause = next(part, None)
            if pause is not None:
                heapq.heappush(self._due, (round(self._talk.now + pause, 6), order, part))


@dataclass(frozen=True)
class Policy:
    """What kind of agent it is."""

    thinks: bool
    """Is its language model seen?"""
    patience: int
    """How often its framework tries again by itself."""
    first_wait: float
    growth: float
    keys: str
    """none, kept or new: what a write's retry does with its key."""
    at_once: bool
    """Does it work through a list in parallel?"""
    comes_back: float
    """The chance that it comes back later to what failed."""

    @classmethod
    def drawn(cls, dice: Random) -> "Policy":
        """Any of them."""
        return cls(
            thinks=dice.random() < 0.5,
            patience=dice.choice((0, 1, 1, 2, 3)),
            first_wait=dice.choice((0.1, 0.5, 1.0, 2.0, 5.0)),
            growth=dice.choice((1.0, 2.0, 3.0)),
            keys=dice.choice(("none", "none", "kept", "new")),
            at_once=dice.random() < 0.4,
            comes_back=dice.choice((0.0, 0.3, 0.8)),
        )
