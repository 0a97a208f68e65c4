"""Where the memories of faults are kept. Only names of places: the memories are in `ledger`."""

import msgspec

from chaosproxy.faults._base import Scope


class Slot(msgspec.Struct, frozen=True, cache_hash=True):
    """Where one memory of one fault is kept."""

    rule: str
    place: int
    """Which fault of the rule it is, from 0."""
    scope: Scope
    owner: str | None
    """The session, or the credential; None if all calls share it."""
