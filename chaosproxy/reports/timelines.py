"""The second pass: collects the calls of what is shown, and lays them out in time.

Numbers are made distinct here where several runs are put together, and times count from the beginning of their run.
"""

import heapq
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from chaosproxy.core.conclusions import Certainty, WasteReason
from chaosproxy.reports.choosing import Picked
from chaosproxy.reports.counting import RunSeen
from chaosproxy.reports.model import CallView
from chaosproxy.telemetry.records import CallEnded, Duplicated, Record, Wasted

CALLS_SHOWN: Final = 400
"""Of a session."""


class Offsets(msgspec.Struct, frozen=True):
    """What is added to the numbers of one run, so that no two calls of a report have the same, and its beginning."""

    calls: int
    operations: int
    episodes: int
    began: float
    """Monotonic seconds."""

    def call(self, number: int) -> int:
        """A call's number; 0, which stands for none, stays 0."""
        return number + self.calls if number else 0

    def all_calls(self, numbers: Iterable[int]) -> tuple[int, ...]:
        """Several of them."""
        return tuple([self.call(number) for number in numbers])

    def since(self, mono: float) -> float:
        """Seconds since the run began."""
        return max(0.0, mono - self.began)


def offsets_of(runs: Iterable[RunSeen]) -> tuple[Offsets, ...]:
    """One for each run; the first keeps its numbers."""
    found: list[Offsets] = []
    calls = operations = episodes = 0
    for run in runs:
        found.append(Offsets(calls, operations, episodes, run.first or 0.0))
        calls, operations = calls + run.last_call, operations + run.last_operation
        episodes += run.last_episode
    return tuple(found)


class Collecting:
    """What the second pass finds of the picked sessions and episodes."""

    def __init__(self, picked: Picked) -> None:
        self._sessions: dict[tuple[int, str], list[CallEnded]] = {name: [] for name in picked.sessions}
        self._wanted = picked.calls
        self._found: dict[tuple[int, int], CallEnded] = {}
        self._wasted: dict[tuple[int, int], WasteReason] = {}
        self._duplicates: dict[tuple[int, int], Certainty] = {}

    def add(self, run: int, record: Record) -> None:
        """Take a line."""
        if isinstance(record, CallEnded):
            key = (run, record.number)
            if key in self._wanted:
                self._found[key] = record
            line = self._sessions.get((run, record.session))
            if line is not None:
                _keep_first(line, record)
        elif isinstance(record, Wasted | Duplicated):
            self._mark(run, record)

    def _mark(self, run: int, record: Wasted | Duplicated) -> None:
        key = (run, record.number)
        if key not in self._wanted and (run, record.session) not in self._sessions:
            return
        if isinstance(record, Wasted):
            self._wasted.setdefault(key, record.reason)
        elif self._duplicates.get(key) is not Certainty.CONFIRMED:
            self._duplicates[key] = record.certainty

    def timeline(self, run: int, session: str, offsets: Offsets) -> tuple[CallView, ...]:
        """The first calls of a session, in the order in which they came, in lanes."""
        lines = sorted(self._sessions[run, session], key=_by_number)[:CALLS_SHOWN]
        spans = [(line.mono - line.seconds, line.mono) for line in lines]
        return tuple([self._view(run, line, lane, offsets) for line, lane in zip(lines, lanes(spans), strict=True)])

    def calls(self, run: int, numbers: Iterable[int], offsets: Offsets) -> Mapping[int, CallView]:
        """The calls of an episode by the numbers that the report gives them, as far as the journal has them."""
        found = [self._found[run, number] for number in numbers if (run, number) in self._found]
        return {offsets.call(line.number): self._view(run, line, 0, offsets) for line in found}

    def _view(self, run: int, line: CallEnded, lane: int, offsets: Offsets) -> CallView:
        wasted = self._wasted.get((run, line.number))
        return CallView(
            number=offsets.call(line.number),
            start=offsets.since(line.mono - line.seconds),
            seconds=max(0.0, line.seconds),
            lane=lane,
            tool=line.tool,
            role=line.role,
            effect=line.effect,
            kind=line.kind,
            layer=line.layer,
            operation=line.operation + offsets.operations if line.operation else 0,
            attempt=line.attempt,
            match_rule=line.match_rule,
            follows=offsets.call(line.follows),
            status=line.status,
            outcome=line.outcome,
            origin=line.origin,
            truth=line.upstream_truth,
            executions=line.executions,
            faults=line.faults,
            rule=line.rule,
            hint=None if line.hint is None else line.hint.seconds,
            wasted=None if wasted is None else str(wasted),
            duplicate=self._duplicates.get((run, line.number)),
        )


def lanes(spans: Iterable[tuple[float, float]]) -> tuple[int, ...]:
    """A lane for each span, given in the order in which they come: the lowest that is free when it begins."""
    free: list[int] = []
    busy: list[tuple[float, int]] = []
    found: list[int] = []
    used = 0
    for start, end in spans:
        while busy and busy[0][0] <= start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if free:
            lane = heapq.heappop(free)
        else:
            lane, used = used, used + 1
        heapq.heappush(busy, (max(start, end), lane))
        found.append(lane)
    return tuple(found)


def _keep_first(line: list[CallEnded], record: CallEnded) -> None:
    """Lines come in the order of their ends, so that some more are kept than are shown."""
    line.append(record)
    if len(line) >= 2 * CALLS_SHOWN:
        line.sort(key=_by_number)
        del line[CALLS_SHOWN:]


def _by_number(line: CallEnded) -> int:
    return line.number
