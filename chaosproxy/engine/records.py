"""What passes between the parts of the engine: a call as it was counted, and what was decided.

Only records: no rule and no judgement is here. Compiled, as `core.call` is.
"""

from dataclasses import dataclass
from typing import Final

from chaosproxy.core.call import Call
from chaosproxy.core.decision import QUIET, Decision, Injection
from chaosproxy.core.effects import Aside
from chaosproxy.engine.slots import Lease, Slot

__all__ = ["Blow", "Lease", "Memories", "Occasion", "Slot", "Verdict"]


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
class Blow:
    """What one rule does to a call, and why."""

    position: Final[int]
    """The rule's, in the profile."""
    rule: Final[str]
    injections: Final[tuple[Injection, ...]]
    """Not empty."""
    reason: Final[str]
    draw: Final[float | None]
    triggered: Final[bool]
    """Did the rule fire because its trigger held? If not, because of what a fault remembered."""

    def __init__(  # noqa: PLR0913 - as in `core.call`
        self,
        position: int,
        rule: str,
        injections: tuple[Injection, ...],
        reason: str,
        draw: float | None,
        *,
        triggered: bool,
    ) -> None:
        self.position = position
        self.rule = rule
        self.injections = injections
        self.reason = reason
        self.draw = draw
        self.triggered = triggered

    def of(self, injections: tuple[Injection, ...]) -> "Blow":
        """The same with these injections alone."""
        return Blow(self.position, self.rule, injections, self.reason, self.draw, triggered=self.triggered)


@dataclass(init=False)
class Verdict:
    """A decision, and what the ledger has to write down about it. `decide` fills it in, rule by rule."""

    decision: Decision
    reason: str
    """Why no rule fired."""
    stop: int
    """The place in the shortlist of the rule after which no other was asked; -1 if all were."""
    conditional: tuple[int, ...]
    """The positions of the rules with conditions that were asked and whose conditions held."""
    memories: Memories
    """What faults remember from now on."""
    asides: tuple[Aside, ...]
    leases: tuple[Lease, ...]
    """What the call has taken from memories, for as long as it lasts."""
    blows: tuple[Blow, ...]
    """What the rules that fired do, in order."""
    skipped: tuple[tuple[str, str], ...]
    """As in `Decision`."""
    barred: bool
    """Does one of the faults that struck end the call before the tool is reached?"""

    def __init__(self) -> None:
        self.decision = QUIET
        self.reason = QUIET.reason
        self.stop = -1
        self.conditional = ()
        self.memories = ()
        self.asides = ()
        self.leases = ()
        self.blows = ()
        self.skipped = ()
        self.barred = False

    def forget(self, rule: str) -> None:
        """As though the faults of this rule had not been asked."""
        self.memories = tuple([each for each in self.memories if each[0].rule != rule])
        self.leases = tuple([each for each in self.leases if each.slot.rule != rule])
