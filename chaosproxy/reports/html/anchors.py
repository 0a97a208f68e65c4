"""Where in the page a call, an episode, a session is: what can be linked to, and under which id.

Ids are made of numbers alone, never of names.
"""

import re
from collections.abc import Iterable

import msgspec

from chaosproxy.reports.figures import plain
from chaosproxy.reports.html.markup import Html, fragment, tag
from chaosproxy.reports.model import CellView, EpisodeView, Report

_NAMED_CALL = re.compile(r"#(\d+)")


class Anchors(msgspec.Struct, frozen=True):
    """The ids of a page."""

    tools: dict[str, int]
    """By name, those of cells and episodes."""
    faults: dict[str, int]
    sessions: dict[str, int]
    """By name, those that are shown."""
    bars: frozenset[tuple[str, int]]
    """Session and number of each call that a timeline shows."""
    groups: frozenset[tuple[str, str]]
    """Tool and fault of the episodes that are listed."""

    def bar(self, session: str, number: int) -> str:
        """The id of a call's bar."""
        return f"b{self.sessions[session]}-{number}"

    def group(self, tool: str, fault: str) -> str | None:
        """The id of the episodes of one fault at one tool; None if none of them is listed."""
        return f"g{self.tools[tool]}-{self.faults[fault]}" if (tool, fault) in self.groups else None

    def call(self, session: str, number: int) -> Html:
        """A call's number, as a link to its bar if there is one."""
        shown = f"#{number}"
        if (session, number) not in self.bars:
            return fragment(shown)
        return tag("a", shown, href=f"#{self.bar(session, number)}", class_="call")

    def session(self, session: str, shown: object) -> Html:
        """What names a session, as a link to it if it is shown."""
        if session not in self.sessions:
            return fragment(shown)
        return tag("a", shown, href=f"#s{self.sessions[session]}")

    def story(self, episode: EpisodeView) -> Html:
        """An episode's sentence, with the calls that it names as links, and its tool set apart from their direction."""
        tool = plain(episode.tool)
        begun = tool if episode.story.startswith(f"{tool}:") else ""
        parts = _NAMED_CALL.split(episode.story.removeprefix(begun))
        return fragment(
            tag("bdi", begun) if begun else "",
            *(self.call(episode.session, int(part)) if place % 2 else part for place, part in enumerate(parts)),
        )


def anchors_of(report: Report) -> Anchors:
    """What can be linked to in the page of this report."""
    cells: list[CellView | EpisodeView] = [*report.matrix, *report.episodes]
    sessions = {view.name: index for index, view in reversed([*enumerate(report.sessions, 1)])}
    return Anchors(
        tools=_numbered(cell.tool for cell in cells),
        faults=_numbered([*(cell.fault for cell in report.faults), *(cell.fault for cell in cells)]),
        sessions=sessions,
        bars=frozenset((view.name, call.number) for view in report.sessions for call in view.timeline),
        groups=frozenset((episode.tool, episode.fault) for episode in report.episodes),
    )


def _numbered(names: Iterable[str]) -> dict[str, int]:
    return {each: place for place, each in enumerate(dict.fromkeys(names), 1)}
