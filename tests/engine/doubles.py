"""Faults that do as little as a test needs, and short ways to say a rule, a call and a run of calls."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

import msgspec

from chaosproxy.core.call import Call, Route, ToolEffect
from chaosproxy.core.decision import Decision
from chaosproxy.core.effects import Delay, Effect, Reject
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.engine.engine import Engine
from chaosproxy.faults._base import Fault, RememberingFault, Scope
from chaosproxy.profiles.models import Match, Profile, Rule, RunPhase, Safety, When

TRANSIENT = Nature(explicit=True, course=Course.TRANSIENT, healthy=(Reaction.RETRY,))


class Pause(Fault):
    """Waits a second."""

    ends_call = False
    phases = (Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM)
    nature = TRANSIENT
    type: Literal["pause"] = "pause"

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        return (Delay(1.0, self.strikes),)


class Refusal(Fault):
    """Refuses, with an id drawn from the turn."""

    phases = (Phase.BEFORE_UPSTREAM,)
    nature = TRANSIENT
    type: Literal["refusal"] = "refusal"

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        return (Reject(FailureKind.UNAVAILABLE, self.strikes, draw=turn.draw(rule, "id")),)


class Harmless(Fault):
    """Never finds anything to do."""

    phases = (Phase.BEFORE_UPSTREAM,)
    nature = TRANSIENT
    type: Literal["harmless"] = "harmless"

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        return ()


class Turnstile(RememberingFault[int]):
    """Lets so many of the triggered calls in, and refuses the others."""

    phases = (Phase.BEFORE_UPSTREAM,)
    nature = TRANSIENT
    type: Literal["turnstile"] = "turnstile"
    admits: int = 2
    scope: Scope = Scope.SHARED

    @property
    def memory_scope(self) -> Scope:
        return self.scope

    def blank(self) -> int:
        return 0

    def step(self, turn: Turn, rule: str, memory: int, *, triggered: bool) -> tuple[tuple[Effect, ...], int]:
        if not triggered:
            return (), memory
        if memory < self.admits:
            return (), memory + 1
        return (Reject(FailureKind.RATE_LIMITED, self.strikes),), memory


class Grudge(RememberingFault[bool]):
    """Once triggered, refuses every call that comes after, triggered or not."""

    phases = (Phase.BEFORE_UPSTREAM,)
    nature = TRANSIENT
    type: Literal["grudge"] = "grudge"

    @property
    def memory_scope(self) -> Scope:
        return Scope.SESSION

    def blank(self) -> bool:
        return False

    def step(self, turn: Turn, rule: str, memory: bool, *, triggered: bool) -> tuple[tuple[Effect, ...], bool]:
        if memory or triggered:
            return (Reject(FailureKind.TOKEN_EXPIRED, self.strikes),), True
        return (), False


def rule(
    name: str = "rule",
    *faults: Fault,
    match: dict[str, Any] | None = None,
    when: dict[str, Any] | None = None,
    goes_on: bool = False,
) -> Rule:
    """A rule as a profile says it; it pauses, if no fault is given."""
    return Rule.model_construct(
        name=name,
        match=Match.model_validate(match or {}),
        when=When.model_validate(when or {}),
        fault=faults or (Pause(),),
        continue_=goes_on,
    )


def profile(
    *rules: Rule,
    seed: int = 1,
    phases: tuple[RunPhase, ...] = (),
    **safety: Any,  # noqa: ANN401 - any limit of `safety`
) -> Profile:
    limits = Safety.model_validate(safety)
    return Profile.model_construct(version=1, name="test", seed=seed, rules=rules, phases=phases, safety=limits)


ROUTE = Route(
    upstream="search",
    tool="find",
    transport="http",
    method="GET",
    host="127.0.0.1:9001",
    path="/v1/search",
    query="q=tea",
    effect=ToolEffect.READ,
    touchable=True,
)


def route(**changes: Any) -> Route:  # noqa: ANN401 - any field of a route
    return msgspec.structs.replace(ROUTE, **changes)


def call(fingerprint: str = "a", **changes: Any) -> Call:  # noqa: ANN401 - any field of a call
    return replace(
        Call(
            number=1,
            session="s1",
            session_source="path",
            route=ROUTE,
            fingerprint=fingerprint,
            headers=(),
            received=1_000.0,
        ),
        **changes,
    )


def judged(engine: Engine, calls: Iterable[Call], attempt: int = 1) -> list[Decision]:
    """What the engine decides about these calls, each over before the next begins."""
    decisions = []
    for each in calls:
        decisions.append(engine.judge(each, attempt, each.received))
        engine.finished(decisions[-1])
    return decisions


def hits(decisions: Sequence[Decision]) -> list[int]:
    """Which calls were hit, counted from 1."""
    return [number for number, decision in enumerate(decisions, 1) if decision.injections]
