"""Waits against what was asked: a point for each request to wait, over the bands that its verdict comes from.

The bands are those of `recovery.following.hints`, of a hint that is not rounded.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from chaosproxy.core.events import RetryAfterVerdict
from chaosproxy.recovery.following.hints import latest, soonest
from chaosproxy.reports.figures import seconds
from chaosproxy.reports.html.drawing import LogScale, brief, drawing, log_scale
from chaosproxy.reports.html.layout import Absent
from chaosproxy.reports.html.markup import Html, fragment, tag
from chaosproxy.reports.html.shares import bar, count, counted
from chaosproxy.reports.html.tables import figure, table
from chaosproxy.reports.html.words import RETRY_AFTER, plain
from chaosproxy.reports.model import Report, WaitView

_SIZE = (520.0, 400.0)
_LEFT, _RIGHT, _TOP, _FLOOR = 78.0, 498.0, 48.0, 352.0
_NEVER = 22.0
"""Height at which those stand that never came back."""
_SHAPES = {
    "compliant": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "early": "M-5-4h10l-5 9z",
    "late": "M-5 4h10l-5-9z",
    "capped": "M-4-4h8v8h-8z",
    "no_retry": "M-4-4l8 8M4-4l-8 8",
    "not_visible": "M0-5l5 5-5 5-5-5z",
    "breach_other": "M-5 0h10M0-5v10",
}
"""A shape for each verdict, so that it shows without its colour."""


def waits(report: Report) -> Html | Absent:
    """The drawing, and what came of all requests to wait."""
    if not report.totals.retry_after and not report.waits:
        return Absent("No reply asked the agent to wait.")
    picture = _picture(report.waits) if report.waits else ""
    total = sum(report.totals.retry_after.values())
    cut = ""
    if total > len(report.waits):
        cut = tag("p", f"The first {count(len(report.waits))} of {count(total)} are drawn.", class_="note")
    return tag("div", tag("div", picture, cut), _legend(report.totals.retry_after), class_="beside")


def _legend(verdicts: Mapping[str, int]) -> Html:
    known = [*RetryAfterVerdict, *(word for word in verdicts if word not in {*RetryAfterVerdict})]
    words = [word for word in known if verdicts.get(word)]
    largest = max(verdicts.values(), default=0)
    rows = [
        (
            fragment(_sign(word), plain(word), tag("span", RETRY_AFTER.get(word, ""), class_="limit")),
            figure(count(verdicts.get(word, 0))),
            tag("td", bar(verdicts.get(word, 0), largest), class_="bars"),
        )
        for word in words
    ]
    return table(
        "What became of each Retry-After",
        ("Verdict: the agent", "Times", tag("span", "As a bar", class_="sr")),
        rows,
        class_="words",
    )


def _sign(verdict: str) -> Html:
    shape = tag("path", d=_SHAPES.get(verdict, _SHAPES["not_visible"]), class_=f"w {verdict}")
    return tag("svg", shape, class_="sign", viewBox="-6 -6 12 12", aria_hidden="true")


def _picture(views: tuple[WaitView, ...]) -> Html:
    times = [time for view in views for time in (view.asked, view.waited) if time]
    across, up = log_scale(times, _LEFT, _RIGHT), log_scale(times, _FLOOR, _TOP)
    kinds = Counter(str(view.verdict) for view in views)
    said = ", ".join(f"{number} {plain(kind)}" for kind, number in kinds.most_common())
    return drawing(
        "waits-plot",
        _SIZE,
        ("How long the agent was asked to wait, and how long it waited", f"{counted(len(views), 'wait')}: {said}"),
        *_bands(across, up),
        *_axes(across, up),
        *_points(views, across, up),
        class_="plot",
    )


def _bands(across: LogScale, up: LogScale) -> Iterable[Html]:
    """Early below, as asked in the middle, late above; and the diagonal on which waiting is exactly what was asked."""
    asked = [across.low * (across.high / across.low) ** (place / 48) for place in range(49)]
    sooner = [(across.at(each), up.at(max(up.low, soonest(each)))) for each in asked]
    later = [(across.at(each), up.at(latest(each))) for each in asked]
    there, back = _points_of(later), _points_of(reversed(sooner))
    yield tag("path", class_="band", d=f"M{there}L{back}z")
    yield tag("path", class_="diagonal", d=f"M{across.start:g} {up.start:g}L{across.end:g} {up.end:g}")
    yield tag("text", "early", x=_RIGHT - 8, y=_FLOOR - 10, text_anchor="end", class_="zone")
    if up.low < latest(across.low) < up.high:
        y = (up.at(across.low) + up.at(latest(across.low))) / 2
        yield tag("text", "as asked", x=_LEFT + 8, y=y, class_="zone")
    yield tag("text", "late", x=_LEFT + 8, y=_TOP + 16, class_="zone")


def _points_of(points: Iterable[tuple[float, float]]) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _axes(across: LogScale, up: LogScale) -> Iterable[Html]:
    for tick in across.ticks():
        x, y = across.at(tick), up.at(tick)
        yield tag("path", class_="grid", d=f"M{x:.1f} {_TOP:g}V{_FLOOR:g}M{_LEFT:g} {y:.1f}H{_RIGHT:g}")
        yield tag("text", brief(tick), x=x, y=_FLOOR + 16, text_anchor="middle")
        yield tag("text", brief(tick), x=_LEFT - 6, y=y + 4, text_anchor="end")
    yield tag("path", class_="axis", d=f"M{_LEFT:g} {_TOP:g}V{_FLOOR:g}H{_RIGHT:g}")
    yield tag("text", "asked to wait", x=(_LEFT + _RIGHT) / 2, y=_FLOOR + 36, text_anchor="middle", class_="name")
    yield tag(
        "text",
        "waited",
        transform=f"translate(14 {(_TOP + _FLOOR) / 2:g})rotate(-90)",
        text_anchor="middle",
        class_="name",
    )


def _points(views: tuple[WaitView, ...], across: LogScale, up: LogScale) -> Iterable[Html]:
    """Each wait; those that would lie on each other once, with their number."""
    places: Counter[tuple[int, int, str]] = Counter()
    told: dict[tuple[int, int, str], WaitView] = {}
    for view in views:
        height = _NEVER if view.waited is None else up.at(view.waited)
        place = (round(across.at(view.asked)), round(height), str(view.verdict))
        places[place] += 1
        told.setdefault(place, view)
    if any(view.waited is None for view in views):
        yield tag("text", "never", x=_LEFT - 6, y=_NEVER + 4, text_anchor="end")
        yield tag("path", class_="grid", d=f"M{_LEFT:g} {_NEVER:g}H{_RIGHT:g}")
    for (x, y, verdict), times in places.items():
        shape = _SHAPES.get(verdict, _SHAPES["not_visible"])
        title = tag("title", _told(told[x, y, verdict], times))
        yield tag("path", title, class_=f"w {verdict}", transform=f"translate({x} {y})", d=shape)
        if times > 1:
            yield tag("text", f"\N{MULTIPLICATION SIGN}{times}", x=x + 8, y=y + 4, class_="times")


def _told(view: WaitView, times: int) -> str:
    waited = "never came back" if view.waited is None else f"waited {seconds(view.waited)}"
    more = f", and {times - 1} more" if times > 1 else ""
    return f"#{view.number} at {view.tool}: asked {seconds(view.asked)}, {waited}: {plain(view.verdict)}{more}"
