"""A read after a write shows the old state for a while.

**What the agent sees**

It writes and is told that all went well; it reads what it wrote, and gets the tool's own reply from before the write,
byte for byte. After `for` the new state appears. The read runs in the tool; only its answer is the old one.

The rule's `match` must take in the reads and the writes; what is a read is told by `effect` of the tool, or else by the
method. A write on which the rule triggers (`when`) begins the stale time, and a further one begins it anew. Before, all
reads that it matches are remembered as they pass, by what was asked for. A read inside the stale time that was not made
before has no old state to show and passes unharmed (skipped: nothing_kept), as does JSON-RPC, whose replies bear the
ids of their calls.

**What a healthy agent does**

It trusts the confirmation of its write, waits a moment and reads again, or goes on and says that it could not confirm
it. It does not write a second time because the first is not to be seen yet.

**Seen in the wild**

Reads from replicas and search indices lag behind writes: by milliseconds usually, by minutes on bad days. Amazon's
DynamoDB and many CDNs are eventually consistent by default; a record that is "not found" right after it was created is
the classic cause of duplicates. Staleness is among the faults of the "Failing Tools" benchmark, on which the best model
solved 11 %.
"""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.effects import Aside, Effect, Keep, Recall
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.route import ToolEffect
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, RememberingFault, Scope
from chaosproxy.faults._fields import Duration
from chaosproxy.faults._kept_replies import is_rpc, key_of


class StaleResponse(RememberingFault[float]):
    """Answer reads after a write with what they showed before it. Its memory is when the stale time ends."""

    family = Family.MEANING
    needs_a_write = True
    phases = (Phase.AFTER_UPSTREAM,)
    nature = Nature(
        explicit=False,
        course=Course.TRANSIENT,
        healthy=(Reaction.WAIT_THEN_RETRY, Reaction.RETRY, Reaction.CHECK_FIRST, Reaction.STOP_AND_SAY),
    )
    example: ClassVar[str] = """\
- name: what was just ordered is not in the list yet
  match: {upstream: shop}  # the reads and the writes
  fault: {type: stale_response, for: 5s}
"""

    type: Literal["stale_response"] = "stale_response"
    """The fault's name."""
    stale_for: Annotated[Duration, Field(alias="for", gt=0)] = 5.0
    """How long after a write reads show the old state."""
    shared: bool = False
    """Whether a write makes the reads of all sessions stale, as a replica that lags does; otherwise each session is
    told the old state only after its own writes. What one set of credentials was shown is never shown to another."""

    @property
    def memory_scope(self) -> Scope:
        """Each session has its own stale time, unless they share one."""
        return Scope.SHARED if self.shared else Scope.SESSION

    def blank(self) -> float:
        """Nothing was written yet."""
        return -math.inf

    def step(
        self, turn: Turn, rule: str, memory: float, *, triggered: bool
    ) -> tuple[tuple[Effect | Aside, ...], float]:
        """A write begins the stale time; a read is kept before it, and gets what was kept during it."""
        call = turn.call
        if call.route.effect is not ToolEffect.READ:
            return (), turn.now + self.stale_for if triggered else memory
        key = key_of(rule, call, call.fingerprint, shared=self.shared)
        if turn.now < memory:
            return (Recall(key, Phase.AFTER_UPSTREAM),), memory
        return () if is_rpc(call) else (Keep(key),), memory
