"""The choice of fault, tool and verdict over sessions and episodes. Without the script it is hidden, all is shown."""

from collections.abc import Iterable

from chaosproxy.core.events import Verdict
from chaosproxy.reports.html.anchors import Anchors
from chaosproxy.reports.html.markup import Html, short, tag
from chaosproxy.reports.html.shares import counted
from chaosproxy.reports.model import Report

_WORDS = {Verdict.INAPPROPRIATE: "wrong", Verdict.UNKNOWN: "unknown", Verdict.APPROPRIATE: "right"}


def filters(report: Report, anchors: Anchors) -> Html:
    """A choice for each, a button that takes all back, and what is shown, said aloud when it changes."""
    faults = dict.fromkeys(episode.fault for episode in report.episodes)
    tools = dict.fromkeys(episode.tool for episode in report.episodes)
    verdicts = {episode.verdict for episode in report.episodes}
    return tag(
        "div",
        _choice("fault", ((anchors.faults[fault], fault) for fault in sorted(faults))),
        _choice("tool", ((anchors.tools[tool], tool) for tool in sorted(tools))),
        _choice("verdict", ((verdict, word) for verdict, word in _WORDS.items() if verdict in verdicts)),
        tag("button", "Show all", type="button"),
        tag("p", f"{counted(len(report.episodes), 'episode')} shown", role="status"),
        class_="filters",
        role="search",
        aria_label="Filter sessions and episodes",
        hidden=True,
    )


def _choice(what: str, options: Iterable[tuple[object, str]]) -> Html:
    return tag(
        "label",
        what.capitalize(),
        tag(
            "select",
            tag("option", f"any {what}", value=""),
            *(tag("option", short(shown, 48), value=value) for value, shown in options),
            data_by=what,
        ),
    )
