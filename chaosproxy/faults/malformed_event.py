"""The data of one event is cut off in the middle: JSON that does not parse, in a stream that goes on.

**What the agent sees**

A stream of well-formed events, one of which ends in the middle of its data; its name and `id` are there, and all other
events are as they were.

**What a healthy agent does**

It notices, does not leave the piece out as though nothing had been in it, and asks again; after a call that changes the
world it checks first.

**Seen in the wild**

The OpenAI and Anthropic SDKs let a bare `json.JSONDecodeError` through: not one of their own errors, not retried, and
all that came before is lost to whoever collects it in the SDK. Hand-written readers catch it and go on, and the answer
has a hole. Version 1 of the MCP Python SDK hangs until its timeout, version 2 reports -32700.
"""

from typing import ClassVar, Literal

from chaosproxy.core.effects import EditEvent, Effect, EventChange
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._streams import EventNumber


class MalformedEvent(Fault):
    """Spoil the data of one event."""

    family = Family.STREAMS
    phases = (Phase.DURING_BODY,)
    ends_call = False
    nature = Nature(
        explicit=False,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: half an event
  match: {path: /v1/chat/completions, body: {stream: true}}
  when: {probability: 5%}
  fault: {type: malformed_event, event: 4}
"""

    type: Literal["malformed_event"] = "malformed_event"
    """The fault's name."""
    event: EventNumber = 3
    """Which one, from 1. Comments are none."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the event is a setting
        """The stream, one event of it spoiled."""
        return (EditEvent(self.event, EventChange.MALFORM),)
