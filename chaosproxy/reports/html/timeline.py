"""A session's calls over time: above what the agent saw, below what the tool did, and arcs from failures to retries.

A page may show 20,000 calls, so each is a few elements, and what they look like is in the style sheet. Must not know
where in the page the drawing stands.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from chaosproxy.core.call import CallKind
from chaosproxy.core.events import Certainty
from chaosproxy.core.replies import UpstreamTruth
from chaosproxy.reports.html.markup import Html, label, tag
from chaosproxy.reports.html.rows import Place, Rows
from chaosproxy.reports.html.shares import counted
from chaosproxy.reports.html.words import FAMILIES
from chaosproxy.reports.model import CallView, SessionView

_HEAD, _PITCH, _ARC, _HALF = 20, 38, 13, 9
"""Pixels: the axis; a row; in it, above its bar; half a bar."""
_MARGIN = 26
_PAPER = 1120
"""Pixels; what is wider is shrunk to fit when it is printed, and loses the names of its rows."""

LOWER: Mapping[str, str] = MappingProxyType(
    {
        UpstreamTruth.EXECUTED: "x",
        UpstreamTruth.REJECTED: "j",
        UpstreamTruth.SENT_UNKNOWN: "q",
        UpstreamTruth.NOT_SENT: "n",
    }
)
"""What the lower half of a bar looks like, by its class in the style sheet."""
_ARCS: Mapping[str, str] = MappingProxyType(
    {CallKind.RETRY: "r", CallKind.MODIFIED_RETRY: "r m", CallKind.FALLBACK: "r f"}
)
_TIP = "m-3-5l3 5l4-5"

_SIGNS = {
    "later": "M4 2v5M7 2v5",
    "no": "M2.5 4.5h6",
    "spoilt": "M2 5.5q1.7-4 3.5-1t3.5-1",
    "gone": "M2.5 1.7l5.6 5.6M8.1 1.7l-5.6 5.6",
}
_STRUCK = "M0 26L3.5 19.5L7 26z"


def signs() -> Html:
    """What timelines use again and again, drawn once: a sign for each family of outcomes, with and without a fault."""
    shapes = [f'<path id="ok-f" class="fault" d="{_STRUCK}"/>']
    for family, shape in _SIGNS.items():
        sign = f'<path class="sg" d="{shape}"/>'
        shapes.append(f'<g id="{family}-s">{sign}</g><g id="{family}-f">{sign}<path class="fault" d="{_STRUCK}"/></g>')
    shapes.append('<path id="twice" d="M3.5 0L7 3.5L3.5 7L0 3.5z"/><circle id="vain" cx="3.5" cy="3.5" r="2.6"/>')
    return Html(f'<svg class="defs" width="0" height="0" aria-hidden="true"><defs>{"".join(shapes)}</defs></svg>')


def timeline(view: SessionView, rows: Rows, ident: str) -> Html:
    """The drawing, beside the names of its rows. The id of a call's group is `b{ident}-{number}`."""
    height = _HEAD + rows.count * _PITCH + 6
    width = round(rows.scale.width) + _MARGIN
    struck = sum(bool(call.faults) for call in view.timeline)
    failed = sum(FAMILIES.get(call.outcome) != "ok" for call in view.timeline)
    said = f"{counted(len(view.timeline), 'call')}, {struck} struck by a fault, {failed} failed as the agent saw it"
    picture = tag(
        "svg",
        tag("title", f"Timeline of {view.name}"),
        tag("desc", f"{said}. The list below has the same calls in words."),
        *_frame(rows, height),
        *_hints(rows),
        *_arcs(rows),
        tag("g", *(_bar(place, ident) for place in rows.places.values()), class_="bars"),
        class_="tl",
        role="img",
        viewBox=f"0 0 {width} {height}",
        preserveAspectRatio="xMinYMin",
        width=f"{width}",
        height=height,
    )
    chart = tag(
        "div",
        picture,
        class_="chart",
        tabindex="0",
        role="group",
        aria_label=f"Timeline of {view.name}: the arrow keys go from call to call",
    )
    return tag("div", _labels(rows), chart, class_="lanes long" if width > _PAPER else "lanes")


def _labels(rows: Rows) -> Html:
    labels = [
        tag("span", "other tools" if tool is None else label(tool), style=f"height:{count * _PITCH}px")
        for tool, count in rows.labels
    ]
    return tag("div", *labels, class_="names")


def _frame(rows: Rows, height: int) -> Iterable[Html]:
    width = round(rows.scale.width) + _MARGIN
    above, lines = 0, []
    for _, count in rows.labels:
        lines.append(f"M0 {_HEAD + above * _PITCH}H{2 * width}")  # to the edge, also if the page has more room
        above += count
    yield tag("path", class_="rule", d="".join(lines))
    for x, moment in rows.scale.ticks():
        yield tag("path", class_="grid", d=f"M{x:.1f} {_HEAD - 4}V{height}")
        if x < rows.scale.width - _MARGIN:
            yield tag("text", moment, x=x + 3, y=_HEAD - 7)


def _top(place: Place) -> int:
    return _HEAD + place.row * _PITCH + _ARC


def _bar(place: Place, ident: str) -> Html:
    """Written by hand, for there are many; nothing but numbers and words of closed sets goes in."""
    call, left, top = place.call, round(place.left), _top(place)
    width = max(1, round(place.right) - left)
    family = FAMILIES.get(call.outcome, "gone")
    parts = [
        f"<g id=b{ident}-{call.number}>",
        f'<path class={family} d="M{left} {top + 4.5}h{width}"/>',
        f'<path class={LOWER.get(call.truth, "q")} d="M{left} {top + 13}h{width}"/>',
    ]
    if call.faults or family != "ok":
        parts.append(f'<use href=#{family}-{"f" if call.faults else "s"} x={left} y="{top}"/>')
    parts.extend(f'<use href=#{mark} x={left + 9 + 9 * at} y="{top + 19}"/>' for at, mark in enumerate(_marks(call)))
    return Html("".join([*parts, "</g>"]))


def _marks(call: CallView) -> Iterable[str]:
    if call.duplicate == Certainty.CONFIRMED:
        yield "twice"
    if call.wasted:
        yield "vain"


def _hints(rows: Rows) -> Iterable[Html]:
    """From the end of a call until when it asked to be left alone."""
    lines = []
    for place in rows.places.values():
        call, right = place.call, round(place.right)
        if not call.hint:
            continue
        until = round(rows.scale.at(call.start + call.seconds + call.hint - rows.start))
        if until > right:
            lines.append(f"M{right} {_top(place) + 2 + call.number % 3 * 3}h{until - right}m0-3v6")
    yield tag("path", class_="hint", d="".join(lines))


def _arcs(rows: Rows) -> Iterable[Html]:
    """One path for each kind of arc."""
    arcs: dict[str, list[str]] = defaultdict(list)
    for place in rows.places.values():
        before = rows.places.get(place.call.follows)
        if before is not None and place.call.kind is not CallKind.PARALLEL:
            arcs[_ARCS.get(place.call.kind, "o")].append(_arc(before, place))
    for class_, paths in arcs.items():
        tips = "" if class_ == "o" else _TIP
        yield tag("path", class_=class_, d=tips.join([*paths, ""]))


def _arc(before: Place, after: Place) -> str:
    """From the end of one call to the start of another; from its start, if it has not ended by then."""
    start = round(before.right) - 2 if before.right <= after.left else round(before.left) + 2
    across, down = round(after.left) + 2 - start, _top(after) - _top(before)
    if not down:
        return f"M{start} {_top(before)}c0-11 {across}-11 {across} 0"
    return f"M{start} {_top(before)}c6-11 {across} {down - 24} {across} {down}"
