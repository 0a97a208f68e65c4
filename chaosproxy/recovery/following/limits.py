"""Requests to wait that count for a whole session: who asks on while one is running breaks it. Knows no operation."""

from chaosproxy.core.answer import Hint
from chaosproxy.recovery.following.hints import soonest

MOST = 8
"""Requests to wait remembered of one upstream in a session, the latest."""
UPSTREAMS = 64


class Limit:
    """A request to wait that came with a refusal."""

    __slots__ = ("given", "hint", "operation", "until")

    def __init__(self, operation: int, hint: Hint, given: float) -> None:
        self.operation = operation
        """The number of the one that was refused."""
        self.hint = hint
        self.given = given
        self.until = given + soonest(hint.seconds, hint.granularity)
        """From when on coming back is not too early; monotonic seconds, as `given`."""


def remember(limits: dict[str, list[Limit]], upstream: str, limit: Limit) -> None:
    """Enter one; those that are over by then are dropped."""
    running = [known for known in limits.pop(upstream, ()) if known.until > limit.given]
    if len(limits) >= UPSTREAMS:
        del limits[next(iter(limits))]
    limits[upstream] = [*running[1 - MOST :], limit]


def broken_by(limits: dict[str, list[Limit]], upstream: str, operation: int, began: float) -> Limit | None:
    """The request to wait, made of another operation, that was running when a call of this operation began."""
    for limit in limits.get(upstream, ()):
        if limit.operation != operation and limit.given <= began < limit.until:
            return limit
    return None


def drop_over(limits: dict[str, list[Limit]], now: float) -> None:
    """Forget what is over."""
    for upstream in [name for name, known in limits.items() if all(limit.until <= now for limit in known)]:
        del limits[upstream]
