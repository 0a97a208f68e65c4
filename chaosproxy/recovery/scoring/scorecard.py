"""The score of a run, or of one agent run in it: what was done to the agent, how it coped, and whether that is enough.

Fed by a bus (`attach`), or from a journal, line by line in its order (`count_…`), with the same result: everything is
counted from the ends of calls and episodes, which both have. What is censored is counted apart and is in no rate. Must
not know how episodes come about. Compiled: every call is counted here.

Of a journal's line of type `call`, `CallSeen` is made so: `rules` are the line's, or its `rule` for each of its faults;
`spared` those of the rules in its `skipped` that are among `rules`, and `held_back` the others; `delivered` is
`seems_delivered(outcome, status, any_byte=first_byte_seconds is not None)`. Where several runs are counted together,
their operations must have different numbers.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from chaosproxy.core.bus import Bus
from chaosproxy.core.call import CallKind, ToolEffect
from chaosproxy.core.decision import QUIET
from chaosproxy.core.events import (
    BackoffSeen,
    CallAnswered,
    CallWasted,
    CanaryFound,
    Certainty,
    DuplicateEffect,
    EpisodeClosed,
    KeyJudged,
    KeyVerdict,
    LoopFound,
    RetryAfterJudged,
    RetryAfterVerdict,
    RetryOverBudget,
    SessionEnded,
    WasteReason,
)
from chaosproxy.core.failures import Outcome
from chaosproxy.core.purpose import PLAIN
from chaosproxy.engine.matching import Glob, glob
from chaosproxy.recovery.scoring.board import Board
from chaosproxy.recovery.scoring.control import (
    CONTROL,
    FAULTS,
    NO_CONTROL,
    Arm,
    Comparison,
    LeftAlone,
    arm_of,
    compare,
    left_alone,
)
from chaosproxy.recovery.scoring.expectations import RunVerdict, judge_run
from chaosproxy.recovery.scoring.measured import Measured
from chaosproxy.recovery.scoring.measures import measure as taken
from chaosproxy.recovery.scoring.measures import part_of
from chaosproxy.recovery.scoring.operations import Operations
from chaosproxy.recovery.scoring.score import Score, score_board
from chaosproxy.recovery.scoring.seen import CallSeen, call_seen
from chaosproxy.recovery.scoring.terms import Terms, Wanted
from chaosproxy.recovery.scoring.untested import Tried, Untested, eligible_of, untested

FIRST: Final = CallKind.FIRST
HEDGE: Final = CallKind.HEDGE
OK: Final = Outcome.OK
WRITE: Final = ToolEffect.WRITE
"""Looked up once: an enum member costs more than a global, and every call asks."""

DURATIONS = 10_000
"""Durations of operations kept for each arm, the latest."""
SESSIONS = 4_096
"""Sessions of which it is remembered where they are counted."""

Slice = tuple[str | None, bool | None]
"""Some of a run's sessions: those that fit a glob, and those left alone (True) or not (False); None for all."""
EVERYTHING: Slice = (None, None)


class Scorecard:
    """Counts what comes over a bus or from a journal."""

    def __init__(self, terms: Terms | None = None, only: str | None = None, *, timed: bool = False) -> None:
        """Count nothing yet.

        Args:
            terms: what is to be judged by it.
            only: the one session that is counted; all if left out.
            timed: keep how long operations take also where no arms are compared within the run.
        """
        self.terms = terms or Terms()
        self._only = only
        self._left_alone: LeftAlone | None = left_alone(self.terms.seed, self.terms.rules)
        self._operations = Operations()
        self._known = self._operations.known
        self._globs = _globs_of(self.terms)
        self.whole = Board(self._globs, DURATIONS if timed else 0)
        """All that is counted."""
        self._slices: dict[Slice, Board] = {key: self._board(key) for key in self._slices_of(self.terms)}
        self._tests: dict[str, Glob] = {name: glob(name) for name, _ in self._slices if name is not None}
        self._quick = only is None and not timed and not self._slices
        self._cells = self.whole.cells
        self._everybody = (self.whole,)
        self._where: dict[str, tuple[Board, ...]] = {}
        self.rules_fired: Counter[str] = Counter()
        """Calls that each rule's faults were begun on."""
        self.rules_spared: Counter[str] = Counter()
        """Those of them on which a fault could then not be applied (`malformed_json` on an empty body)."""
        self._held_back: Counter[str] = Counter()

    # What happened, as events

    def attach(self, bus: Bus) -> None:
        """Count from now on."""
        bus.subscribe(CallAnswered, self._answered)
        bus.subscribe(EpisodeClosed, self.count_episode)
        bus.subscribe(RetryAfterJudged, self._hint_judged)
        bus.subscribe(DuplicateEffect, self._duplicated)
        bus.subscribe(KeyJudged, self._key_judged)
        bus.subscribe(CallWasted, self._wasted)
        bus.subscribe(LoopFound, self.count_loop)
        bus.subscribe(BackoffSeen, self.count_backoff)
        bus.subscribe(RetryOverBudget, self._over_budget)
        bus.subscribe(CanaryFound, self._canary_found)
        bus.subscribe(SessionEnded, self._session_ended)

    def _answered(self, event: CallAnswered) -> None:
        call, match = event.call, event.match
        plain = event.decision is QUIET and match.attempt == 1 and event.answer.outcome is OK
        counts = match.kind is not HEDGE and (call.purpose is PLAIN or call.purpose.role.takes_part)
        if plain and counts and self._quick and match.operation not in self._known:
            # Most calls end here, so nothing is called that need not be.
            route = call.route
            cell = self._cells.get(route.tool)
            if cell is None:
                cell = self.whole.cell(route.tool)
            cell.plain += 1
            if match.kind is not FIRST:
                cell.plain_kinds[match.kind] += 1
            if route.effect is WRITE:
                cell.plain_writes += 1
        else:
            self.count_call(call_seen(event))

    def _hint_judged(self, event: RetryAfterJudged) -> None:
        self.count_hint(event.session, event.tool, event.verdict)

    def _duplicated(self, event: DuplicateEffect) -> None:
        self.count_duplicate(event.call.session, event.call.route.tool, event.certainty, event.times)

    def _key_judged(self, event: KeyJudged) -> None:
        self.count_key(event.call.session, event.call.route.tool, event.verdict)

    def _wasted(self, event: CallWasted) -> None:
        self.count_wasted(event.call.session, event.call.route.tool, event.reason)

    def _over_budget(self, event: RetryOverBudget) -> None:
        self.count_over_budget(event.call.session, event.call.route.tool)

    def _canary_found(self, event: CanaryFound) -> None:
        self.count_canary(event.call.session, event.call.route.tool)

    def _session_ended(self, event: SessionEnded) -> None:
        self.count_session(event.session)

    # What happened, as values

    def count_call(self, call: CallSeen) -> None:
        """A call is over."""
        if self._only is not None and call.session != self._only:
            return
        if call.rules:
            self.rules_fired.update(dict.fromkeys(call.rules, 1))
            self.rules_spared.update(dict.fromkeys(call.spared, 1))
        if call.held_back:
            self._held_back.update(dict.fromkeys(call.held_back, 1))
        clean = call.role.takes_part and self._operations.ended(call)
        for board in self._boards(call.session):
            board.count_call(call, clean=clean)

    def count_episode(self, event: EpisodeClosed) -> None:
        """An episode is over."""
        if self._only is not None and event.session != self._only:
            return
        before, result = self._operations.closed(event)
        for board in self._boards(event.session):
            board.count_episode(event, before, result)

    def count_hint(self, session: str, tool: str, verdict: RetryAfterVerdict) -> None:
        """A request to wait was obeyed, or not."""
        for board in self._boards(session):
            board.cell(tool).rest.retry_after[verdict] += 1

    def count_duplicate(self, session: str, tool: str, certainty: Certainty, times: int = 1) -> None:
        """A write may have had, had, or was kept from having its effect so many times more than once."""
        for board in self._boards(session):
            board.cell(tool).rest.duplicates[certainty] += times

    def count_key(self, session: str, tool: str, verdict: KeyVerdict) -> None:
        """A retry of a write did something with its key."""
        for board in self._boards(session):
            board.cell(tool).rest.keys[verdict] += 1

    def count_wasted(self, session: str, tool: str, reason: WasteReason) -> None:
        """A call was made in vain."""
        for board in self._boards(session):
            board.cell(tool).rest.wasted[reason] += 1

    def count_loop(self, event: LoopFound) -> None:
        """An agent went round in a circle."""
        for board in self._boards(event.session):
            board.count_loop(event)

    def count_backoff(self, event: BackoffSeen) -> None:
        """An episode's retries were spaced in some way."""
        for board in self._boards(event.session):
            board.count_backoff(event)

    def count_over_budget(self, session: str, tool: str) -> None:
        """A retry was one that a retry budget would have refused."""
        for board in self._boards(session):
            board.cell(tool).rest.over_budget += 1

    def count_canary(self, session: str, tool: str) -> None:
        """A false value turned up in what the agent sent."""
        for board in self._boards(session):
            board.cell(tool).rest.canaries += 1

    def count_session(self, session: str) -> None:
        """An agent run is over."""
        for board in self._boards(session):
            board.sessions += 1

    # What it comes to

    def score(self) -> Score:
        """Everything counted so far."""
        return score_board(self.whole, self.rules_fired, self.rules_spared)

    def measure(self, name: str, faults: tuple[str, ...] = (), tool: str | None = None) -> Measured:
        """The value and cases of a measure of `core.measures` that is counted: over these faults, or all; at the tools
        that fit a glob, or all.

        Raises:
            KeyError: for a name that is no such measure.
        """
        return taken(name, part_of(self.whole, faults, tool))

    def judge(
        self,
        eligible: Mapping[str, int] | None = None,
        agent_status: int | None = None,
        baseline: "Scorecard | None" = None,
    ) -> RunVerdict:
        """The verdict of the run.

        Args:
            eligible: calls that each rule matched; None if that is not known.
            agent_status: the exit status of the agent's command, if we started one. At most 0 is expected of it, unless
                the profile says otherwise.
            baseline: the run to compare with, counted by a scorecard with the same expectations.
        """
        wanted = self.terms.wanted
        if agent_status is not None and not any(each.measure == "agent_exit_status" for each in wanted):
            wanted = (*wanted, Wanted("agent_exit_status", at_most=0))
        doubts = tuple([each.sentence for each in self.untested(eligible)]) if self._called else (NOTHING_CALLED,)
        return judge_run(wanted, lambda each: self._take(each, agent_status, baseline), doubts)

    def untested(self, eligible: Mapping[str, int] | None = None) -> tuple[Untested, ...]:
        """The rules of which nothing can be said, and why, in order; `eligible` as for `judge`."""
        rules = self.terms.rules
        if not self._called:
            return tuple([Untested(rule.name, NOTHING_CALLED, NOTHING_CALLED) for rule in rules])
        return untested(
            [
                Tried(
                    rule=rule,
                    first=place == 0,
                    fired=self.rules_fired[rule.name],
                    spared=self.rules_spared[rule.name],
                    held_back=self._held_back[rule.name],
                    eligible=eligible_of(eligible, rule.name),
                    called=self.whole.called(rule.tool),
                )
                for place, rule in enumerate(rules)
            ]
        )

    def comparison(
        self, baseline: "Scorecard | None" = None, tool: str | None = None, session: str | None = None
    ) -> Comparison | None:
        """What the faults cost, at the tools and in the sessions that fit: against a baseline, or else against the
        sessions that are left alone; None if there is neither.
        """
        if baseline is not None:
            control = arm_of(CONTROL, baseline.board((session, None)), tool)
        elif self._left_alone is not None:
            control = arm_of(CONTROL, self.board((session, True)), tool)
        else:
            return None
        return compare(self._faults_arm(tool, session), control)

    def leaves_alone(self, session: str) -> bool:
        """Is the session in the control arm?"""
        return self._left_alone is not None and self._left_alone.has(session)

    def board(self, key: Slice) -> Board:
        """What is counted of some sessions.

        Raises:
            KeyError: for sessions that no expectation is about.
        """
        return self.whole if key == EVERYTHING else self._slices[key]

    @property
    def _called(self) -> bool:
        return self.whole.called(None)

    def _faults_arm(self, tool: str | None, session: str | None) -> Arm:
        return arm_of(FAULTS, self.board((session, None if self._left_alone is None else False)), tool)

    def _take(self, wanted: Wanted, agent_status: int | None, baseline: "Scorecard | None") -> Measured:
        if wanted.measure == "agent_exit_status":
            why_not = None if agent_status is not None else "not known, because the agent was not started by us"
            return Measured(agent_status, 0 if agent_status is None else 1, why_not)
        if wanted.measure == "success_drop":
            compared = self.comparison(baseline, wanted.tool, wanted.session)
            return Measured(None, 0, NO_CONTROL) if compared is None else compared.measured()
        return taken(wanted.measure, part_of(self.board((wanted.session, None)), wanted.of, wanted.tool))

    # Which sessions are counted where

    def _slices_of(self, terms: Terms) -> list[Slice]:
        sessions = list(dict.fromkeys([each.session for each in terms.wanted if each.session is not None]))
        slices: list[Slice] = [(session, None) for session in sessions]
        if self._left_alone is not None:
            arms = [None, *[each.session for each in terms.wanted if each.measure == "success_drop"]]
            slices += [(session, alone) for session in dict.fromkeys(arms) for alone in (True, False)]
        return slices

    def _board(self, key: Slice) -> Board:
        return Board(self._globs, durations=0 if key[1] is None else DURATIONS)

    def _boards(self, session: str) -> tuple[Board, ...]:
        """The boards that a session is counted on; none if it is not to be counted."""
        if self._only is None and not self._slices:
            return self._everybody
        known = self._where.get(session)
        if known is None:
            if len(self._where) >= SESSIONS:
                self._where.clear()
            known = self._where[session] = self._boards_of(session)
        return known

    def _boards_of(self, session: str) -> tuple[Board, ...]:
        if self._only is not None and session != self._only:
            return ()
        alone = self.leaves_alone(session)
        boards = [
            board
            for (name, arm), board in self._slices.items()
            if (name is None or self._tests[name](session)) and arm in {None, alone}
        ]
        return (self.whole, *boards)


NOTHING_CALLED = "the agent called nothing"


def _globs_of(terms: Terms) -> tuple[str, ...]:
    """What tools will be asked for by."""
    named = [*[each.tool for each in terms.wanted], *[rule.tool for rule in terms.rules]]
    return tuple(dict.fromkeys([each for each in named if each is not None]))
