"""Replies to calls made at the same time come in another order than the tool gave them.

**What the agent sees**

The tool's own good replies, all of them. But this one is held back until a call that the agent made later has its
reply. Nothing happens to an agent that makes one call after the other: nobody overtakes, and its reply comes after
`wait` at the latest.

**What a healthy agent does**

It knows which reply belongs to which call, and does not rely on their order: what was asked first may be answered last,
and a write that was answered later need not have been made later. If the order matters, it waits for each reply.

**Seen in the wild**

Models call several tools in one turn, and frameworks run those in parallel: the order of arrival is nobody's promise
(HTTP/2 and every pool of connections reorder). Results that are matched by position instead of by id end in the wrong
place; OpenAI and Anthropic refuse a history in which they do not pair up.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.effects import Effect, Hold
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._fields import Duration


class ReorderedReplies(Fault):
    """Let later calls overtake this one."""

    family = Family.DELIVERY
    phases = (Phase.AFTER_UPSTREAM,)
    ends_call = False
    nature = Nature(
        explicit=False, course=Course.TRANSIENT, healthy=(Reaction.CHECK_FIRST, Reaction.RETRY, Reaction.STOP_AND_SAY)
    )
    example: ClassVar[str] = """\
- name: parallel searches answer in any order
  match: {tool: find}
  when: {probability: 50%}
  fault: {type: reordered_replies, wait: 2s}
"""

    type: Literal["reordered_replies"] = "reordered_replies"
    """The fault's name."""
    wait: Annotated[Duration, Field(gt=0)] = 5.0
    """How long the reply waits for a later call of its session to be answered; then it goes out anyhow."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the wait is a setting
        """The tool's reply, after that of a later call."""
        return (Hold(self.wait),)
