"""A shadow retry budget: how many retries it would have refused. It refuses none. Must not know operations or agents.

A budget as service meshes have it (Finagle 2016, Linkerd's RetryBudget): in any 10 seconds, retries may be so large a
share of the first attempts, and a small reserve a second on top for tools that are hardly called. Windows are kept in
slots of a second.
"""

from chaosproxy.profiles.models import RetryBudget

WINDOW = 10
"""Seconds over which it counts, and slots."""
TOOLS = 1_000
"""Tools with a budget of their own; further ones share one."""
OTHERS = "_other"


class _Slots:
    """First attempts and granted retries of one tool in the last seconds."""

    __slots__ = ("firsts", "latest", "retries")

    def __init__(self, second: int) -> None:
        self.firsts = [0] * WINDOW
        self.retries = [0] * WINDOW
        self.latest = second

    def turn_to(self, second: int) -> int:
        """The slot of this second; those that have come round since are emptied."""
        if second > self.latest + WINDOW:
            self.firsts = [0] * WINDOW
            self.retries = [0] * WINDOW
            self.latest = second
        elif second > self.latest:
            for passed in range(self.latest + 1, second + 1):
                self.firsts[passed % WINDOW] = self.retries[passed % WINDOW] = 0
            self.latest = second
        return second % WINDOW


class RetryBudgets:
    """A budget for each tool."""

    def __init__(self, settings: RetryBudget) -> None:
        self._share = settings.share
        self._reserve = settings.reserve * WINDOW
        self._tools: dict[str, _Slots] = {}

    def first(self, tool: str, now: float) -> None:
        """A first attempt, which pays in."""
        second = int(now)
        slots = self._tools.get(tool)
        if slots is None:
            slots = self._slots(tool, now)
        slots.firsts[second % WINDOW if second == slots.latest else slots.turn_to(second)] += 1

    def over(self, tool: str, now: float) -> bool:
        """A retry; would the budget have refused it? Only a granted one is taken from it."""
        slots = self._slots(tool, now)
        slot = slots.turn_to(int(now))
        if sum(slots.retries) + 1 > self._share * sum(slots.firsts) + self._reserve:
            return True
        slots.retries[slot] += 1
        return False

    def _slots(self, tool: str, now: float) -> _Slots:
        known = self._tools.get(tool)
        if known is None:
            name = tool if len(self._tools) < TOOLS else OTHERS
            known = self._tools.setdefault(name, _Slots(int(now)))
        return known
