"""One call's turn before the engine: the call, and what was counted when it came."""

import msgspec

from chaosproxy.core.call import Call
from chaosproxy.core.draws import named_draw


class Turn(msgspec.Struct, frozen=True):
    """All that a decision may depend on. Counted before the decision, in one step, with no await in between."""

    call: Call
    attempt: int
    """Which attempt of its operation it is, from 1."""
    ordinal: int
    """Which call of this tool in this session it is, from 1."""
    occurrence: int
    """How often this fingerprint has been seen in this session, this call included."""
    now: float
    """Monotonic seconds."""
    number: int
    """The call's 64-bit number, from which all its draws are made."""

    def draw(self, rule: str, name: str) -> float:
        """A number in [0, 1) for the fault of `rule`; `name` says what it is for."""
        return named_draw(self.number, rule, name)
