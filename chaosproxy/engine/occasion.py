"""One call as the engine meets it: what was asked, and what the ledger counted when it came."""

import msgspec

from chaosproxy.core.call import Call


class Occasion(msgspec.Struct, frozen=True):
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
