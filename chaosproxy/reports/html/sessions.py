"""Each session: a line about it, the stories of what went wrong, its timeline, its calls in words."""

from collections import defaultdict

from chaosproxy.core.events import Verdict
from chaosproxy.reports.figures import seconds
from chaosproxy.reports.html.anchors import Anchors
from chaosproxy.reports.html.calls import call_list
from chaosproxy.reports.html.markup import Html, fragment, name, tag
from chaosproxy.reports.html.rows import rows_of
from chaosproxy.reports.html.shares import count, counted
from chaosproxy.reports.html.timeline import LOWER, timeline
from chaosproxy.reports.html.words import FAMILIES, FAMILY_WORDS, TRUTHS
from chaosproxy.reports.model import EpisodeView, Report, SessionView

_OPEN = 4
"""Sessions that are open from the start, of those with something wrong."""
_STORIES = 12
"""Stories told under a timeline; all are told under Episodes."""


def sessions(report: Report, anchors: Anchors) -> Html:
    """All that are shown, those in which something went wrong first."""
    if not report.sessions:
        return tag("p", "There was none: nothing was called.", class_="note")
    wrong: dict[str, list[EpisodeView]] = defaultdict(list)
    for episode in report.episodes:
        if episode.verdict is Verdict.INAPPROPRIATE:
            wrong[episode.session].append(episode)
    numbered = sorted(enumerate(report.sessions, 1), key=lambda pair: -pair[1].inappropriate)
    shown = [
        _session(view, str(index), anchors, wrong[view.name], place < _OPEN and view.inappropriate > 0)
        for place, (index, view) in enumerate(numbered)
    ]
    left = report.sessions_left_out
    rest = tag("p", f"{counted(left, 'session')} with less to see not shown.", class_="note") if left else ""
    return fragment(_legend(), *shown, rest)


def _session(view: SessionView, ident: str, anchors: Anchors, wrong: list[EpisodeView], opened: bool) -> Html:
    rows = rows_of(view)
    said = (
        "Time is drawn to scale."
        if rows.scale.true
        else ("Long stretches of time are drawn shorter: each by the square root of its length.")
    )
    cut = f" The first {count(len(view.timeline))} calls; {count(view.cut)} more are not drawn." if view.cut else ""
    stories = [tag("li", anchors.story(episode)) for episode in wrong[:_STORIES]]
    listed = tag(
        "details",
        tag("summary", f"The {counted(len(view.timeline), 'call')} in words"),
        call_list(rows),
        class_="inner",
    )
    drawn = fragment(timeline(view, rows, ident), tag("p", said, cut, class_="note"), listed) if view.timeline else ""
    return tag(
        "details",
        tag("summary", tag("h3", name(view.name)), _strip(view), _facts(view)),
        tag("ul", *stories, class_="stories") if stories else "",
        drawn,
        id=f"s{ident}",
        class_="session",
        open=opened,
    )


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
    named = fragment("named by ", name(view.source, 40))
    return tag("span", *parts, tag("span", ", ".join(figures), "; ", named), class_="meta")


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
