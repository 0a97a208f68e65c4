"""What passes between the parts of the engine: a call as it was counted, what was decided, and where memories are kept.

Only records: no rule and no judgement is here.
"""

import msgspec

from chaosproxy.core.call import Call
from chaosproxy.core.decision import Decision
from chaosproxy.faults._base import Scope


class Occasion(msgspec.Struct, frozen=True, gc=False):
    """What a decision goes by, beside the rules and what is remembered."""

    call: Call
    attempt: int
    """Which attempt of its operation it is, from 1."""
    ordinal: int
    """Which call of this tool in this session it is, from 1."""
    occurrence: int
    """How often this fingerprint has been seen in this session, this call included."""
    arrival: int
    """Which call of the run it is, from 1."""
    now: float
    """Monotonic seconds."""


class Slot(msgspec.Struct, frozen=True, cache_hash=True):
    """Where one memory of one fault is kept."""

    rule: str
    place: int
    """Which fault of the rule it is, from 0."""
    scope: Scope
    owner: str | None
    """The session, or the credential; None if all calls share it."""


Memories = tuple[tuple[Slot, object], ...]


class Verdict(msgspec.Struct, frozen=True):
    """A decision, and what the ledger has to write down about it."""

    decision: Decision
    stop: int
    """The place in the shortlist of the rule that decided; -1 if none did."""
    conditional: tuple[int, ...]
    """The positions of the rules with conditions that were asked and whose conditions held."""
    memories: Memories
    """What faults remember from now on."""
    triggered: bool
    """Did the rule fire because its trigger held? If not, because of what a fault remembered."""
