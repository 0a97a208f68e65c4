"""What all drawings share: a logarithmic scale of times, and the frame that gives a drawing its name.

Must not know what is drawn.
"""

import math

import msgspec

from chaosproxy.reports.html.markup import Html, tag

_STEPS = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36000.0, 360000.0)
"""Times that people have a feeling for."""


class LogScale(msgspec.Struct, frozen=True):
    """Times onto a stretch of a drawing, by their logarithms. Times outside are drawn at its ends."""

    low: float
    """Seconds, above 0."""
    high: float
    start: float
    """Where `low` is drawn."""
    end: float

    def at(self, value: float) -> float:
        """Where a time is drawn."""
        inside = min(self.high, max(self.low, value))
        part = math.log(inside / self.low) / math.log(self.high / self.low)
        return self.start + part * (self.end - self.start)

    def ticks(self) -> tuple[float, ...]:
        """Times to name at the edge."""
        return tuple(step for step in _STEPS if self.low * 0.999 <= step <= self.high * 1.001)


def log_scale(values: list[float], start: float, end: float) -> LogScale:
    """A scale that shows all of these, from and to a time of `ticks`."""
    least, most = max(_STEPS[0], min(values, default=0.1)), max(values, default=10.0)
    low = max((step for step in _STEPS if step <= least * 1.001), default=_STEPS[0])
    high = min((step for step in _STEPS if step >= most and step > low), default=_STEPS[-1])
    return LogScale(low=low, high=high, start=start, end=end)


def brief(seconds: float) -> str:
    """A time at a tick: `10 ms`, `1 s`, `10 min`."""
    if seconds < 1:
        return f"{seconds * 1000:g} ms"
    if seconds < 60:
        return f"{seconds:g} s"
    return f"{seconds / 60:g} min" if seconds < 3600 else f"{seconds / 3600:g} h"


def drawing(ident: str, size: tuple[float, float], said: tuple[str, str], *parts: object, class_: str) -> Html:
    """An image with a title and a description for those who do not see it. `ident` is its id in the page."""
    width, height = size
    return tag(
        "svg",
        tag("title", said[0], id=f"{ident}-t"),
        tag("desc", said[1], id=f"{ident}-d"),
        *parts,
        id=ident,
        class_=class_,
        role="img",
        aria_labelledby=f"{ident}-t",
        aria_describedby=f"{ident}-d",
        viewBox=f"0 0 {width:g} {height:g}",
    )
