"""What went wrong, in a few sentences at the top of the page: one for each way in which it did, with its calls."""

from collections.abc import Sequence

import msgspec

from chaosproxy.core.events import Verdict
from chaosproxy.reports.html.anchors import Anchors
from chaosproxy.reports.html.markup import Html, fragment, name, tag
from chaosproxy.reports.html.shares import count
from chaosproxy.reports.model import EpisodeView, Report
from chaosproxy.reports.summary import why_command

MOST = 5
"""Ways that are told at the top; all are told under Episodes."""


class _Way(msgspec.Struct):
    """Episodes that went wrong in the same way."""

    first: EpisodeView
    times: int = 0


def wrong(report: Report, anchors: Anchors) -> Html:
    """The stories; nothing, if no episode went wrong."""
    ways: dict[tuple[object, ...], _Way] = {}
    for episode in report.episodes:
        if episode.verdict is Verdict.INAPPROPRIATE:
            alike = (episode.tool, episode.fault, episode.because, episode.resolution)
            ways.setdefault(alike, _Way(first=episode)).times += 1
    if not ways:
        return fragment()
    ranked = sorted(ways.values(), key=lambda way: -way.times)
    least = "at least " if report.episodes_left_out else ""
    return tag(
        "div",
        tag("h3", "What went wrong"),
        tag("ol", *(_told(way, anchors, least) for way in ranked[:MOST])),
        tag("p", _rest(len(ranked)), why(report, [way.first for way in ranked]), class_="note"),
        class_="wrongs",
    )


def why(report: Report, episodes: Sequence[EpisodeView]) -> Html:
    """How to have the first of these explained in full."""
    command = why_command(report, episodes[0])
    which = "it" if len(episodes) == 1 else "the first"
    return fragment(f"Why {which} was judged so: ", tag("code", command)) if command else fragment()


def _told(way: _Way, anchors: Anchors, least: str) -> Html:
    first = way.first
    where = fragment(" In ", anchors.session(first.session, name(first.session, 40)))
    group = f"#{anchors.group(first.tool, first.fault)}"
    again = fragment(", and ", tag("a", f"{least}{count(way.times - 1)} more like it", href=group))
    return tag("li", anchors.story(first), tag("span", where, again if way.times > 1 else "", ".", class_="where"))


def _rest(ways: int) -> Html:
    if ways <= MOST:
        return fragment()
    return fragment(tag("a", f"{count(ways - MOST)} more ways", href="#episodes"), ". ")
