"""Faults that stick: what was refused once is refused again, until the agent changes what it was refused for.

Were it let through at the next try, an agent would learn that asking again helps where in earnest it never does.
Knows no fault.
"""

from collections.abc import Hashable, Mapping
from types import MappingProxyType

from chaosproxy.core.call import Call
from chaosproxy.core.effects import Effect, Reject
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import RememberingFault, Scope
from chaosproxy.faults._rejecting import Rejecting

_MOST = 64
"""Things that one memory holds against an agent before the oldest is forgotten: memory has an end."""

Grounds = Mapping[Hashable, None]
"""What was refused, oldest first; never changed, only replaced."""


class Sticking(Rejecting, RememberingFault[Grounds]):
    """A fault that refuses for a reason, and every later call for which the same reason holds."""

    waits = True
    always_strikes = True

    @property
    def memory_scope(self) -> Scope:
        """What one session was refused does not concern another, unless the fault says so."""
        return Scope.SESSION

    def blank(self) -> Grounds:
        """Nothing was refused."""
        return MappingProxyType({})

    def grounds(self, call: Call) -> Hashable:
        """What a call is refused for: calls of which this is the same stand or fall together."""
        raise NotImplementedError(f"{self.type} has no reason to refuse {call.number}")

    def refusal(self, turn: Turn, rule: str) -> Reject:
        """What the agent is told."""
        raise NotImplementedError(f"{self.type} has no words for {turn.call.number} ({rule})")

    def step(self, turn: Turn, rule: str, memory: Grounds, *, triggered: bool) -> tuple[tuple[Effect, ...], Grounds]:
        """Refuse the call if such a one was refused before, or from now on."""
        if not triggered and not memory:
            return (), memory
        grounds = self.grounds(turn.call)
        if grounds not in memory:
            if not triggered:
                return (), memory
            memory = dict.fromkeys([*memory, grounds][-_MOST:])
        return (self.refusal(turn, rule),), memory
