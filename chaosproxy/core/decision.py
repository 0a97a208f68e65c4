"""What the engine decided about one call, and why. Compiled, as `call` is."""

from dataclasses import dataclass
from typing import Final

from chaosproxy.core.effects import Aside
from chaosproxy.core.injection import Injection

__all__ = ["QUIET", "Decision", "Injection"]


@dataclass(init=False, unsafe_hash=True)
class Decision:
    """The engine's word on one call."""

    rule: Final[str | None]
    """The rule that fired, the first if there are several; None if the call goes through untouched."""
    injections: Final[tuple[Injection, ...]]
    reason: Final[str]
    """Why, for people: `probability 30%, drew 0.118`."""
    draw: Final[float | None]
    """The number in [0, 1) that chance was judged by, if it was."""
    skipped: Final[tuple[tuple[str, str], ...]]
    """(rule, reason) for each rule that would have fired, had a budget or switch not held it back."""
    asides: Final[tuple[Aside, ...]]
    """What is to be done besides, hit or not, without harm."""
    leases: Final[tuple[object, ...]]
    """For the engine: what it takes back when the call is over."""

    def __init__(  # noqa: PLR0913, PLR0917 - as in `call`
        self,
        rule: str | None = None,
        injections: tuple[Injection, ...] = (),
        reason: str = "no rule fired",
        draw: float | None = None,
        skipped: tuple[tuple[str, str], ...] = (),
        asides: tuple[Aside, ...] = (),
        leases: tuple[object, ...] = (),
    ) -> None:
        self.rule = rule
        self.injections = injections
        self.reason = reason
        self.draw = draw
        self.skipped = skipped
        self.asides = asides
        self.leases = leases


QUIET = Decision()
"""No rule fired: shared, because most calls end here."""
