"""Turns events into the journal's records. Pure: it is told the time, and writes nothing.

What may not be written down is left out here: header values, query values and bodies never get any further.
"""

from collections.abc import Mapping
from typing import Literal

from chaosproxy.core.answer import Answer
from chaosproxy.core.call import Call, Route
from chaosproxy.core.clock import Clock
from chaosproxy.core.decision import QUIET, Decision
from chaosproxy.core.effects import Rewrite
from chaosproxy.core.events import (
    BackoffSeen,
    CallAnswered,
    CallWasted,
    CanaryFound,
    DuplicateEffect,
    EpisodeClosed,
    KeyJudged,
    LoopFound,
    RequestRefused,
    RetryAfterJudged,
    RetryOverBudget,
    SessionEnded,
    TunnelClosed,
)
from chaosproxy.core.failures import Phase
from chaosproxy.core.sparing import rules_spared
from chaosproxy.telemetry.records import (
    AgentEnded,
    BackedOff,
    CallEnded,
    CanarySeen,
    Control,
    Duplicated,
    EpisodeEnded,
    HintJudged,
    KeySeen,
    Looped,
    OverBudget,
    Refused,
    RunEnded,
    RunStarted,
    SessionOver,
    Skipped,
    Tunnelled,
    WaitHint,
    Wasted,
)
from chaosproxy.telemetry.run import Run
from chaosproxy.telemetry.timestamps import Timestamps

REMEMBERED = 4096
"""Targets that are kept as they are written."""

TARGET_LONGEST = 1024
DETAIL_LONGEST = 500
MODEL_LONGEST = 200
"""Characters that are written down of what an agent sent; a backlog of lines must stay small."""


class Recorder:
    """Makes the records of one run."""

    def __init__(self, about: Run, clock: Clock) -> None:
        self._about = about
        self._run = about.id
        self._clock = clock
        self._stamps = Timestamps(clock)
        self._targets: dict[Route, str] = {}

    def look_at_the_clock(self) -> None:
        """Follow the wall clock, which may have been set. Cheap, but not for every line."""
        self._stamps.follow()

    def call(self, event: CallAnswered) -> CallEnded:
        """A call at its end."""
        call, match, decision, answer = event.call, event.match, event.decision, event.answer
        route, purpose, hint, received, ended = call.route, call.purpose, answer.hint, call.received, answer.ended
        faults, phases = _strikes(decision) if decision.injections else ((), ())
        # By place and in the struct's order: by keyword forty fields take nine times as long, half of a line's cost.
        return CallEnded(
            1,
            self._stamps.at(ended),
            ended,
            self._run,
            call.number,
            call.session,
            call.session_source,
            route.tool,
            route.upstream,
            route.transport,
            route.method,
            self._target(route),
            call.fingerprint,
            match.operation,
            match.attempt,
            match.kind,
            match.layer,
            match.rule,
            decision.rule,
            faults,
            phases[0] if phases else None,
            phases,
            decision.draw,
            decision.reason,
            () if decision is QUIET else _skips(decision, answer),
            answer.status,
            answer.outcome,
            answer.origin,
            answer.truth,
            answer.upstream_status,
            answer.bytes_out,
            answer.first_byte - received if answer.first_byte else None,
            ended - received,
            answer.injected_seconds,
            answer.upstream_seconds,
            None if hint is None else WaitHint(hint.seconds, hint.source, hint.granularity),
            call.trace_id,
            answer.problem,
            answer.executions,
            _changes(decision) if faults and answer.skipped is None else (),
            route.effect,
            purpose.role,
            match.follows,
            None if purpose.model is None else purpose.model[:MODEL_LONGEST],
            tuple([each.rule for each in decision.injections]) if faults else (),
        )

    def _target(self, route: Route) -> str:
        """`target`, remembered: agents call the same few over and over."""
        known = self._targets.get(route)
        if known is None:
            if len(self._targets) >= REMEMBERED:
                self._targets.clear()
            known = self._targets[route] = target(route)
        return known

    def episode(self, event: EpisodeClosed) -> EpisodeEnded:
        """An episode, decided or censored."""
        return EpisodeEnded(
            v=1,
            at=self._stamps.at(event.closed),
            mono=event.closed,
            run=self._run,
            episode=event.episode,
            session=event.session,
            tool=event.tool,
            operation=event.operation,
            fault=event.fault,
            rule=event.rule,
            resolution=event.resolution,
            verdict=event.verdict,
            attempts=event.attempts,
            opened=event.opened,
            closed=event.closed,
            seconds=event.closed - event.opened,
            detection_seconds=event.detection_seconds,
            wait_seconds=event.wait_seconds,
            service_seconds=event.service_seconds,
            model_seconds=event.model_seconds,
            because=event.because,
            outcome=event.outcome,
            calls=event.calls,
            ended_by=event.ended_by,
            effect=event.effect,
        )

    def session(self, event: SessionEnded) -> SessionOver:
        """An agent run that is over."""
        return SessionOver(
            v=1,
            at=self._stamps.at(event.ended),
            mono=event.ended,
            run=self._run,
            session=event.session,
            source=event.source,
            calls=event.calls,
            operations=event.operations,
            episodes=event.episodes,
            started=event.started,
            ended=event.ended,
            forgotten=event.forgotten,
        )

    def hint_judged(self, event: RetryAfterJudged) -> HintJudged:
        """A hint that was obeyed, or not."""
        v, at, mono, run = self._head()
        session, tool, verdict, hint = event.session, event.tool, event.verdict, event.hint
        return HintJudged(
            v, at, mono, run, session, tool, verdict, hint, event.asked, event.waited, event.number, event.operation
        )

    def duplicated(self, event: DuplicateEffect) -> Duplicated:
        """A write that was executed again, may have been, or was kept from it."""
        v, at, mono, run = self._head()
        number, session, tool = _which(event.call)
        return Duplicated(v, at, mono, run, number, session, tool, event.certainty, event.operation, event.times)

    def key_judged(self, event: KeyJudged) -> KeySeen:
        """What a retry of a write did with its key."""
        v, at, mono, run = self._head()
        number, session, tool = _which(event.call)
        return KeySeen(v, at, mono, run, number, session, tool, event.verdict)

    def wasted(self, event: CallWasted) -> Wasted:
        """A call made in vain."""
        v, at, mono, run = self._head()
        number, session, tool = _which(event.call)
        return Wasted(v, at, mono, run, number, session, tool, event.reason)

    def loop(self, event: LoopFound) -> Looped:
        """An agent that goes round in a circle."""
        v, at, mono, run = self._head()
        return Looped(v, at, mono, run, event.session, event.tools, event.kind, event.calls, event.seconds)

    def backoff(self, event: BackoffSeen) -> BackedOff:
        """How the waits of one episode's retries grew."""
        v, at, mono, run = self._head()
        session, tool, operation = event.session, event.tool, event.operation
        return BackedOff(v, at, mono, run, session, tool, operation, event.layer, event.shape, event.waits)

    def over_budget(self, event: RetryOverBudget) -> OverBudget:
        """A retry that a budget would have refused."""
        v, at, mono, run = self._head()
        number, session, tool = _which(event.call)
        return OverBudget(v, at, mono, run, number, session, tool)

    def canary(self, event: CanaryFound) -> CanarySeen:
        """A false value that came back."""
        v, at, mono, run = self._head()
        number, session, tool = _which(event.call)
        role = event.call.purpose.role
        return CanarySeen(v, at, mono, run, number, session, tool, event.episode, event.planted, role)

    def agent(self, command: str, status: int, seconds: float) -> AgentEnded:
        """The command that a run was about is over."""
        v, at, mono, run = self._head()
        return AgentEnded(v, at, mono, run, command, status, seconds)

    def refused(self, event: RequestRefused) -> Refused:
        """Bytes that were not a call."""
        v, at, mono, run = self._head()
        return Refused(v, at, mono, run, event.reason, event.detail[:DETAIL_LONGEST], event.status)

    def tunnel(self, event: TunnelClosed) -> Tunnelled:
        """A tunnel that is closed."""
        v, at, mono, run = self._head()
        host, mode, reason = event.host, event.mode, event.reason
        return Tunnelled(v, at, mono, run, host, mode, reason, event.bytes_up, event.bytes_down, event.seconds)

    def control(self, who: str, what: str, detail: Mapping[str, str]) -> Control:
        """Somebody changed something."""
        v, at, mono, run = self._head()
        return Control(v, at, mono, run, who, what, dict(detail))

    def run_started(self) -> RunStarted:
        """The run begins."""
        v, at, mono, run = self._head()
        about = self._about
        profile, digest, seed, version = about.profile, about.digest, about.seed, about.version
        tools = dict(about.tools)
        return RunStarted(v, at, mono, run, profile, digest, seed, version, about.rules, about.expect, tools)

    def run_ended(self, seconds: float, calls: int, dropped: int, eligible: Mapping[str, int] | None) -> RunEnded:
        """The run ends in an orderly way."""
        v, at, mono, run = self._head()
        return RunEnded(v, at, mono, run, seconds, calls, dropped, None if eligible is None else dict(eligible))

    def _head(self) -> tuple[Literal[1], str, float, str]:
        """v, at, mono, run of a line about this moment."""
        mono = self._clock.monotonic()
        return 1, self._stamps.at(mono), mono, self._run


def _which(call: Call) -> tuple[int, str, str]:
    """number, session, tool of a line about one call."""
    return call.number, call.session, call.route.tool


def target(route: Route) -> str:
    """The path and the names of the query's parameters, without their values.

    A part without `=` may be a name or a bare value (`?eyJhbGciOi…`), so it is left out.
    """
    if not route.query:
        return route.path[:TARGET_LONGEST]
    names = [pair[: pair.index("=") + 1] for pair in route.query.split("&") if "=" in pair]
    return f"{route.path}?{'&'.join(names)}"[:TARGET_LONGEST]


def _strikes(decision: Decision) -> tuple[tuple[str, ...], tuple[Phase, ...]]:
    injections = decision.injections
    return tuple([each.fault for each in injections]), tuple([each.phase for each in injections])


def _changes(decision: Decision) -> tuple[str, ...]:
    effects = [effect for each in decision.injections for effect in each.effects]
    return tuple([effect.name for effect in effects if isinstance(effect, Rewrite)])


def _skips(decision: Decision, answer: Answer) -> tuple[Skipped, ...]:
    skips = tuple([Skipped(rule, reason) for rule, reason in decision.skipped])
    if answer.skipped is None or decision.rule is None:
        return skips
    return (*skips, *[Skipped(rule, answer.skipped) for rule in rules_spared(decision)])
