"""The episodes, by fault and tool: each with its story, its end, its verdict, and where its time went."""

from collections import defaultdict

from chaosproxy.core.events import Verdict
from chaosproxy.reports.figures import seconds
from chaosproxy.reports.html.anchors import Anchors
from chaosproxy.reports.html.layout import Absent
from chaosproxy.reports.html.markup import Html, fragment, name, tag
from chaosproxy.reports.html.shares import counted
from chaosproxy.reports.html.words import BECAUSE, plain
from chaosproxy.reports.html.wrong import why
from chaosproxy.reports.model import EpisodeView, Report

_FEW = 12
"""Episodes in the page that need no folding."""
_SIGNS = {Verdict.APPROPRIATE: "✓ right", Verdict.INAPPROPRIATE: "✕ wrong", Verdict.UNKNOWN: "? unknown"}


def episodes(report: Report, anchors: Anchors) -> Html | Absent:
    """All that are listed: groups with the most wrong ones first, and the wrong ones first in each."""
    if not report.episodes:
        return Absent("")
    groups: dict[tuple[str, str], list[EpisodeView]] = defaultdict(list)
    fold = len(report.episodes) > _FEW
    for episode in report.episodes:
        groups[episode.tool, episode.fault].append(episode)
    ranked = sorted(groups.values(), key=lambda group: -_wrong(group))
    left = report.episodes_left_out
    rest = tag("p", f"{counted(left, 'episode')} more not listed.", class_="note") if left else ""
    return fragment(
        tag("p", why(report, report.episodes), class_="note"),
        *(_group(group, anchors, fold) for group in ranked),
        rest,
    )


def _wrong(group: list[EpisodeView]) -> int:
    return sum(episode.verdict is Verdict.INAPPROPRIATE for episode in group)


def _group(group: list[EpisodeView], anchors: Anchors, fold: bool) -> Html:
    """The wrong ones in full view; the others folded, unless the page has but a few."""
    tool, fault = group[0].tool, group[0].fault
    wrong = [_episode(each, anchors) for each in group if each.verdict is Verdict.INAPPROPRIATE]
    others = [_episode(each, anchors) for each in group if each.verdict is not Verdict.INAPPROPRIATE]
    said = f": {len(wrong)} of {len(group)} wrong" if wrong else f": {counted(len(group), 'episode')}, none wrong"
    rest: object = tag("ol", *others, class_="eps") if others else ""
    if others and fold:
        summary = tag("summary", counted(len(others), "other" if wrong else "episode"))
        rest = tag("details", summary, rest, class_="inner")
    return tag(
        "section",
        tag("h3", name(fault), tag("span", " at ", class_="at"), name(tool), tag("span", said, class_="at")),
        tag("ol", *wrong, class_="eps") if wrong else "",
        rest,
        id=anchors.group(tool, fault),
        class_="group",
    )


def _episode(episode: EpisodeView, anchors: Anchors) -> Html:
    sign = tag("span", _SIGNS[episode.verdict], class_=f"badge {episode.verdict}")
    ended = fragment(plain(episode.resolution), f", {plain(episode.because)}" if episode.because else "")
    where = fragment("in ", anchors.session(episode.session, name(episode.session, 40)), f"#{episode.number}")
    rule = fragment(", rule “", name(episode.rule), "”") if episode.rule else ""
    return tag(
        "li",
        tag("p", sign, " ", tag("span", anchors.story(episode), class_="story")),
        tag("p", tag("b", ended, title=BECAUSE.get(episode.because or "")), " ", where, rule, class_="meta"),
        _times(episode),
        id=f"e{episode.number}",
        data_fault=anchors.faults[episode.fault],
        data_tool=anchors.tools[episode.tool],
        data_verdict=episode.verdict,
        data_session=anchors.sessions.get(episode.session),
        data_calls=" ".join(str(number) for number in dict.fromkeys((*episode.calls, episode.ended_by)) if number),
    )


def _times(episode: EpisodeView) -> Html:
    """Where the time went: until it was noticed; then in waiting, asking models, and further attempts."""
    spent = (
        ("detection", episode.detection),
        ("wait", episode.wait),
        ("model", episode.model),
        ("service", episode.service),
    )
    shown = [(kind, part) for kind, part in spent if part > 0]
    total = sum(part for _, part in shown)
    bars = [tag("i", class_=kind, style=f"width:{100 * part / total:.1f}%") for kind, part in shown]
    words = [tag("span", tag("i", class_=kind, aria_hidden="true"), f"{kind} {seconds(part)}") for kind, part in shown]
    return tag(
        "p",
        tag("span", *bars, class_="split", aria_hidden="true") if bars else "",
        *words,
        tag("span", f"decided after {seconds(episode.seconds)}"),
        class_="spent",
    )
