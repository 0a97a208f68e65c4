"""A profile's rules, compiled once when it is loaded. Nothing in a plan changes."""

from dataclasses import dataclass
from typing import Any

from chaosproxy.core.draws import CallNumbers, RuleDraw
from chaosproxy.core.failures import Nature, Phase
from chaosproxy.core.turn import Turn
from chaosproxy.engine.budgets import Budgets
from chaosproxy.engine.matching import Condition, Target, condition, wanted_headers
from chaosproxy.engine.records import Occasion, Slot
from chaosproxy.engine.triggers import Trigger
from chaosproxy.faults._base import Fault, RememberingFault, Scope
from chaosproxy.profiles.models import Profile, Rule


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

    @classmethod
    def of(cls, rule: Rule, position: int, seed: int) -> "CompiledRule":
        """The rule at this place of its profile."""
        faults = tuple(CompiledFault.of(fault, rule.name, place) for place, fault in enumerate(rule.fault))
        return cls(
            name=rule.name,
            position=position,
            target=Target.of(rule.match, handshake=any(fault.strikes_handshake for fault in rule.fault)),
            condition=condition(rule.match),
            headers=wanted_headers(rule.match),
            trigger=Trigger.of(rule.when, RuleDraw.of(seed, rule.name)),
            remembers=any(fault.remembering is not None for fault in faults),
            faults=faults,
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
        return cls(
            rules=tuple(CompiledRule.of(rule, at, profile.seed) for at, rule in enumerate(profile.rules)),
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

    def turn(self, occasion: Occasion, number: int) -> Turn:
        """The occasion as a fault is told of it, with the number that its rule's chance goes by."""
        # By place: by keyword it takes twice as long.
        return Turn(occasion.call, occasion.attempt, occasion.ordinal, occasion.occurrence, occasion.now, number)
