"""One call's turn before the engine: the call, and what was counted when it came. Compiled, as `call` is."""

from dataclasses import dataclass
from typing import Final

from chaosproxy.core.call import Call
from chaosproxy.core.draws import named_draw


@dataclass(init=False)
class Turn:
    """All that a decision may depend on. Counted before the decision, in one step, with no await in between."""

    call: Final[Call]
    attempt: Final[int]
    """Which attempt of its operation it is, from 1."""
    ordinal: Final[int]
    """Which call of this tool in this session it is, from 1."""
    occurrence: Final[int]
    """How often this fingerprint has been seen in this session, this call included."""
    now: Final[float]
    """Monotonic seconds."""
    elapsed: Final[float]
    """Seconds since the run began: what `after`, `outage` and the like go by."""
    number: Final[int]
    """The call's 64-bit number, from which all its draws are made."""

    def __init__(  # noqa: PLR0913, PLR0917 - as in `call`
        self,
        call: Call,
        attempt: int,
        ordinal: int,
        occurrence: int,
        now: float,
        number: int,
        elapsed: float = 0.0,
    ) -> None:
        self.call = call
        self.attempt = attempt
        self.ordinal = ordinal
        self.occurrence = occurrence
        self.now = now
        self.number = number
        self.elapsed = elapsed

    def draw(self, rule: str, name: str) -> float:
        """A number in [0, 1) for the fault of `rule`; `name` says what it is for."""
        return named_draw(self.number, rule, name)
