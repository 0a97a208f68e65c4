"""Where the memories of faults are kept, and what is given back to them. Only names: the memories are in `ledger`."""

from typing import Any

import msgspec

from chaosproxy.faults._base import RememberingFault, Scope


class Slot(msgspec.Struct, frozen=True, cache_hash=True):
    """Where one memory of one fault is kept."""

    rule: str
    place: int
    """Which fault of the rule it is, from 0."""
    scope: Scope
    owner: str | None
    """The session, or the credential; None if all calls share it."""


class Lease(msgspec.Struct, frozen=True):
    """What a call that a fault let pass has taken from its memory, for as long as the call lasts."""

    slot: Slot
    fault: RememberingFault[Any]
    arrival: int
    """Which call of the run has taken it: a session that was opened later owes it nothing."""
