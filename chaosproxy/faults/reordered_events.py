"""Two events of the stream come in the wrong order.

**What the agent sees**

A complete stream in which one event comes after the one that should follow it. All that is there is right; it does not
stand where it should.

**What a healthy agent does**

It notices by the sequence number or by what the events say (a delta before the start of its block), puts them in order
or drops the answer, and asks again.

**Seen in the wild**

The OpenAI and Anthropic SDKs do not look at sequence numbers: "one two" becomes "two one", and the call counts as good.
An OpenAI chunk that comes after `[DONE]` is never read, so the finish reason is missing. Only Anthropic's collecting
`messages.stream()` fails, with a `RuntimeError` or an `IndexError`, and only where an event comes before its message or
its block.
"""

from typing import ClassVar, Literal

from chaosproxy.core.effects import EditEvent, Effect, EventChange
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._streams import EventNumber


class ReorderedEvents(Fault):
    """Let two neighbours change places."""

    family = Family.STREAMS
    phases = (Phase.DURING_BODY,)
    ends_call = False
    nature = Nature(
        explicit=False,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: two words change places
  match: {path: /v1/chat/completions, body: {stream: true}}
  when: {probability: 5%}
  fault: {type: reordered_events, event: 4}
"""

    type: Literal["reordered_events"] = "reordered_events"
    """The fault's name."""
    event: EventNumber = 3
    """Which one comes after its successor, from 1. It is held back until that has come. Comments are none."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the event is a setting
        """The stream, two events of it swapped."""
        return (EditEvent(self.event, EventChange.SWAP),)
