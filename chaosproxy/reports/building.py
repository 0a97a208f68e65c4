"""Builds a report of journals, in two passes: one counts everything, the other collects what is shown of it.

Must not know how a report is shown, nor by which command.
"""

from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Final

import msgspec

from chaosproxy.recovery.scoring.scorecard import Scorecard
from chaosproxy.recovery.scoring.terms import Terms
from chaosproxy.reports import scores
from chaosproxy.reports.choosing import pick
from chaosproxy.reports.counting import Counting
from chaosproxy.reports.gaps import doubts, gaps
from chaosproxy.reports.listing import Listing
from chaosproxy.reports.model import Report, RunView
from chaosproxy.reports.runs import Chosen, choose_runs, records_of
from chaosproxy.reports.scoring import terms_of
from chaosproxy.reports.timelines import Collecting
from chaosproxy.reports.verdict import comparison_of, judged, together
from chaosproxy.telemetry.journal_files import JournalFile
from chaosproxy.telemetry.journal_reader import Troubles

TIMES_READ: Final = 3
"""How often each file is read: to find its runs, to count, to collect."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a report is wanted of."""

    files: tuple[JournalFile, ...]
    run: str | None = None
    """The id of the run; None for the last one."""
    baseline: tuple[JournalFile, ...] = ()
    """Journals of a run without faults, to compare with."""
    terms: Terms | None = None
    """What to judge by, instead of what the journal says."""
    generated: str
    """The time of day: RFC 3339."""


class _Counted(msgspec.Struct, frozen=True):
    """What the first pass has come to."""

    chosen: Chosen
    counting: Counting
    baseline: Counting | None
    troubles: Troubles


def build_report(asked: Asked, progress: Callable[[int], None]) -> Report:
    """The report. `progress` is called with the bytes read since the last time: each file is read `TIMES_READ` times.

    Raises:
        UsageError: a journal cannot be read or holds no run, or the journals are of different profiles.
    """
    troubles = Troubles()
    chosen = choose_runs(asked.files, asked.run, progress)
    terms = asked.terms or terms_of(chosen.first)
    counting = _count(chosen, Scorecard(terms, timed=bool(asked.baseline)), troubles, progress)
    baseline = None
    if asked.baseline:
        plain = choose_runs(asked.baseline, None, progress)
        baseline = _count(plain, Scorecard(terms, timed=True), troubles, progress)
    picked = pick(counting)
    collecting = Collecting(picked)
    for run, record in records_of(chosen, None, progress):
        collecting.add(run, record)
    return _report(asked, _Counted(chosen, counting, baseline, troubles), Listing(counting, picked, collecting))


def _count(chosen: Chosen, card: Scorecard, troubles: Troubles, progress: Callable[[int], None]) -> Counting:
    counting = Counting(card, chosen.started)
    for run, record in records_of(chosen, troubles, progress):
        counting.add(run, record)
    counting.finish()
    return counting


def _report(asked: Asked, counted: _Counted, listing: Listing) -> Report:
    counting, card = counted.counting, counted.counting.card
    board, run = card.whole, _run(counted)
    eligible = together(tuple(None if seen.ended is None else seen.ended.eligible for seen in counting.runs))
    control = None if counted.baseline is None else counted.baseline.card
    declared = {} if counted.chosen.first is None else counted.chosen.first.tools
    found = card.judge(eligible, run.agent_status, control)
    compared = any(each.measure == "success_drop" for each in card.terms.wanted)
    sessions, episodes = listing.sessions(), listing.episodes()
    return Report(
        generated=asked.generated,
        run=run,
        verdict=judged(
            found, (*doubts(counted.chosen, asked.terms, counting), *(_struck(control) if compared else ()))
        ),
        totals=scores.totals(board, len(counting.sessions)),
        rules=scores.rules(card, card.terms.rules, eligible),
        faults=scores.by_fault(board),
        matrix=scores.matrix(board),
        tools=scores.tools(board, {**counting.effects, **{name: each for name, each in declared.items() if each}}),
        times=scores.times(board),
        waits=listing.waits(),
        backoff=scores.backoff(board),
        control=comparison_of(card, control, ", ".join(PurePath(file.name).name for file in asked.baseline)),
        sessions=sessions,
        sessions_left_out=max(0, len(counting.sessions) - len(sessions)),
        episodes=episodes,
        episodes_left_out=max(0, counting.episode_count - len(episodes)),
        loops=listing.loops(),
        duplicates=listing.duplicates(),
        troubles=(*counted.troubles.told(), *gaps(counted.chosen, counting), *_struck(control)),
    )


def _struck(control: Scorecard | None) -> Iterator[str]:
    """What a baseline is not fit for."""
    found = None if control is None else control.whole.count()
    if found is not None and found.faulted:
        struck = f"{found.faulted} of its {found.calls} calls"
        yield f"the baseline is no run without faults: {struck} were struck, so it does not show what faults cost"


def _run(counted: _Counted) -> RunView:
    """Of several runs: what they have in common, the longest time, and the worst end."""
    chosen, runs = counted.chosen, counted.counting.runs
    first, agents = chosen.first, [seen.agent for seen in runs if seen.agent is not None]
    return RunView(
        id=", ".join(chosen.runs),
        profile="" if first is None else first.profile,
        digest="" if first is None else first.digest,
        seed=0 if first is None else first.seed,
        version="" if first is None else first.version,
        started=None if first is None else first.at,
        seconds=max((seen.seconds for seen in runs), default=0.0),
        complete=all(seen.ended is not None for seen in runs),
        journals=tuple(PurePath(file.name).name for file in chosen.files),
        command=agents[0].command if agents else None,
        agent_status=max((each.status for each in agents), key=abs, default=None),
    )
