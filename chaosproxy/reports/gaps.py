"""What a report does not know, and says so: what could not be read, what was lost, what was not looked at.

Must not know what was found.
"""

from collections.abc import Iterator
from typing import Final

from chaosproxy.recovery.scoring.terms import Terms
from chaosproxy.reports.counting import SESSIONS_MOST, Counting, RunSeen
from chaosproxy.reports.figures import counted, plain
from chaosproxy.reports.runs import Chosen
from chaosproxy.reports.scoring import unknown_measures

NOT_SAID: Final = "the journal does not say what was expected of the run (give the profile with --profile)"


def doubts(chosen: Chosen, terms: Terms | None, counting: Counting) -> tuple[str, ...]:
    """Why a run may not be called PASS, besides what its measures say. `terms` are given instead of the journal's."""
    ends = zip(chosen.runs, map(_end, counting.runs), strict=True)
    return (*_not_judged_by(chosen, terms), *(f"run {plain(run)} {said}" for run, said in ends if said is not None))


def _not_judged_by(chosen: Chosen, terms: Terms | None) -> tuple[str, ...]:
    first = chosen.first
    if terms is not None:
        return ()
    if first is None or first.rules is None:
        return (NOT_SAID,)
    return tuple(
        f"{plain(measure)} is expected, and this version does not know that measure"
        for measure in unknown_measures(first)
    )


def gaps(chosen: Chosen, counting: Counting) -> Iterator[str]:
    """A sentence for each gap in what the journals say of the runs."""
    for run, seen in zip(chosen.runs, counting.runs, strict=True):
        if seen.started is None:
            yield f"run {plain(run)}: the journal has lost its first line; what the run was is not known"
        said = _end(seen)
        if said is not None:
            yield f"run {plain(run)} {said}"
    forgotten = sum(session.forgotten for session in counting.sessions.values())
    if forgotten:
        yield f"{counted(forgotten, 'thing')} about sessions had to be forgotten while they ran: there were too many"
    if counting.unlisted_sessions:
        yield f"there are more than {SESSIONS_MOST} sessions: timelines were chosen among the first of them"
    if chosen.passed_over:
        yield f"{counted(chosen.passed_over, 'other run')} in these files: not part of this report (--run ID)"


def _end(seen: RunSeen) -> str | None:
    if seen.ended is None:
        were_open = f"{counted(seen.cut_off, 'episode')} that {'was' if seen.cut_off == 1 else 'were'} open"
        unknown = f"; what became of {were_open} is not known" if seen.cut_off else ""
        return f"has no end: it still runs, or was killed{unknown}"
    if seen.ended.dropped:
        return f"lost {counted(seen.ended.dropped, 'line')} that could not be written"
    if seen.ended.calls > seen.calls:
        return f"had {seen.ended.calls} calls, of which {seen.ended.calls - seen.calls} are missing here"
    return None
