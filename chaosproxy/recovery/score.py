"""A scorecard as a value, for whoever shows it."""

import msgspec

from chaosproxy.recovery.tallies import FaultScore


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A whole scorecard, as a value."""

    calls: int
    operations: int
    amplification: float | None
    """calls / operations; None if there was no call."""
    faults: tuple[FaultScore, ...]
    """By name."""
    retry_after: dict[str, int]
    duplicate_effects: int
    undetected_faults: int
    rules_fired: dict[str, int]
    faulted: int
    """Calls that something was done to, each counted once."""
    spared: int
    """Calls that something was to be done to, which then could not be (`malformed_json` on an empty body)."""
