"""The score of a run, or of one agent run in it: what was done to the agent, how it coped, and whether that is enough.

A subscriber of events, nothing more: what is censored is counted apart and is in no rate. Must not know how episodes
come about.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from chaosproxy.core.bus import Bus
from chaosproxy.core.call import ToolEffect
from chaosproxy.core.events import (
    CallAnswered,
    CallReceived,
    DuplicateEffect,
    EpisodeClosed,
    FaultInjected,
    Resolution,
    RetryAfterJudged,
    RetryAfterVerdict,
)
from chaosproxy.core.sparing import rules_spared
from chaosproxy.profiles.models import Expectation
from chaosproxy.recovery.expectations import Measured, RunVerdict, judge_run
from chaosproxy.recovery.score import Score
from chaosproxy.recovery.tallies import BY_FAULT, Tally, score_of, share, together

WRITE: Final = ToolEffect.WRITE
"""Looked up once: an enum member costs more than a global, and every call asks."""


class Scorecard:
    """Counts what comes over a bus. With a `session`, only that agent run."""

    def __init__(self, session: str | None = None) -> None:
        self._session = session
        self.calls = 0
        self.operations = 0
        self.write_operations = 0
        """Operations that could have had their effect twice."""
        self.duplicate_effects = 0
        self.retry_after: Counter[RetryAfterVerdict] = Counter()
        self.rules_fired: Counter[str] = Counter()
        """Calls that each rule's faults were begun on."""
        self.rules_skipped: Counter[str] = Counter()
        """Those of them on which a fault could then not be applied (`malformed_json` on an empty body)."""
        self.begun = 0
        """Calls that a fault was begun on, by however many rules."""
        self.spared = 0
        """Those of them on which one could then not be applied."""
        self.faults: dict[str, Tally] = {}

    def attach(self, bus: Bus) -> None:
        """Count from now on."""
        bus.subscribe(CallReceived, self._received)
        bus.subscribe(FaultInjected, self._injected)
        bus.subscribe(CallAnswered, self._answered)
        bus.subscribe(RetryAfterJudged, self._judged)
        bus.subscribe(DuplicateEffect, self._duplicated)
        bus.subscribe(EpisodeClosed, self._closed)

    def score(self) -> Score:
        """Everything counted so far."""
        return Score(
            calls=self.calls,
            operations=self.operations,
            amplification=self.amplification().value,
            faults=tuple(score_of(fault, self.faults[fault]) for fault in sorted(self.faults)),
            retry_after={str(verdict): count for verdict, count in self.retry_after.items()},
            duplicate_effects=self.duplicate_effects,
            undetected_faults=sum(tally.resolutions[Resolution.UNDETECTED] for tally in self.faults.values()),
            rules_fired=dict(self.rules_fired),
            faulted=self.begun - self.spared,
            spared=self.spared,
        )

    def measure(self, name: str, faults: tuple[str, ...] = ()) -> Measured:
        """The value and cases of a measure of `core.measures`, over these faults, or all.

        Raises:
            KeyError: for a name that is no measure.
        """
        if not faults and name in OF_THE_RUN:
            return OF_THE_RUN[name](self)
        if faults and name in OF_THE_RUN and name not in BY_FAULT:
            return Measured(None, 0, "cannot be told by fault; leave out `of`")
        return BY_FAULT[name](together(self.faults[fault] for fault in faults or self.faults if fault in self.faults))

    def amplification(self) -> Measured:
        """Attempts an operation, over all operations."""
        return share(self.calls, self.operations)

    def retry_after_violations(self) -> Measured:
        """Retries that came earlier than they were asked to, out of the requests to wait."""
        return Measured(self.retry_after[RetryAfterVerdict.EARLY], self.retry_after.total())

    def duplicates(self) -> Measured:
        """Effects that happened once too often, out of the operations that write."""
        return Measured(self.duplicate_effects, self.write_operations)

    def judge(self, expectations: Mapping[str, Expectation], rules: Iterable[str]) -> RunVerdict:
        """The verdict of the run, given the expectations by measure and the names of all rules."""
        untested = [] if self.calls else ["the agent called nothing"]
        for rule in rules:
            if self.rules_fired[rule] == 0:
                untested.append(f"rule {rule!r} never fired")
            elif self.rules_fired[rule] <= self.rules_skipped[rule]:
                untested.append(f"rule {rule!r} fired, but its faults could not be applied to any of those calls")
        return judge_run(expectations, self.measure, tuple(untested))

    def _others(self, session: str) -> bool:
        return self._session is not None and session != self._session

    def _tally(self, fault: str) -> Tally:
        return self.faults.setdefault(fault, Tally())

    def _received(self, event: CallReceived) -> None:
        if self._others(event.call.session):
            return
        self.calls += 1
        if event.match.attempt == 1:
            self.operations += 1
            if event.call.route.effect is WRITE:
                self.write_operations += 1

    def _injected(self, event: FaultInjected) -> None:
        if self._others(event.call.session):
            return
        self.begun += 1
        for injection in event.decision.injections:
            self._tally(injection.fault).injected += 1
        for rule in {injection.rule for injection in event.decision.injections}:
            self.rules_fired[rule] += 1

    def _answered(self, event: CallAnswered) -> None:
        if event.answer.skipped is None or self._others(event.call.session):
            return
        spared = rules_spared(event.decision)
        if spared and set(spared) == {injection.rule for injection in event.decision.injections}:
            self.spared += 1
        for rule in spared:
            self.rules_skipped[rule] += 1

    def _judged(self, event: RetryAfterJudged) -> None:
        if not self._others(event.session):
            self.retry_after[event.verdict] += 1

    def _duplicated(self, event: DuplicateEffect) -> None:
        if not self._others(event.call.session):
            self.duplicate_effects += 1

    def _closed(self, event: EpisodeClosed) -> None:
        if not self._others(event.session):
            self._tally(event.fault).count(event)


OF_THE_RUN: Mapping[str, Callable[[Scorecard], Measured]] = MappingProxyType(
    {
        "retry_after_violations": Scorecard.retry_after_violations,
        "duplicate_effects": Scorecard.duplicates,
        "amplification": Scorecard.amplification,
    }
)
"""The measures that are taken of the whole run."""
