"""What the engine decided about one call, and why. Compiled, as `call` is."""

from dataclasses import dataclass
from typing import Final

from chaosproxy.core.injection import Injection

__all__ = ["QUIET", "Decision", "Injection"]


@dataclass(init=False, unsafe_hash=True)
class Decision:
    """The engine's word on one call."""

    rule: Final[str | None]
    """The rule that fired; None if the call goes through untouched."""
    injections: Final[tuple[Injection, ...]]
    reason: Final[str]
    """Why, for people: `probability 30%, drew 0.118`."""
    draw: Final[float | None]
    """The number in [0, 1) that chance was judged by, if it was."""
    skipped: Final[tuple[tuple[str, str], ...]]
    """(rule, reason) for each rule that would have fired, had a budget or switch not held it back."""

    def __init__(
        self,
        rule: str | None = None,
        injections: tuple[Injection, ...] = (),
        reason: str = "no rule fired",
        draw: float | None = None,
        skipped: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.rule = rule
        self.injections = injections
        self.reason = reason
        self.draw = draw
        self.skipped = skipped


QUIET = Decision()
"""No rule fired: shared, because most calls end here."""
