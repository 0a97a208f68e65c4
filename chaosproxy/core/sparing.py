"""Whose fault it was that could not be applied to a call, where several rules struck it at once."""

from chaosproxy.core.decision import Decision
from chaosproxy.core.effects import Delay, Disconnect, Effect, Hang, Reject, Respond
from chaosproxy.core.injection import Injection


def rules_spared(decision: Decision) -> tuple[str, ...]:
    """The rules whose faults were skipped, given that a fault of this decision was; in order, each once.

    What delays, ends or answers a call always fits; what works on the tool's reply may find one that does not.
    """
    injections = decision.injections
    picky = [each for each in injections if not _always_fits(each)]
    return tuple(dict.fromkeys([each.rule for each in picky or injections]))


def _always_fits(injection: Injection) -> bool:
    return all(_is_plain(effect) for effect in injection.effects)


def _is_plain(effect: Effect) -> bool:
    return isinstance(effect, Delay | Hang | Disconnect | Reject | Respond)
