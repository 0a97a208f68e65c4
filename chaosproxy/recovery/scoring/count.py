"""What is counted of calls and operations, of one tool or of several. Must not know where the counts come from."""

from collections import Counter
from collections.abc import Iterable
from typing import Self

import msgspec

from chaosproxy.core.call import CallKind, Layer
from chaosproxy.core.events import Certainty, KeyVerdict, OperationResult, RetryAfterVerdict, WasteReason
from chaosproxy.core.failures import Outcome
from chaosproxy.recovery.scoring.measured import Measured, ratio, share

_NUMBERS = (
    "calls",
    "other_calls",
    "operations",
    "write_operations",
    "faulted",
    "spared",
    "over_budget",
    "canaries",
)
_COUNTERS = (
    "results",
    "kinds",
    "layers",
    "outcomes",
    "wasted",
    "duplicates",
    "keys",
    "retry_after",
)


class Count(msgspec.Struct, kw_only=True):
    """What is counted of calls and operations."""

    calls: int = 0
    """That are over and take part."""
    other_calls: int = 0
    """That are over and nobody decided: token endpoints, handshakes, pings."""
    operations: int = 0
    """Those whose first call is over. The loser of a hedge is none: it is a further call of its twin's intention."""
    write_operations: int = 0
    """Those that could have their effect twice."""
    faulted: int = 0
    """Calls that something was done to, each once; also of `other_calls`."""
    spared: int = 0
    """Calls that something was to be done to, which then could not be (`malformed_json` on an empty body)."""
    over_budget: int = 0
    """Retries that a retry budget would have refused."""
    canaries: int = 0
    """False values that turned up again."""
    results: Counter[OperationResult] = msgspec.field(default_factory=Counter)
    """Operations by how they ended; each once, however many episodes it had."""
    kinds: Counter[CallKind] = msgspec.field(default_factory=Counter)
    """Of `calls`."""
    layers: Counter[Layer] = msgspec.field(default_factory=Counter)
    """Who decided, of those that somebody tried again."""
    outcomes: Counter[Outcome] = msgspec.field(default_factory=Counter)
    """Of `calls`."""
    wasted: Counter[WasteReason] = msgspec.field(default_factory=Counter)
    duplicates: Counter[Certainty] = msgspec.field(default_factory=Counter)
    """Effects; one call may have had several."""
    keys: Counter[KeyVerdict] = msgspec.field(default_factory=Counter)
    retry_after: Counter[RetryAfterVerdict] = msgspec.field(default_factory=Counter)

    @property
    def succeeded(self) -> int:
        """Operations that succeeded in the end."""
        return self.results[OperationResult.CLEAN] + self.results[OperationResult.RECOVERED]

    @property
    def decided(self) -> int:
        """Operations that succeeded or failed: what was cut off is neither."""
        return self.succeeded + self.results[OperationResult.FAILED]

    def success(self) -> Measured:
        """The share of decided operations that succeeded in the end."""
        return share(self.succeeded, self.decided)

    def amplification(self) -> Measured:
        """Calls an operation."""
        return ratio(self.calls, self.operations)

    def add(self, other: "Count") -> None:
        """Add what another has counted."""
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _COUNTERS:
            getattr(self, name).update(getattr(other, name))

    def add_plain(self, calls: int, writes: int, others: Counter[CallKind]) -> None:
        """Add calls that were all there was to their operations: answered as they should be, and untouched.

        `others` are those of them that were not plainly the first of what they are.
        """
        if calls:
            self.calls += calls
            self.operations += calls
            self.write_operations += writes
            self.results[OperationResult.CLEAN] += calls
            self.kinds[CallKind.FIRST] += calls - others.total()
            self.kinds.update(others)
            self.outcomes[Outcome.OK] += calls

    @classmethod
    def together(cls, counts: Iterable["Count"]) -> Self:
        """All of them as one."""
        total = cls()
        for count in counts:
            total.add(count)
        return total
