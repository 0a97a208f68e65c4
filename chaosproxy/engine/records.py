"""What passes between the parts of the engine: a call as it was counted, and what was decided.

Only records: no rule and no judgement is here. Compiled, as `core.call` is.
"""

from dataclasses import dataclass
from typing import Final

from chaosproxy.core.call import Call
from chaosproxy.core.decision import Decision
from chaosproxy.engine.slots import Slot

__all__ = ["Memories", "Occasion", "Slot", "Verdict"]


@dataclass(init=False)
class Occasion:
    """What a decision goes by, beside the rules and what is remembered."""

    call: Final[Call]
    attempt: Final[int]
    """Which attempt of its operation it is, from 1."""
    ordinal: Final[int]
    """Which call of this tool in this session it is, from 1."""
    occurrence: Final[int]
    """How often this fingerprint has been seen in this session, this call included."""
    arrival: Final[int]
    """Which call of the run it is, from 1."""
    now: Final[float]
    """Monotonic seconds."""

    def __init__(  # noqa: PLR0913, PLR0917 - as in `core.call`
        self,
        call: Call,
        attempt: int,
        ordinal: int,
        occurrence: int,
        arrival: int,
        now: float,
    ) -> None:
        self.call = call
        self.attempt = attempt
        self.ordinal = ordinal
        self.occurrence = occurrence
        self.arrival = arrival
        self.now = now


Memories = tuple[tuple[Slot, object], ...]


@dataclass(init=False)
class Verdict:
    """A decision, and what the ledger has to write down about it."""

    decision: Final[Decision]
    stop: Final[int]
    """The place in the shortlist of the rule that decided; -1 if none did."""
    conditional: Final[tuple[int, ...]]
    """The positions of the rules with conditions that were asked and whose conditions held."""
    memories: Final[Memories]
    """What faults remember from now on."""
    triggered: Final[bool]
    """Did the rule fire because its trigger held? If not, because of what a fault remembered."""

    def __init__(
        self,
        decision: Decision,
        stop: int,
        conditional: tuple[int, ...],
        memories: Memories,
        *,
        triggered: bool,
    ) -> None:
        self.decision = decision
        self.stop = stop
        self.conditional = conditional
        self.memories = memories
        self.triggered = triggered
