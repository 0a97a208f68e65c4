"""Somebody else is at it right now: 409.

**What the agent sees**

A 409 (or what the dialect says instead: Stripe says 429 for a lock) at once, with a time to come back only if
`retry_after` gives one. The tool does not run. It does not stick: somebody else's lock is gone in a moment, and each
call is judged by the rule's `when` alone (`attempts: 1-2` holds the lock for two attempts of every operation).

**What a healthy agent does**

It waits a little and tries again, a few times. If the conflict is about what the thing looks like now, it looks first:
the other one may have changed what it was about to change.

**Seen in the wild**

Stripe's `lock_timeout` tells clients to retry, and its 409 `idempotency_key_in_use` says that the same request is still
in flight; GitHub answers 409 for merges, Anthropic for concurrent modification. The OpenAI, Anthropic and Stripe SDKs
retry a 409 by themselves; most others do not.
"""

from typing import ClassVar, Literal

from chaosproxy.core.effects import Effect
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family
from chaosproxy.faults._fields import Duration, FailureStatus
from chaosproxy.faults._rejecting import Rejecting


class Conflict(Rejecting):
    """Refuse the call because the thing is taken."""

    family = Family.SERVER
    phases = (Phase.BEFORE_UPSTREAM,)
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.WAIT_THEN_RETRY, Reaction.RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: the order is locked for two attempts
  match: {tool: charge}
  when: {attempts: 1-2}
  fault: {type: conflict, retry_after: 1s}
"""

    type: Literal["conflict"] = "conflict"
    """The fault's name."""
    retry_after: Duration | None = None
    """When it asks the agent to come back; it says nothing, if left out."""
    status: FailureStatus | None = None
    """Another status than the dialect's."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """A 409, before the tool has run."""
        return (self.rejection(turn, rule, FailureKind.CONFLICT, status=self.status, retry_after=self.retry_after),)
