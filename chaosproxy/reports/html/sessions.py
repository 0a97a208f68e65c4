"""Each session: a line about it, the stories of what went wrong, its timeline, its calls in words."""

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from chaosproxy.core.events import Verdict
from chaosproxy.reports.figures import seconds
from chaosproxy.reports.html.anchors import Anchors
from chaosproxy.reports.html.calls import call_list
from chaosproxy.reports.html.layout import Absent
from chaosproxy.reports.html.markup import Html, fragment, name, tag
from chaosproxy.reports.html.rows import Rows, rows_of
from chaosproxy.reports.html.shares import count, counted
from chaosproxy.reports.html.timeline import LOWER, timeline
from chaosproxy.reports.html.words import FAMILIES, FAMILY_WORDS, SOURCES, TRUTHS, plain
from chaosproxy.reports.model import EpisodeView, Report, SessionView

_OPEN = 4
"""Sessions that are open from the start, of those with something wrong."""
_STORIES = 4
"""Stories told above a timeline; all are told under Episodes."""
_HEAVIEST = 5_500_000
"""Bytes of all timelines and lists of calls: a page of more is too heavy for a mail, and for a telephone."""


class _Shown(msgspec.Struct, frozen=True):
    """A session in the page."""

    view: SessionView
    ident: str
    rows: Rows
    picture: Html


def sessions(report: Report, anchors: Anchors) -> Html | Absent:
    """All that are shown, those in which something went wrong first."""
    if not report.sessions:
        return Absent("There is no session: nothing was called.")
    wrong: dict[str, list[EpisodeView]] = defaultdict(list)
    for episode in report.episodes:
        if episode.verdict is Verdict.INAPPROPRIATE:
            wrong[episode.session].append(episode)
    numbered = sorted(enumerate(report.sessions, 1), key=lambda pair: -pair[1].inappropriate)
    shown = [_shown(view, str(index)) for index, view in numbered]
    boxes = [
        _session(each, words, _stories(wrong[each.view.name], anchors), place < _OPEN)
        for place, (each, words) in enumerate(zip(shown, _in_words(shown), strict=True))
    ]
    left = report.sessions_left_out
    rest = tag("p", f"{counted(left, 'session')} with less to see not shown.", class_="note") if left else ""
    return fragment(_legend(), *boxes, rest)


def _shown(view: SessionView, ident: str) -> _Shown:
    rows = rows_of(view)
    return _Shown(view, ident, rows, timeline(view, rows, ident) if view.timeline else fragment())


def _in_words(shown: list[_Shown]) -> Iterator[Html | None]:
    """The calls of each session in words; None where the page has no room for them beside all that is drawn."""
    room = _HEAVIEST - sum(len(each.picture.encode()) for each in shown)
    for each in shown:
        words = call_list(each.rows)
        size = len(words.encode())
        if size > room:
            yield None
        else:
            room -= size
            yield words


def _stories(wrong: list[EpisodeView], anchors: Anchors) -> Html:
    if not wrong:
        return fragment()
    stories = [tag("li", anchors.story(episode)) for episode in wrong[:_STORIES]]
    if len(wrong) > _STORIES:
        more = f"{count(len(wrong) - _STORIES)} more under Episodes"
        stories.append(tag("li", tag("a", more, href=f"#e{wrong[_STORIES].number}")))
    return tag("ul", *stories, class_="stories")


def _session(shown: _Shown, words: Html | None, stories: Html, early: bool) -> Html:
    view = shown.view
    return tag(
        "details",
        tag("summary", tag("h3", name(view.name)), _strip(view), _facts(view)),
        stories,
        fragment(shown.picture, _note(shown), _words(view, words)) if view.timeline else "",
        id=f"s{shown.ident}",
        class_="session",
        open=early and view.inappropriate > 0,
    )


def _note(shown: _Shown) -> Html:
    view = shown.view
    said = (
        "Time is drawn to scale."
        if shown.rows.scale.true
        else "Long stretches of time are drawn shorter: each by the square root of its length."
    )
    named = fragment(" Its calls were told from others by ", _source(view.source), ".")
    cut = f" The first {count(len(view.timeline))} calls; {count(view.cut)} more are not drawn." if view.cut else ""
    return tag("p", said, cut, named, class_="note")


def _words(view: SessionView, words: Html | None) -> Html:
    calls = counted(len(view.timeline), "call")
    if words is None:
        return tag("p", f"The page has no room for the {calls} in words; the JSON report has them all.", class_="note")
    return tag("details", tag("summary", f"The {calls} in words"), words, class_="inner")


def _facts(view: SessionView) -> Html:
    parts: list[object] = []
    if view.inappropriate:
        parts.append(tag("span", f"✕ {view.inappropriate} wrong", class_="badge fail"))
    if view.control:
        parts.append(tag("span", "control arm", class_="badge plain"))
    if view.confidence != "high":
        parts.append(tag("span", f"{view.confidence} confidence", class_="badge plain"))
    figures = (
        counted(view.calls, "call"),
        counted(view.operations, "operation"),
        counted(view.episodes, "episode"),
        seconds(view.seconds),
    )
    return tag("span", *parts, tag("span", ", ".join(figures)), class_="meta")


def _source(source: str) -> Html:
    kind, _, detail = source.partition(":")
    said = SOURCES.get(kind, plain(kind))
    return fragment(said, " ", name(detail, 40)) if detail else fragment(said)


def _strip(view: SessionView) -> Html:
    """All calls of a timeline as a strip, in order, so that a closed session shows what is in it."""
    paths: dict[str, list[str]] = defaultdict(list)
    for place, call in enumerate(view.timeline):
        family = FAMILIES.get(call.outcome, "gone")
        paths[family].append(f"M{3 * place + 1} {4 if family == 'ok' else 0}V12")
    drawn = [tag("path", class_=family, d="".join(steps)) for family, steps in paths.items()]
    width = max(1, 3 * len(view.timeline))
    return tag(
        "svg",
        *drawn,
        class_="strip",
        viewBox=f"0 0 {width} 12",
        style=f"width:{width}px",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _legend() -> Html:
    upper = [_entry(family, words) for family, words in FAMILY_WORDS.items()]
    lower = [_entry(LOWER[truth], words) for truth, words in TRUTHS.items()]
    marks = [
        tag("li", _sign("ok-f", -19), "struck by a fault"),
        tag("li", _sign("twice", 0), "executed once more"),
        tag("li", _sign("vain", 0), "made in vain"),
        tag("li", _line("r"), "tried again"),
        tag("li", _line("r m"), "with other arguments"),
        tag("li", _line("r f"), "something else instead"),
        tag("li", _line("hint"), "asked to wait until"),
    ]
    return tag(
        "div",
        tag("p", tag("b", "Upper half"), " what the agent saw"),
        tag("ul", *upper),
        tag("p", tag("b", "Lower half"), " what the tool did"),
        tag("ul", *lower),
        tag("p", tag("b", "Signs")),
        tag("ul", *marks),
        class_="legend",
    )


def _entry(class_: str, words: str) -> Html:
    drawn = [tag("path", d="M0 4h18", class_=class_)]
    if class_ in FAMILY_WORDS and class_ != "ok":
        drawn.append(tag("use", href=f"#{class_}-s", x=4, y=-0.5))
    return tag("li", tag("svg", *drawn, class_="tl key", viewBox="-1 -1 20 10", aria_hidden="true"), words)


def _sign(ident: str, up: int) -> Html:
    return tag(
        "svg",
        tag("use", href=f"#{ident}", x=6, y=up),
        class_="tl key",
        viewBox="0 -1 20 9",
        aria_hidden="true",
    )


def _line(class_: str) -> Html:
    path = "M1 5H16m0-3v6" if class_ == "hint" else "M2 8c0-9 13-9 13 0m-3-4l3 4l4-4"
    return tag("svg", tag("path", d=path, class_=class_), class_="tl key", viewBox="0 0 20 10", aria_hidden="true")
