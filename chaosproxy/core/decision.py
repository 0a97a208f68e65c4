"""What the engine decided about one call, and why."""

import msgspec

from chaosproxy.core.effects import Effect
from chaosproxy.core.failures import Nature, Phase


class Injection(msgspec.Struct, frozen=True):
    """One fault that is to happen to one call."""

    rule: str
    fault: str
    """The fault's type: `latency`, `rate_limit`, ..."""
    phase: Phase
    nature: Nature
    effects: tuple[Effect, ...]


class Decision(msgspec.Struct, frozen=True):
    """The engine's word on one call."""

    rule: str | None = None
    """The rule that fired; None if the call goes through untouched."""
    injections: tuple[Injection, ...] = ()
    reason: str = "no rule fired"
    """Why, for people: `probability 30%, drew 0.118`."""
    draw: float | None = None
    """The number in [0, 1) that chance was judged by, if it was."""
    skipped: tuple[tuple[str, str], ...] = ()
    """(rule, reason) for each rule that would have fired, had a budget or switch not held it back."""


QUIET = Decision()
"""No rule fired: shared, because most calls end here."""
