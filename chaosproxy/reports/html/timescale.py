"""Time along a session: to scale where that can be read, else each stretch by the square root of its time.

An agent's calls take milliseconds and its pauses minutes. Drawn to scale, one is a dot or the other is a desert. Must
not know what a call is.
"""

import math
from bisect import bisect_right
from collections.abc import Collection, Sequence
from itertools import pairwise

import msgspec

NARROWEST = 11.0
"""Pixels that a call has at least, so that it can be seen, and hit with a finger that has learned to zoom."""
_APART = 3.0
_SAME = 0.0005
"""Seconds; what is closer together is one moment."""
_NARROW, _WIDE, _EACH = 980.0, 6400.0, 20.0
_TICKS = 84.0


class TimeScale(msgspec.Struct, frozen=True):
    """Moments onto pixels, straight between its knots."""

    moments: tuple[float, ...]
    """Seconds, ascending."""
    places: tuple[float, ...]
    """Pixels, ascending."""
    true: bool
    """Is the whole of it to one scale?"""

    @property
    def width(self) -> float:
        """Pixels."""
        return self.places[-1]

    def at(self, moment: float) -> float:
        """Where a moment is drawn; those outside at the ends."""
        return _between(self.moments, self.places, moment)

    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Round moments to name, with their places: about one in each hand's breadth."""
        if self.true:
            return self._even_ticks()
        found: list[tuple[float, str]] = []
        place, free = 0.0, 0.0
        while place < self.width:
            start = _between(self.places, self.moments, place)
            end = _between(self.places, self.moments, place + _TICKS)
            moment, step = _roundest(start, end)
            if end > start and (x := self.at(moment)) >= free:
                found.append((x, _clock(moment, step)))
                free = x + _TICKS * 0.7
            place += _TICKS
        return tuple(found)

    def _even_ticks(self) -> tuple[tuple[float, str], ...]:
        start, end = self.moments[0], self.moments[-1]
        least = (end - start) * _TICKS / self.width
        size = 10.0 ** math.floor(math.log10(least))
        step = next(size * each for each in (1, 2, 5, 10) if size * each >= least * 0.999)
        first = math.ceil(start / step - 1e-9)
        moments = [place * step for place in range(first, math.floor(end / step + 1e-9) + 1)]
        return tuple((self.at(moment), _clock(moment, step)) for moment in moments)


def time_scale(starts: Collection[float], ends: Collection[float]) -> TimeScale:
    """A scale on which every call that starts at one of `starts` has room. `ends` are all other moments that matter."""
    begun = _distinct(starts)
    moments = _distinct([*starts, *ends])
    if len(moments) < 2:
        at = moments[0] if moments else 0.0
        return TimeScale(moments=(at, at + 1.0), places=(0.0, _NARROW), true=True)
    stretches = [later - earlier for earlier, later in pairwise(moments)]
    begins = [moment in begun for moment in moments[:-1]]
    target = min(_WIDE, max(_NARROW, _EACH * len(starts)))
    least = [NARROWEST + _APART if begin else _APART for begin in begins]
    straight = _laid(stretches, least, target)
    # To scale if that is what comes out: if hardly anything had to be widened.
    true = sum(straight) <= target * 1.02
    widths = straight if true else _fitted([math.sqrt(stretch) for stretch in stretches], least, target)
    places = [0.0]
    for width in widths:
        places.append(places[-1] + width)
    return TimeScale(moments=tuple(moments), places=tuple(places), true=true)


def _laid(weights: Sequence[float], least: Sequence[float], target: float) -> list[float]:
    """Shares of a width by weight; what would be too narrow is widened, so that all together may be wider."""
    unit = target / sum(weights)
    return [max(weight * unit, narrowest) for weight, narrowest in zip(weights, least, strict=True)]


def _fitted(weights: Sequence[float], least: Sequence[float], target: float) -> list[float]:
    """The same, but what was widened is taken from the others, as long as they have anything to give."""
    widths = _laid(weights, least, target)
    while sum(widths) > target * 1.001:
        free = [width > narrowest for width, narrowest in zip(widths, least, strict=True)]
        fixed = sum(narrowest for narrowest, more in zip(least, free, strict=True) if not more)
        given = sum(weight for weight, more in zip(weights, free, strict=True) if more)
        if not given or fixed >= target:
            return list(least)
        unit = (target - fixed) / given
        widths = [
            max(weight * unit, narrowest) if more else narrowest
            for weight, narrowest, more in zip(weights, least, free, strict=True)
        ]
    return widths


def _distinct(moments: Collection[float]) -> list[float]:
    """In order, each once, on a grid so fine that nobody sees it."""
    return sorted({round(moment / _SAME) * _SAME for moment in moments})


def _between(keys: Sequence[float], values: Sequence[float], key: float) -> float:
    index = min(max(bisect_right(keys, key) - 1, 0), len(keys) - 2)
    part = (key - keys[index]) / (keys[index + 1] - keys[index])
    return values[index] + min(1.0, max(0.0, part)) * (values[index + 1] - values[index])


def _roundest(start: float, end: float) -> tuple[float, float]:
    """The roundest number from `start` to `end`, and the step that it is a multiple of."""
    size = 10.0 ** math.ceil(math.log10(max(end - start, 1e-6)))
    for step in (size, size / 2, size / 5, size / 10, size / 20):
        moment = math.ceil(start / step - 1e-9) * step
        if moment <= end:
            return moment, step
    return start, size / 100


def _clock(moment: float, step: float) -> str:
    if moment >= 120 and step >= 1:
        return f"{moment // 60:.0f}:{moment % 60:02.0f}"
    if moment == 0:
        return "0 s"
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{moment:.{digits}f} s"
