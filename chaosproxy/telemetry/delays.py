"""Shares out the time that faults added to one call among those that took it. Knows effects, and no fault by name."""

from collections.abc import Iterator
from math import inf, isinf

from chaosproxy.core.decision import Decision, Injection
from chaosproxy.core.effects import Delay, Hang, Hold, Stall, Throttle


def delay_shares(decision: Decision, seconds: float) -> Iterator[tuple[str, float]]:
    """(fault, seconds) for each fault that took time, of all that faults added to one call.

    Each gets what it had planned, in order, as far as the time goes (an agent may have left before the end);
    the last gets the rest, or the one whose time depends on the reply's length.
    """
    if len(decision.injections) == 1:
        yield decision.injections[0].fault, seconds
        return
    slow = [(injection.fault, planned) for injection in decision.injections if (planned := _planned(injection))]
    slow.sort(key=lambda each: isinf(each[1]))
    left = seconds
    for place, (fault, planned) in enumerate(slow, start=1):
        share = left if place == len(slow) else min(planned, left)
        if share > 0:
            yield fault, share
        left -= share


def _planned(injection: Injection) -> float:
    if any(isinstance(effect, Throttle) for effect in injection.effects):
        return inf
    return sum(effect.seconds for effect in injection.effects if isinstance(effect, Delay | Hang | Hold | Stall))
