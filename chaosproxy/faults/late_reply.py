"""The tool runs at once, and its reply comes long after, when hardly anybody waits for it any more.

**What the agent sees**

Silence, and after a minute the tool's own good reply. Usually it has given up by then: its own timeout struck, and it
believes that the call failed, while the tool had done its work in the first second. `latency` is the same on the wire
in smaller times, and is about patience; this is about what the agent does after it has lost patience.

**What a healthy agent does**

Before it sends the same write again, it looks whether the first one went through, or re-sends under the same
idempotency key. A read it may simply repeat. If the reply comes after all, it is not taken for that to something else.

**Seen in the wild**

A timeout means that the outcome is unknown, not that it failed: at-least-once delivery with idempotency keys is the
best that can be had over a line that loses replies. OpenAI's and Anthropic's SDKs wait 600 s and repeat up to twice by
themselves; MCP clients in TypeScript give up after 60 s, and agent frameworks often after 30 s or less (12 timeouts of
60 s in a row are on record).
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.effects import Delay, Effect
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._fields import Duration


class LateReply(Fault):
    """Hold the tool's reply back until it is too late."""

    family = Family.DELIVERY
    phases = (Phase.AFTER_UPSTREAM,)
    ends_call = False
    # A late reply is right; where lateness is a failure, the agent sees it as one: its own timeout.
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.CHECK_FIRST, Reaction.FALL_BACK, Reaction.STOP_AND_SAY),
    )
    example: ClassVar[str] = """\
- name: the charge is made at once and confirmed a minute later
  match: {tool: charge}
  when: {attempts: 1}
  fault: {type: late_reply, delay: 1m}
"""

    type: Literal["late_reply"] = "late_reply"
    """The fault's name."""
    delay: Annotated[Duration, Field(gt=0)] = 60.0
    """How long the reply is held back after the tool has answered."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the delay is a setting
        """The tool's own reply, late."""
        return (Delay(self.delay, Phase.AFTER_UPSTREAM),)
