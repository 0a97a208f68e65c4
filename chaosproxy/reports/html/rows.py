"""Which row of a timeline each call is drawn in: one tool after the other, and beside each other what overlaps.

Must not know colours, or anything else of how a call looks.
"""

from collections import Counter

import msgspec

from chaosproxy.reports.html.timescale import NARROWEST, TimeScale, time_scale
from chaosproxy.reports.model import CallView, SessionView

MOST_TOOLS = 14
"""Tools with rows of their own; the others share theirs."""
_APART = 1.0


class Place(msgspec.Struct, frozen=True):
    """Where a call is drawn."""

    call: CallView
    left: float
    right: float
    """Pixels."""
    row: int
    """From 0, downwards."""


class Rows(msgspec.Struct, frozen=True):
    """Where everything of a session is drawn."""

    scale: TimeScale
    start: float
    """Of the session, in seconds of the run: the scale's 0."""
    places: dict[int, Place]
    """By the calls' numbers, in the order of time."""
    labels: tuple[tuple[str | None, int], ...]
    """A tool (None: all others), and how many rows it has; downwards."""

    @property
    def count(self) -> int:
        """Rows in all."""
        return sum(rows for _, rows in self.labels)


def rows_of(view: SessionView) -> Rows:
    """Lay out a session's timeline."""
    calls = sorted(view.timeline, key=lambda call: (call.start, call.number))
    start = min((call.start for call in calls), default=view.start)
    scale = _scale(calls, start)
    tools = _tools(calls)
    packed: dict[str | None, list[float]] = {tool: [] for tool in tools}
    lanes: dict[int, tuple[str | None, int, float, float]] = {}
    for call in calls:
        left = scale.at(call.start - start)
        right = max(left + NARROWEST, scale.at(call.start + call.seconds - start))
        tool = call.tool if call.tool in packed else None
        lanes[call.number] = (tool, _lane(packed[tool], left, right), left, right)
    firsts, labels, above = {}, [], 0
    for tool, ends in packed.items():
        firsts[tool] = above
        labels.append((tool, len(ends)))
        above += len(ends)
    places = {
        call.number: Place(call=call, left=left, right=right, row=firsts[tool] + lane)
        for call in calls
        for tool, lane, left, right in (lanes[call.number],)
    }
    return Rows(scale=scale, start=start, places=places, labels=tuple(labels))


def _scale(calls: list[CallView], start: float) -> TimeScale:
    begun = [call.start - start for call in calls]
    ended = [call.start + call.seconds - start for call in calls]
    last = max(ended, default=0.0)
    asked = [end + call.hint for call, end in zip(calls, ended, strict=True) if call.hint]
    return time_scale(begun, [*ended, *(moment for moment in asked if moment <= last)])


def _tools(calls: list[CallView]) -> list[str | None]:
    """In the order of their first calls; the rarest together at the end, if there are too many."""
    counts = Counter(call.tool for call in calls)
    if len(counts) <= MOST_TOOLS:
        return [*counts]
    frequent = {tool for tool, _ in counts.most_common(MOST_TOOLS - 1)}
    return [*(tool for tool in counts if tool in frequent), None]


def _lane(ends: list[float], left: float, right: float) -> int:
    """The first lane that is free at `left`, from now on taken until `right`."""
    for lane, end in enumerate(ends):
        if end + _APART <= left:
            ends[lane] = right
            return lane
    ends.append(right)
    return len(ends) - 1
