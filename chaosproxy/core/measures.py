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
        "operation_success": Unit.SHARE,
        "success_drop": Unit.SHARE,
        "retry_after_compliance": Unit.SHARE,
        "wasted_share": Unit.SHARE,
        "retry_after_violations": Unit.COUNT,
        "duplicate_effects": Unit.COUNT,
        "duplicate_exposures": Unit.COUNT,
        "undetected_faults": Unit.COUNT,
        "wasted_calls": Unit.COUNT,
        "loops": Unit.COUNT,
        "rotated_keys": Unit.COUNT,
        "retries_over_budget": Unit.COUNT,
        "agent_exit_status": Unit.COUNT,
        "time_to_recovery_p50": Unit.SECONDS,
        "time_to_recovery_p95": Unit.SECONDS,
        "amplification": Unit.FACTOR,
    }
)
"""Every name that `expect:` knows.

`operation_success` is the share of decided operations that succeeded in the end, and `success_drop` how far it is
below that of the control arm; `retry_after_violations` counts retries that came too early; `duplicate_effects` counts
what was executed twice, `duplicate_exposures` what was risked; `amplification` is calls divided by operations;
`agent_exit_status` is that of the command of `chaosproxy run`, for which at most 0 is expected unless the profile says
otherwise.
"""

BY_FAULT = frozenset(
    {
        "recovery_rate",
        "appropriate_rate",
        "undetected_faults",
        "time_to_recovery_p50",
        "time_to_recovery_p95",
        "amplification",
    }
)
"""Measures that can be taken of some faults alone (`of`): those of episodes."""

OF_THE_AGENT = frozenset({"agent_exit_status"})
"""Measures of which there is one value for a whole run: neither `of` nor `tool` nor `session` goes with them."""
