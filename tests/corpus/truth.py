"""What a conversation really was: the labels that its author, who knows the intention, gives it. Knows no tracker."""

from collections import Counter
from dataclasses import dataclass, field

from chaosproxy.core.call import CallKind, Layer
from chaosproxy.core.conclusions import (
    Because,
    Resolution,
    Verdict,
)


@dataclass
class CallTruth:
    """One call."""

    operation: int
    """The label of the first call of its operation; 0 for a call that belongs to none."""
    kind: CallKind
    layer: Layer | None
    """None: not stated, and not scored."""
    what: str
    """The request in short, for messages."""


@dataclass
class OperationTruth:
    """One intention that met a failure."""

    resolution: Resolution
    verdict: Verdict | None = None
    """None: disputable, and not scored."""
    because: Because | None = None


Numbered = Counter[tuple[int, str]]
"""(label of a call, word), as often as it is said."""


@dataclass
class Truth:
    """All that is known of a conversation. What has no labels here is expected not to be found."""

    calls: dict[int, CallTruth] = field(default_factory=dict)
    operations: dict[int, OperationTruth] = field(default_factory=dict)
    """Those that met a failure, by the label of their first call."""
    duplicates: Numbered = field(default_factory=Counter)
    """By the label of the operation's first call. Of what follows, None means: not stated."""
    loops: Counter[str] | None = field(default_factory=Counter)
    wasted: Numbered | None = field(default_factory=Counter)
    canaries: Numbered | None = field(default_factory=Counter)
    keys: Numbered | None = None
    hints: Numbered | None = None

    def pairs(self) -> set[tuple[int, int]]:
        """(call, the next attempt of the same operation), for all operations."""
        return pairs_of({label: call.operation for label, call in self.calls.items()})


def pairs_of(operations: dict[int, int]) -> set[tuple[int, int]]:
    """The pairs of consecutive attempts, of the operation of each call; operation 0 is none."""
    last: dict[int, int] = {}
    pairs: set[tuple[int, int]] = set()
    for label in sorted(operations):
        operation = operations[label]
        if operation == 0:
            continue
        if operation in last:
            pairs.add((last[operation], label))
        last[operation] = label
    return pairs
