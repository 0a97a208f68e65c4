"""A share as a figure, with its cases and its interval drawn. Must not know which measure it is."""

from collections.abc import Iterable, Mapping

from chaosproxy.reports.figures import share
from chaosproxy.reports.html.markup import Html, fragment, tag
from chaosproxy.reports.model import Rate

_WIDTH = 96
_MIDDLE = 6.0


def count(number: int) -> str:
    """`12,345`."""
    return f"{number:,}"


def counted(number: int, thing: str) -> str:
    """`1 call`, `2 calls`."""
    return f"{count(number)} {thing}" if number == 1 else f"{count(number)} {thing}s"


def rate_figure(rate: Rate) -> Html:
    """The share, what of what, and its interval drawn; without cases, only that there are none."""
    if not rate.cases:
        return tag("span", "no case", class_="none")
    return fragment(
        tag("b", share(rate.value), class_="rate"),
        " ",
        tag("span", f"{count(rate.hits)} of {count(rate.cases)}", class_="n"),
        whiskers(rate.value, rate.low, rate.high),
    )


def whiskers(value: float | None, low: float, high: float, *bounds: float) -> Html:
    """A scale from 0 to 1: the interval as a bar with whiskers, the share as a dot, bounds as upright marks."""
    parts = [
        tag("title", f"95 % interval: {share(low)} to {share(high)}"),
        *_interval(value, low, high),
        *(tag("path", class_="bound", d=f"M{_across(bound):.1f} 0v12") for bound in bounds),
    ]
    return tag("svg", *parts, class_="wh", role="img", viewBox=f"0 0 {_WIDTH + 4} 12")


def spread(rate: Rate, parts: Mapping[str, Rate]) -> Html:
    """A share and its interval, and below it a mark for each of the parts that it blends."""
    known = [(name, each.value) for name, each in parts.items() if each.value is not None]
    said = "; ".join(f"{name} {share(value)}" for name, value in known)
    marks = [tag("path", class_="part", d=f"M{_across(value):.1f} 13v6") for _, value in known]
    return tag(
        "svg",
        tag("title", f"95 % interval: {share(rate.low)} to {share(rate.high)}; {said}"),
        *_interval(rate.value, rate.low, rate.high),
        *marks,
        class_="wh spread",
        role="img",
        viewBox=f"0 0 {_WIDTH + 4} 20",
    )


def _interval(value: float | None, low: float, high: float) -> Iterable[Html]:
    x_low, x_high = _across(low), _across(high)
    yield tag("path", class_="track", d=f"M2 {_MIDDLE:g}h{_WIDTH}")
    yield tag("path", class_="span", d=f"M{x_low:.1f} {_MIDDLE:g}H{x_high:.1f}")
    yield tag("path", class_="caps", d=f"M{x_low:.1f} 2v8M{x_high:.1f} 2v8")
    if value is not None:
        yield tag("circle", cx=_across(value), cy=_MIDDLE, r=3)


def _across(value: float) -> float:
    return 2 + min(1.0, max(0.0, value)) * _WIDTH


def bar(part: int, largest: int) -> Html:
    """How much of the largest count a count is: for the eye, its figure stands beside it."""
    width = 100 * part / largest if largest else 0.0
    return tag("span", tag("i", style=f"width:{width:.1f}%"), class_="bar", aria_hidden="true")
