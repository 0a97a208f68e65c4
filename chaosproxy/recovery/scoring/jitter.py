"""How retries of one layer are spaced: shapes of backoff, typical waits, and whether chance is in them.

One episode's waits cannot show jitter; those of many can: the first waits of all episodes beside each other, the second
waits, and so on. Pure; must not know where the waits come from.
"""

from collections import Counter, deque
from collections.abc import Collection, Sequence
from enum import StrEnum
from statistics import fmean, median, pstdev

from chaosproxy.core.call import Layer
from chaosproxy.core.events import BackoffShape

EPISODES = 8
"""Fewer cannot tell jitter from accident."""
KEPT = 1_000
"""Waits kept for each ordinal, the latest."""
ORDINALS = 64
"""Waits of an episode that are looked at."""

_NOTHING = 0.1
"""Seconds. The spread of shorter waits is that of the machine."""
_NONE_BELOW = 0.02
_FULL_FROM = 0.4
"""Coefficients of variation: that of U(0, b), full jitter, is 0.577; that of U(0.75, 1), as some SDKs have it, 0.083
(Brooker 2015, Exponential Backoff And Jitter, names the kinds)."""


class Jitter(StrEnum):
    """How much chance is in the waits."""

    NONE = "none"
    BOUNDED = "bounded"
    """A part of the wait."""
    FULL = "full"
    """Anything from nearly nothing to the whole wait."""


def jitter_of(waits: Sequence[Collection[float]]) -> Jitter | None:
    """The jitter in the first, second, ... waits of many episodes; None if there are fewer than 8 to tell it from.

    It goes by the coefficient of variation of the waits of one ordinal, and where several can be judged by the median.
    """
    spreads = [pstdev(each) / fmean(each) for each in waits if len(each) >= EPISODES and median(each) >= _NOTHING]
    if not spreads:
        return None
    spread = median(spreads)
    if spread < _NONE_BELOW:
        return Jitter.NONE
    return Jitter.FULL if spread >= _FULL_FROM else Jitter.BOUNDED


class Backoff:
    """The waits of one layer's episodes, as they come."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.shapes: Counter[BackoffShape] = Counter()
        """Episodes by shape."""
        self._waits: list[deque[float]] = []

    def count(self, shape: BackoffShape, waits: Sequence[float]) -> None:
        """An episode's waits, in seconds, in order."""
        self.shapes[shape] += 1
        for ordinal, wait in enumerate(waits[:ORDINALS]):
            if ordinal == len(self._waits):
                self._waits.append(deque(maxlen=KEPT))
            self._waits[ordinal].append(wait)

    @property
    def waits(self) -> tuple[float, ...]:
        """The median of the first, second, ... wait."""
        return tuple(median(each) for each in self._waits)

    @property
    def jitter(self) -> Jitter | None:
        """How much chance is in them; None if there are fewer than 8 episodes to tell it from."""
        return jitter_of(self._waits)
