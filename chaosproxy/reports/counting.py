"""The first pass: counts everything, and keeps a few lines of what a report lists. Bounded, however long a journal is.

Must not know how anything is shown.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from chaosproxy.core.call import CallKind, ToolEffect
from chaosproxy.core.events import Because, Resolution, Verdict
from chaosproxy.core.failures import Outcome
from chaosproxy.recovery.scoring.scorecard import Scorecard
from chaosproxy.recovery.scoring.seen import seems_delivered
from chaosproxy.reports.scoring import count
from chaosproxy.telemetry.records import (
    AgentEnded,
    CallEnded,
    Duplicated,
    EpisodeEnded,
    HintJudged,
    Looped,
    Record,
    RunEnded,
    RunStarted,
    SessionOver,
)

EPISODES_MOST: Final = 500
WAITS_MOST: Final = 500
LOOPS_MOST: Final = 100
DUPLICATES_MOST: Final = 100
SESSIONS_MOST: Final = 100_000
"""Sessions that are looked at for the ones with the most to see."""
OPEN_MOST: Final = 100_000
TOOLS_MOST: Final = 1_000


class SessionSeen(msgspec.Struct):
    """What is known of a session after the first pass."""

    order: int
    """In which it first appeared."""
    source: str
    first: float
    """Monotonic seconds: when its first call came."""
    last: float
    """Monotonic seconds: when its last call ended."""
    calls: int = 0
    operations: int = 0
    episodes: int = 0
    inappropriate: int = 0
    undecided: int = 0
    """Episodes whose verdict is unknown."""
    forgotten: int = 0


class RunSeen(msgspec.Struct):
    """What is known of a run after the first pass."""

    started: RunStarted | None
    first: float | None = None
    """Monotonic seconds: when it began."""
    last: float = 0.0
    """Monotonic seconds: of its last line."""
    ended: RunEnded | None = None
    agent: AgentEnded | None = None
    calls: int = 0
    """Lines of calls."""
    last_call: int = 0
    """The highest number."""
    last_operation: int = 0
    last_episode: int = 0
    open: dict[int, list[CallEnded]] = msgspec.field(default_factory=dict)
    """By operation: calls that failed and of which no episode has told yet."""
    over: dict[int, float] = msgspec.field(default_factory=dict)
    """By operation: when its episode was closed, the latest."""
    cut_off: int = 0
    """Episodes that were open where the journal breaks off."""

    @property
    def seconds(self) -> float:
        """How long it took, as it says itself, or until its last line."""
        if self.ended is not None:
            return self.ended.seconds
        return 0.0 if self.first is None else max(0.0, self.last - self.first)

    def note(self, record: Record) -> None:
        """Take a line: when the run began and ended, and its highest numbers."""
        if self.first is None:
            self.first = record.mono - (record.seconds if isinstance(record, CallEnded) else 0.0)
        self.last = max(self.last, record.mono)
        if isinstance(record, CallEnded):
            self.last_call = max(self.last_call, record.number)
            self.last_operation = max(self.last_operation, record.operation)
        elif isinstance(record, EpisodeEnded):
            self.last_episode = max(self.last_episode, record.episode)


Placed = tuple[int, Any]
"""The number of a run, and a line of it."""


class Counting:
    """Everything that the first pass finds out."""

    def __init__(self, card: Scorecard, started: tuple[RunStarted | None, ...]) -> None:
        self.card = card
        self.runs = [RunSeen(each, None if each is None else each.mono) for each in started]
        self.sessions: dict[tuple[int, str], SessionSeen] = {}
        """By the number of the run, and name."""
        self.unlisted_sessions = False
        """Were there more than are looked at one by one?"""
        self.episodes: dict[Verdict, list[Placed]] = {verdict: [] for verdict in Verdict}
        """The first of each verdict."""
        self.episode_count = 0
        self.waits: list[Placed] = []
        self.loops: list[Placed] = []
        self.duplicates: list[Placed] = []
        self.effects: dict[str, ToolEffect] = {}
        """Of each tool, as its calls had it."""
        self._keeping: Mapping[type, Callable[[int, Any], None]] = {
            CallEnded: self._call,
            EpisodeEnded: self._episode,
            HintJudged: self._hint,
            Looped: self._loop,
            Duplicated: self._duplicate,
            SessionOver: self._session,
            AgentEnded: self._agent,
            RunEnded: self._ended,
        }

    def add(self, run: int, record: Record) -> None:
        """Take a line."""
        self.runs[run].note(record)
        count(self.card, record, run)
        keep = self._keeping.get(type(record))
        if keep is not None:
            keep(run, record)

    def finish(self) -> None:
        """No more lines. What was open when a journal breaks off is censored: how it ended is not guessed."""
        for run, seen in enumerate(self.runs):
            still_open = list(seen.open.values()) if seen.ended is None else []
            seen.cut_off = len(still_open)
            for calls in still_open:
                self.add(run, _censored(seen, calls))
            seen.open.clear()

    def _call(self, run: int, line: CallEnded) -> None:
        seen = self.runs[run]
        seen.calls += 1
        if len(self.effects) < TOOLS_MOST:
            self.effects.setdefault(line.tool, line.effect)
        self._note_open(seen, line)
        session = self._session_of(run, line)
        if session is not None:
            session.calls += 1
            session.operations += line.attempt == 1 and line.role.takes_part and line.kind is not CallKind.HEDGE
            session.first = min(session.first, line.mono - line.seconds)
            session.last = max(session.last, line.mono)

    def _note_open(self, seen: RunSeen, line: CallEnded) -> None:
        if not line.role.takes_part or line.kind is CallKind.HEDGE:
            return
        if seems_delivered(line.outcome, line.status, any_byte=line.first_byte_seconds is not None):
            seen.open.pop(line.operation, None)
        elif line.mono <= seen.over.get(line.operation, 0.0):
            pass  # the agent had left it before the episode ended; only now was the tool done with it
        elif line.operation in seen.open or len(seen.open) < OPEN_MOST:
            calls = seen.open.setdefault(line.operation, [])
            if len(calls) < 64:
                calls.append(line)

    def _session_of(self, run: int, line: CallEnded) -> SessionSeen | None:
        found = self.sessions.get((run, line.session))
        if found is None:
            if len(self.sessions) >= SESSIONS_MOST:
                self.unlisted_sessions = True
                return None
            began = line.mono - line.seconds
            found = SessionSeen(len(self.sessions), line.session_source, began, line.mono)
            self.sessions[run, line.session] = found
        return found

    def _episode(self, run: int, line: EpisodeEnded) -> None:
        seen = self.runs[run]
        seen.open.pop(line.operation, None)
        seen.over[line.operation] = line.closed
        if len(seen.over) > OPEN_MOST:
            del seen.over[next(iter(seen.over))]
        self.episode_count += 1
        kept = self.episodes[line.verdict]
        if len(kept) < EPISODES_MOST:
            kept.append((run, line))
        session = self.sessions.get((run, line.session))
        if session is not None:
            session.episodes += 1
            session.inappropriate += line.verdict is Verdict.INAPPROPRIATE
            session.undecided += line.verdict is Verdict.UNKNOWN

    def _hint(self, run: int, line: HintJudged) -> None:
        if len(self.waits) < WAITS_MOST:
            self.waits.append((run, line))

    def _loop(self, run: int, line: Looped) -> None:
        if len(self.loops) < LOOPS_MOST:
            self.loops.append((run, line))

    def _duplicate(self, run: int, line: Duplicated) -> None:
        if len(self.duplicates) < DUPLICATES_MOST:
            self.duplicates.append((run, line))

    def _session(self, run: int, line: SessionOver) -> None:
        session = self.sessions.get((run, line.session))
        if session is not None:
            session.forgotten += line.forgotten

    def _agent(self, run: int, line: AgentEnded) -> None:
        self.runs[run].agent = line

    def _ended(self, run: int, line: RunEnded) -> None:
        self.runs[run].ended = line


def _censored(seen: RunSeen, calls: list[CallEnded]) -> EpisodeEnded:
    first = calls[0]
    return EpisodeEnded(
        v=1,
        at=first.at,
        mono=first.mono,
        run=first.run,
        episode=seen.last_episode + 1,
        session=first.session,
        tool=first.tool,
        operation=first.operation,
        fault=first.faults[-1] if first.faults else str(first.origin),
        rule=first.rule,
        resolution=Resolution.CENSORED,
        verdict=Verdict.UNKNOWN,
        attempts=len(calls),
        opened=first.mono,
        closed=seen.last,
        seconds=max(0.0, seen.last - first.mono),
        detection_seconds=first.seconds,
        wait_seconds=0.0,
        service_seconds=0.0,
        because=Because.CENSORED,
        outcome=first.outcome if first.outcome is not Outcome.OK else None,
        calls=tuple(call.number for call in calls),
        effect=first.effect,
    )
