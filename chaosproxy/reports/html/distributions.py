"""How long recovery took: a small histogram for each fault, all with one axis of time, so that they can be compared."""

import math
from collections.abc import Iterable

from chaosproxy.reports.figures import seconds
from chaosproxy.reports.html.drawing import brief, drawing
from chaosproxy.reports.html.layout import Absent
from chaosproxy.reports.html.markup import Html, fragment, joined, name, tag
from chaosproxy.reports.html.shares import count
from chaosproxy.reports.model import DistributionView

_WIDTH, _HEIGHT = 280.0, 126.0
_LEFT, _RIGHT, _TOP, _FLOOR = 8.0, 272.0, 34.0, 106.0
_LABEL = 46.0
"""Width that a label at the axis needs."""
_LETTER = 5.8
"""Width of a letter of a label above a mark."""


def distributions(views: tuple[DistributionView, ...]) -> Html | Absent:
    """Small multiples, one for each fault that anything recovered from."""
    shown = [view for view in views if view.cases]
    silent = [view.fault for view in views if not view.cases]
    if not views:
        return Absent("")
    if not shown:
        return Absent("Nothing recovered, so there are no times to recovery.")
    plots = [_plot(view, _shared_bins(shown, view), place) for place, view in enumerate(shown)]
    rest = tag("p", "No recovery from ", joined(", ", *(name(fault) for fault in silent)), ".", class_="note")
    return fragment(tag("div", *plots, class_="multiples"), rest if silent else "")


def _shared_bins(views: list[DistributionView], view: DistributionView) -> range:
    """From the first to the last bin that holds anything in any plot with the same bounds, and one around."""
    alike = [each for each in views if each.bounds == view.bounds]
    used = [place for each in alike for place, cases in enumerate(each.counts) if cases]
    return range(max(0, min(used) - 1), min(len(view.counts), max(used) + 2))


def _plot(view: DistributionView, bins: range, place: int) -> Html:
    step = (_RIGHT - _LEFT) / len(bins)
    tallest = max(view.counts)
    columns: list[Html] = []
    numbers: list[Html] = []
    for at, index in enumerate(bins):
        cases = view.counts[index]
        if not cases:
            continue
        height = (_FLOOR - _TOP) * cases / tallest
        left = _LEFT + at * step
        title = tag("title", f"{_bin(view.bounds, index)}: {cases}")
        columns.append(
            tag("path", title, class_="col", d=f"M{left + 1:.1f} {_FLOOR:g}v{-height:.1f}h{step - 2:.1f}v{height:.1f}z")
        )
        if len(bins) <= 18:
            numbers.append(tag("text", count(cases), x=left + step / 2, y=_FLOOR - height - 3, text_anchor="middle"))
    marks = _marks(view, bins)
    axis = tag("path", class_="axis", d=f"M{_LEFT:g} {_FLOOR:g}H{_RIGHT:g}")
    figures = _figures(view)
    picture = drawing(
        f"d{place}",
        (_WIDTH, _HEIGHT),
        (f"Time to recovery from {view.fault}", figures),
        axis,
        *columns,
        *marks,
        *numbers,
        *_edges(view, bins, step),
        class_="hist",
    )
    caption = tag("figcaption", tag("b", name(view.fault)), tag("span", figures))
    return tag("figure", caption, picture)


def _figures(view: DistributionView) -> str:
    """How many, and how long they took; of a few, the 95th of 100 is the longest, and is not named twice."""
    if view.cases == 1:
        return f"1 recovered, after {seconds(view.longest)}"
    p95 = f", p95 {seconds(view.p95)}" if view.p95 != view.longest else ""
    return f"{count(view.cases)} recovered; p50 {seconds(view.p50)}{p95}, longest {seconds(view.longest)}"


def _bin(bounds: tuple[float, ...], index: int) -> str:
    if index == 0:
        return f"up to {seconds(bounds[0])}"
    if index == len(bounds):
        return f"over {seconds(bounds[-1])}"
    return f"{seconds(bounds[index - 1])} to {seconds(bounds[index])}"


def _edges(view: DistributionView, bins: range, step: float) -> Iterable[Html]:
    """The bins' ends, as many as there is room for."""
    every = max(1, math.ceil(_LABEL / step))
    for at in range(1, len(bins), every):
        x = _LEFT + at * step
        yield tag("path", class_="axis", d=f"M{x:.1f} {_FLOOR:g}v3")
        yield tag("text", brief(view.bounds[bins[at] - 1]), x=x, y=_FLOOR + 15, text_anchor="middle")


def _marks(view: DistributionView, bins: range) -> list[Html]:
    """Upright lines at p50 and p95; one line, if they are the same; none, where there is but one case."""
    if view.cases == 1:
        return []
    places = [(kind, _place(view, bins, value)) for kind, value in (("p50", view.p50), ("p95", view.p95)) if value]
    if len(places) == 2 and abs(places[1][1] - places[0][1]) < 4:
        return [_mark("p50, p95", places[0][1], "p50", 0.5)]
    return [_mark(kind, x, kind, 1.0 if kind == "p50" else 0.0) for kind, x in places]


def _mark(said: str, x: float, kind: str, before: float) -> Html:
    """A line with a label above it; so much of the label is left of the line, unless that is outside the drawing."""
    wide = _LETTER * len(said)
    left = min(max(x - before * wide, _LEFT - 6), _RIGHT + 6 - wide)
    return fragment(
        tag("path", class_=kind, d=f"M{x:.1f} {_TOP - 19:g}V{_FLOOR:g}"),
        tag("text", said, x=left, y=_TOP - 22, class_="pm"),
    )


def _place(view: DistributionView, bins: range, value: float) -> float:
    """Where a time stands among the bins: within its bin by its logarithm, for the bounds grow by factors."""
    bounds, step = view.bounds, (_RIGHT - _LEFT) / len(bins)
    index = next((place for place, bound in enumerate(bounds) if value <= bound), len(bounds))
    high = bounds[index] if index < len(bounds) else max(value, view.longest or value) * 1.0001
    low = bounds[index - 1] if index else high / 4
    inside = math.log(max(value, low) / low) / math.log(high / low) if high > low > 0 else 0.5
    return _LEFT + (min(max(index - bins.start, 0), len(bins) - 1) + inside) * step
