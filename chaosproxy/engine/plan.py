"""A profile's rules, compiled once when it is loaded. Nothing in a plan changes."""

from dataclasses import dataclass
from typing import Any

from chaosproxy.core.draws import CallNumbers, RuleDraw, call_number
from chaosproxy.core.failures import Nature, Phase
from chaosproxy.core.turn import Turn
from chaosproxy.engine.budgets import Budgets
from chaosproxy.engine.matching import Condition, Target, condition, wanted_headers
from chaosproxy.engine.records import Occasion, Slot
from chaosproxy.engine.shares import share_parts
from chaosproxy.engine.timing import Period, Phases, periods, time_parts
from chaosproxy.engine.triggers import Trigger
from chaosproxy.faults._base import Fault, RememberingFault, Scope
from chaosproxy.profiles.models import Profile, Rule
from chaosproxy.profiles.when import rules_of


@dataclass(frozen=True, eq=False)
class CompiledFault:
    """One fault of a rule, and what is said about it when it strikes."""

    fault: Fault
    remembering: RememberingFault[Any] | None
    """The fault again, if it is one that remembers."""
    blank: Any
    """Its memory before the first call."""
    scope: Scope
    """Who shares its memory."""
    shared: Slot | None
    """Where its memory is, if all calls share it."""
    place: int
    lends: bool
    """Is it told when a call that it let pass is over?"""
    bars: bool
    """Does nothing reach the tool when it strikes?"""
    type: str
    phase: Phase
    nature: Nature

    @classmethod
    def of(cls, fault: Fault, rule: str, place: int) -> "CompiledFault":
        """The fault at this place of its rule."""
        remembering = fault if isinstance(fault, RememberingFault) else None
        scope = remembering.memory_scope if remembering is not None else Scope.SHARED
        return cls(
            fault=fault,
            remembering=remembering,
            blank=remembering.blank() if remembering is not None else None,
            scope=scope,
            shared=Slot(rule, place, scope, None) if scope is Scope.SHARED else None,
            place=place,
            lends=remembering is not None and remembering.lends,
            bars=fault.ends_call and fault.strikes is Phase.BEFORE_UPSTREAM,
            type=fault.type,
            phase=fault.strikes,
            nature=fault.judged_by,
        )


@dataclass(frozen=True, eq=False)
class CompiledRule:
    """One thing that goes wrong, ready to be asked about calls."""

    name: str
    position: int
    """Its place in the profile, from 0."""
    target: Target
    condition: Condition | None
    headers: frozenset[bytes]
    """Those that the condition asks for, in lower case."""
    trigger: Trigger
    remembers: bool
    """Is one of its faults asked about every matching call?"""
    faults: tuple[CompiledFault, ...]
    waits: bool
    """Has it nothing to do before its trigger has held for the first time?"""
    phases: Phases | None
    """The phases that name it, if some do."""
    goes_on: bool
    """Are later rules asked too when it has fired?"""

    @classmethod
    def of(cls, rule: Rule, position: int, seed: int, named_by: tuple[Period, ...] = ()) -> "CompiledRule":
        """The rule at this place of its profile, and the phases that name it."""
        draw, numbers = RuleDraw.of(seed, rule.name), CallNumbers(seed)
        times = time_parts(rule.when, rule.name, named_by, call_number(seed, "", "outage", 0))
        faults = tuple(CompiledFault.of(fault, rule.name, place) for place, fault in enumerate(rule.fault))
        return cls(
            name=rule.name,
            position=position,
            target=Target.of(rule.match, handshake=any(fault.strikes_handshake for fault in rule.fault)),
            condition=condition(rule.match),
            headers=wanted_headers(rule.match),
            trigger=Trigger.of(rule.when, draw, times, share_parts(rule.when, rule.name, draw, numbers)),
            remembers=any(fault.remembering is not None for fault in faults),
            faults=faults,
            waits=all(fault.remembering is None or fault.remembering.waits for fault in faults),
            phases=Phases(named_by) if named_by else None,
            goes_on=rule.continue_,
        )


@dataclass(frozen=True, eq=False)
class Plan:
    """All that the engine takes from a profile."""

    rules: tuple[CompiledRule, ...]
    budgets: Budgets
    numbers: CallNumbers

    @classmethod
    def of(cls, profile: Profile) -> "Plan":
        """The plan of a profile that was loaded without mistakes."""
        spans = periods(profile.phases)
        named = rules_of(profile.phases, [rule.name for rule in profile.rules])
        of_rule = [tuple(spans[nth] for nth, rules in enumerate(named) if rule.name in rules) for rule in profile.rules]
        return cls(
            rules=tuple(CompiledRule.of(rule, at, profile.seed, of_rule[at]) for at, rule in enumerate(profile.rules)),
            budgets=Budgets.of(profile.safety),
            numbers=CallNumbers(profile.seed),
        )

    def number(self, occasion: Occasion, key: str) -> int:
        """The call's 64-bit number by one of the three keys."""
        call = occasion.call
        if key == "fingerprint":
            return self.numbers.number(call.session, call.fingerprint, occasion.occurrence)
        if key == "tool":
            return self.numbers.number(call.session, f"tool {call.route.tool}", occasion.ordinal)
        return self.numbers.number("", "arrival", occasion.arrival)

    def turn(self, occasion: Occasion, number: int, started: float) -> Turn:
        """The occasion as a fault is told of it, with the number that its rule's chance goes by.

        `started` is when the run began, in monotonic seconds.
        """
        now = occasion.now
        # By place: by keyword it takes twice as long.
        return Turn(occasion.call, occasion.attempt, occasion.ordinal, occasion.occurrence, now, number, now - started)
