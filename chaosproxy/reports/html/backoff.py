"""How retries were spaced, layer by layer: the shape of their waits, their jitter, the median wait before each."""

from collections.abc import Mapping

from chaosproxy.reports.figures import seconds
from chaosproxy.reports.html.drawing import LogScale, drawing, log_scale
from chaosproxy.reports.html.layout import Absent
from chaosproxy.reports.html.markup import Html, fragment, name, tag
from chaosproxy.reports.html.shares import count
from chaosproxy.reports.html.tables import Unseen, table
from chaosproxy.reports.html.words import BACKOFF, LAYERS, plain
from chaosproxy.reports.model import BackoffView

_MOST = 10
"""Waits that are drawn."""
_STEP, _HEIGHT, _FLOOR = 52.0, 76.0, 58.0


def backoff(views: tuple[BackoffView, ...]) -> Html | Absent:
    """A row for each layer that tried again without having been told how long to wait."""
    if not views:
        return Absent("Too little was tried again, without being told how long to wait, to speak of backoff.")
    scale = log_scale([wait for view in views for wait in view.waits[:_MOST] if wait], 0.0, _FLOOR - 18)
    rows = [
        (
            fragment(plain(view.layer), tag("span", LAYERS.get(view.layer, ""), class_="limit")),
            _shapes(view.shapes),
            _jitter(view),
            _waits(view, scale, place) if view.waits else tag("span", "no wait", class_="none"),
        )
        for place, view in enumerate(views)
    ]
    heads = ("Who tried again", "Shape, by episodes", "Jitter", "Median wait before each retry")
    return table(Unseen("How retries were spaced"), heads, rows, class_="backoff")


def _shapes(shapes: Mapping[str, int]) -> Html:
    ranked = sorted(shapes.items(), key=lambda item: -item[1])
    items = [
        tag("li", tag("b", count(number)), " ", name(plain(shape)), tag("span", BACKOFF.get(shape, ""), class_="limit"))
        for shape, number in ranked
        if number
    ]
    return tag("ul", *items, class_="plain") if items else tag("span", "none", class_="none")


def _jitter(view: BackoffView) -> Html:
    if view.jitter is None:
        return fragment("not known", tag("span", "needs 8 episodes", class_="limit"))
    return fragment(view.jitter)


def _waits(view: BackoffView, scale: LogScale, place: int) -> Html:
    """Columns whose heights are logarithms: doubling adds the same each time."""
    parts: list[object] = []
    for at, wait in enumerate(view.waits[:_MOST]):
        x, height = at * _STEP, max(2.0, scale.at(wait))
        middle = x + _STEP / 2
        parts.append(tag("path", class_="col", d=f"M{x + 9:.1f} {_FLOOR:g}v{-height:.1f}h{_STEP - 18:g}v{height:.1f}z"))
        parts.append(tag("text", seconds(wait), x=middle, y=_FLOOR - height - 4, text_anchor="middle"))
        parts.append(tag("text", _ordinal(at + 1), x=middle, y=_FLOOR + 14, text_anchor="middle"))
    width = _STEP * min(len(view.waits), _MOST)
    said = ", ".join(seconds(wait) for wait in view.waits)
    floor = tag("path", class_="axis", d=f"M0 {_FLOOR:g}H{width:g}")
    title = (f"Median waits of {plain(view.layer)}", f"In order, on a logarithmic scale: {said}")
    picture = drawing(f"w{place}", (width, _HEIGHT), title, *parts, floor, class_="hist waits")
    return tag("div", picture, style=f"width:{width:g}px")


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0, "th")
    return f"{number}{ending}"
