"""The settings of faults that answer with a failure in the tool's own words. Knows kinds of failure, no vendor."""

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Fault


class Rejecting(Fault):
    """A fault that may answer in a dialect."""

    dialect: str | None = None
    """Whose error format to use: a dialect's name, or the path of a dialect file; the upstream's own, if left out."""
    message: str | None = None
    """Another error text than the dialect's; gateway pages have no place for one and keep theirs."""

    def rejection(
        self, turn: Turn, rule: str, kind: FailureKind, *, status: int | None = None, retry_after: float | None = None
    ) -> Reject:
        """The failure `kind` in this fault's phase; ids in it are drawn from the turn. `retry_after` in seconds."""
        return Reject(
            kind=kind,
            phase=self.strikes,
            dialect=self.dialect,
            status=status,
            message=self.message,
            retry_after=retry_after,
            draw=turn.draw(rule, "ids"),
        )
