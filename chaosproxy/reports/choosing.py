"""Which sessions and episodes a report shows: those with the most to see, always the same of the same journal.

What went wrong comes first, then what nobody can judge, then the rest.
"""

from typing import Final

import msgspec

from chaosproxy.core.events import Verdict
from chaosproxy.reports.counting import EPISODES_MOST, Counting, Placed

SESSIONS_SHOWN: Final = 50
FIRST_SHOWN: Final = (Verdict.INAPPROPRIATE, Verdict.UNKNOWN, Verdict.APPROPRIATE)


class Picked(msgspec.Struct, frozen=True):
    """What the second pass is to look for."""

    sessions: tuple[tuple[int, str], ...]
    """By the number of the run, and name, in the order in which they are shown."""
    episodes: tuple[Placed, ...]
    """In the order in which they are shown."""

    @property
    def calls(self) -> frozenset[tuple[int, int]]:
        """The calls that the episodes tell of, by the number of the run, and their own."""
        return frozenset((run, call) for run, line in self.episodes for call in (*line.calls, line.ended_by) if call)


def pick(counting: Counting) -> Picked:
    """What is shown of a run."""
    sessions = sorted(
        counting.sessions.items(),
        key=lambda item: (-item[1].inappropriate, -item[1].undecided, -item[1].episodes, item[1].order),
    )
    episodes = [placed for verdict in FIRST_SHOWN for placed in sorted(counting.episodes[verdict], key=_number)]
    return Picked(tuple(name for name, _ in sessions[:SESSIONS_SHOWN]), tuple(episodes[:EPISODES_MOST]))


def _number(placed: Placed) -> tuple[int, int]:
    run, line = placed
    return run, line.episode
