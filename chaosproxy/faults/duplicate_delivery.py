"""The tool gets the call twice, although the agent made it once.

**What the agent sees**

One good reply, like any other: the tool's first, or its last. A tool that tells repeated calls apart by an idempotency
key has acted once, any other as often as it was called; the reply may show it (another id than expected, a balance that
is off, "already exists"), or nothing does.

**What a healthy agent does**

It gives writes an idempotency key where the tool takes one, so that nothing happens. Otherwise it looks at what its
write has led to before it builds on it, and says so if there is more than it asked for.

**Seen in the wild**

Exactly once does not exist over a line that can break: proxies, load balancers and queues repeat what they believe was
lost (nginx repeats idempotent requests on the next server, message queues deliver at least once), and so do HTTP
clients on a stale connection.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.effects import Effect, Repeat
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._fields import Duration


class DuplicateDelivery(Fault):
    """Send the agent's request to the tool more than once."""

    family = Family.DELIVERY
    phases = (Phase.AFTER_UPSTREAM,)
    ends_call = False
    nature = Nature(explicit=False, course=Course.TRANSIENT, healthy=(Reaction.CHECK_FIRST, Reaction.STOP_AND_SAY))
    example: ClassVar[str] = """\
- name: the charge arrives twice
  match: {tool: charge}
  when: {max: 1}
  fault: {type: duplicate_delivery, gap: 200ms}
"""

    type: Literal["duplicate_delivery"] = "duplicate_delivery"
    """The fault's name."""
    times: Annotated[int, Field(ge=1, le=10)] = 1
    """How often it is sent again."""
    gap: Duration = 0.0
    """The time between an answer of the tool and the next sending."""
    reply: Literal["first", "last"] = "first"
    """Which of the tool's answers the agent gets."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  as often as it was told
        """The same request again, after it was answered."""
        return (Repeat(self.times, self.gap, last=self.reply == "last"),)
