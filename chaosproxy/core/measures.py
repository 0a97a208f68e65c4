"""The measures of recovery that a profile may expect something of, and the units they are in."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Unit(StrEnum):
    """What a measure's number means, and so how a bound on it is written."""

    SHARE = "share"
    """0 to 1, written `95%`."""
    COUNT = "count"
    SECONDS = "seconds"
    """Written `10s`."""
    FACTOR = "factor"
    """A plain number, such as 1.5 attempts an operation."""


MEASURES: Mapping[str, Unit] = MappingProxyType(
    {
        "recovery_rate": Unit.SHARE,
        "appropriate_rate": Unit.SHARE,
        "retry_after_violations": Unit.COUNT,
        "duplicate_effects": Unit.COUNT,
        "undetected_faults": Unit.COUNT,
        "time_to_recovery_p50": Unit.SECONDS,
        "time_to_recovery_p95": Unit.SECONDS,
        "amplification": Unit.FACTOR,
    }
)
"""Every name that `expect:` knows.

`retry_after_violations` counts retries that came too early; `amplification` is calls divided by operations.
"""

OF_THE_RUN_ONLY = frozenset({"retry_after_violations", "duplicate_effects"})
"""Measures that cannot be taken of some faults alone."""
