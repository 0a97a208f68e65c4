"""A call that is over, as a scorecard counts it: the same from an event and from a journal's line."""

import msgspec

from chaosproxy.core.call import CallKind, Layer, ToolEffect
from chaosproxy.core.failures import Outcome
from chaosproxy.core.passing import CallAnswered
from chaosproxy.core.purpose import Role
from chaosproxy.core.sparing import rules_spared


class CallSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A call that is over."""

    session: str
    tool: str
    effect: ToolEffect = ToolEffect.READ
    role: Role = Role.TOOL
    operation: int = 0
    attempt: int = 1
    kind: CallKind = CallKind.FIRST
    layer: Layer = Layer.NONE
    outcome: Outcome = Outcome.OK
    delivered: bool = True
    """Has the agent what it wanted, as far as it can see (`seems_delivered`)?"""
    seconds: float = 0.0
    """From its arrival to its end."""
    faults: tuple[str, ...] = ()
    """Those that were begun on it."""
    rules: tuple[str, ...] = ()
    """The rule of each of `faults`, in the same order."""
    spared: tuple[str, ...] = ()
    """Those of `rules` whose faults could then not be applied, each once."""
    held_back: tuple[str, ...] = ()
    """Rules that would have fired, had a budget or a switch not held them back."""


def seems_delivered(outcome: Outcome, status: int, *, any_byte: bool) -> bool:
    """Has the agent what it wanted? It may leave in the middle of a good answer because it has read enough."""
    if outcome is Outcome.AGENT_LEFT:
        return any_byte and status < 400
    return outcome is Outcome.OK


def call_seen(event: CallAnswered) -> CallSeen:
    """What is to be counted of an event."""
    call, match, decision, answer = event.call, event.match, event.decision, event.answer
    return CallSeen(
        session=call.session,
        tool=call.route.tool,
        effect=call.route.effect,
        role=call.purpose.role,
        operation=match.operation,
        attempt=match.attempt,
        kind=match.kind,
        layer=match.layer,
        outcome=answer.outcome,
        delivered=seems_delivered(answer.outcome, answer.status, any_byte=answer.first_byte > 0),
        seconds=max(0.0, answer.ended - call.received),
        faults=tuple([each.fault for each in decision.injections]),
        rules=tuple([each.rule for each in decision.injections]),
        spared=() if answer.skipped is None or not decision.injections else rules_spared(decision),
        held_back=tuple([rule for rule, _ in decision.skipped]),
    )
