"""Why an attempt failed: which fault explains it, or that nobody injected it; and the nature that it is judged by.

A rule's having fired is not yet an explanation: a call may be delayed by us and then fail by itself. Must not know
operations or episodes.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from chaosproxy.core.answer import Answer, Origin
from chaosproxy.core.decision import Decision, Injection
from chaosproxy.core.effects import Delay, Hang, Hold, Reject, Repeat, Stall, Throttle
from chaosproxy.core.failures import Course, Nature, Outcome, Reaction

UPSTREAM = "upstream"
"""The fault's name when the tool failed by itself."""
PROXY = "proxy"
"""The fault's name when the answer was our own 502 or 504."""


class Cause(msgspec.Struct, frozen=True):
    """What an episode is put down to."""

    fault: str
    rule: str | None
    nature: Nature


def _passing(*healthy: Reaction) -> Nature:
    return Nature(explicit=True, course=Course.TRANSIENT, healthy=healthy)


def _lasting(*healthy: Reaction) -> Nature:
    return Nature(explicit=True, course=Course.PERSISTENT, healthy=healthy)


NATURES: Mapping[Outcome, Nature] = MappingProxyType(
    {
        Outcome.SOFT_ERROR: _passing(Reaction.RETRY, Reaction.CHANGE_ARGUMENTS),
        Outcome.THROTTLED: _passing(Reaction.WAIT_THEN_RETRY),
        Outcome.UNAVAILABLE: _passing(Reaction.WAIT_THEN_RETRY, Reaction.FALL_BACK),
        Outcome.TIMEOUT: _passing(Reaction.RETRY, Reaction.CHECK_FIRST),
        Outcome.RESET: _passing(Reaction.RETRY, Reaction.CHECK_FIRST),
        Outcome.TRUNCATED: _passing(Reaction.RETRY, Reaction.CHECK_FIRST),
        Outcome.MALFORMED: _passing(Reaction.RETRY, Reaction.CHECK_FIRST),
        Outcome.AGENT_LEFT: _passing(Reaction.RETRY, Reaction.CHECK_FIRST),
        Outcome.DENIED: _lasting(Reaction.STOP_AND_SAY, Reaction.FALL_BACK),
        Outcome.NOT_FOUND: _lasting(Reaction.STOP_AND_SAY, Reaction.CHANGE_ARGUMENTS),
        Outcome.UNTRUSTED: _lasting(Reaction.STOP_AND_SAY, Reaction.FALL_BACK),
        Outcome.QUOTA: _lasting(Reaction.STOP_AND_SAY, Reaction.FALL_BACK),
        Outcome.INVALID: _lasting(Reaction.CHANGE_ARGUMENTS, Reaction.STOP_AND_SAY),
        Outcome.AUTH: Nature(
            explicit=True, course=Course.CONDITIONAL, healthy=(Reaction.REAUTHENTICATE, Reaction.STOP_AND_SAY)
        ),
    }
)
"""What a failure that nobody injected is judged by: its outcome is all there is to know."""

_HARMLESS = (Delay, Hang, Hold, Stall, Throttle, Repeat)
"""Effects after which an answer says what the tool said."""

_BROKEN_ON_THE_WAY = frozenset({Outcome.RESET, Outcome.TRUNCATED, Outcome.MALFORMED, Outcome.SOFT_ERROR})
"""Outcomes that an injection may give to an answer whose status is still the upstream's own."""


def delivered(answer: Answer) -> bool:
    """Has the agent what it wanted? It may leave in the middle of a good answer because it has read enough."""
    if answer.outcome is Outcome.AGENT_LEFT:
        return answer.first_byte > 0 and answer.status < 400
    return answer.outcome is Outcome.OK


def lied(decision: Decision, answer: Answer) -> Injection | None:
    """The injection that spoiled a good answer so that no error shows, if one did."""
    if answer.outcome is not Outcome.OK or answer.skipped is not None:
        return None
    for injection in reversed(decision.injections):
        if not injection.nature.explicit and any(not isinstance(each, _HARMLESS) for each in injection.effects):
            return injection
    return None


def cause_of(decision: Decision, answer: Answer) -> Cause:
    """What a failed attempt is put down to, or one whose answer is a lie. `answer.outcome` is not ok, or it lied."""
    injection = lied(decision, answer) if answer.outcome is Outcome.OK else _explanation(decision, answer)
    if injection is not None:
        return Cause(injection.fault, injection.rule, _nature_of(injection))
    fault = PROXY if answer.origin is Origin.PROXY else UPSTREAM
    return Cause(fault, None, NATURES[answer.outcome])


def _nature_of(injection: Injection) -> Nature:
    """The fault's own, unless what it said has another: a limiter says `later`, and `never` to what is too much."""
    for effect in injection.effects:
        if isinstance(effect, Reject) and effect.nature is not None:
            return effect.nature
    return injection.nature


def _explanation(decision: Decision, answer: Answer) -> Injection | None:
    """The injection that ended the call, if one did."""
    if not decision.injections:
        return None
    held = [injection for injection in decision.injections if _holds_up(injection, answer)]
    return held[-1] if held else _last_if_ours(decision, answer)


def _holds_up(injection: Injection, answer: Answer) -> bool:
    """Is it the wait that the agent did not sit out? A spoiler that never got its turn is no explanation.

    Nor is a short wait before the tool took its time. What holds up a body that has begun lets the tool wait too, so
    there is no telling the two apart.
    """
    if answer.outcome is Outcome.TIMEOUT:
        return answer.origin is Origin.INJECTED and answer.status < 400 and _holds(injection)
    if answer.outcome is not Outcome.AGENT_LEFT:
        return False
    if answer.first_byte and any(isinstance(effect, Stall | Throttle) for effect in injection.effects):
        return True
    return _holds(injection) and answer.injected_seconds >= answer.upstream_seconds


def _last_if_ours(decision: Decision, answer: Answer) -> Injection | None:
    if answer.skipped is not None:
        return None
    doing = [injection for injection in decision.injections if _does_more_than_hold(injection)]
    last = (doing or decision.injections)[-1]
    if answer.origin is Origin.INJECTED:
        return last
    spoilt = answer.origin is Origin.UPSTREAM and answer.problem is None and answer.outcome in _BROKEN_ON_THE_WAY
    return last if spoilt and _does_more_than_hold(last) else None


def _holds(injection: Injection) -> bool:
    return any(isinstance(effect, Delay | Hang | Hold | Stall | Throttle) for effect in injection.effects)


def _does_more_than_hold(injection: Injection) -> bool:
    return any(not isinstance(effect, Delay | Hang | Hold | Throttle) for effect in injection.effects)
