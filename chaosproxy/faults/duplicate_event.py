"""An event of the stream comes twice.

**What the agent sees**

A complete stream in which one event is followed by a copy of itself, `id` and sequence number included.

**What a healthy agent does**

It notices by the `id` or the sequence number, where the stream has them, and drops the copy; if it cannot know, it
compares the whole with what the last event says it should be, and asks again where that does not fit.

**Seen in the wild**

Gateways that resume a broken stream send the last events again. The OpenAI and Anthropic SDKs do not look at sequence
numbers: a doubled delta gives "one two two three", and the call counts as good. Twice a piece of a tool call's
arguments gives JSON that does not parse, or worse, does.
"""

from typing import ClassVar, Literal

from chaosproxy.core.effects import EditEvent, Effect, EventChange
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._streams import EventNumber


class DuplicateEvent(Fault):
    """Send one event twice."""

    family = Family.STREAMS
    phases = (Phase.DURING_BODY,)
    ends_call = False
    nature = Nature(
        explicit=False,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: a word comes twice
  match: {path: /v1/chat/completions, body: {stream: true}}
  when: {probability: 5%}
  fault: {type: duplicate_event, event: 4}
"""

    type: Literal["duplicate_event"] = "duplicate_event"
    """The fault's name."""
    event: EventNumber = 3
    """Which one, from 1. Comments are none."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the event is a setting
        """The stream, one event of it doubled."""
        return (EditEvent(self.event, EventChange.DUPLICATE),)
