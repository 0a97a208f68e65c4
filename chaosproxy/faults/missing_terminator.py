"""The stream ends in good order without having said that it is complete.

**What the agent sees**

The answer, and the regular end of the message, but no `data: [DONE]` (OpenAI's chat completions), no `message_stop`
(Anthropic), no `response.completed` (OpenAI's responses): all of the answer, or, with `after`, only its beginning.
The tool has run.

**What a healthy agent does**

It knows how its streams end, takes an answer that does not end so for incomplete, and asks again; after a call that
changes the world it checks first. (Where nothing but `[DONE]` is missing, the finish reason is there, and going by that
is right, too: `after` takes away both.)

**Seen in the wild**

Gateways that lose the model's connection end the agent's in good order. It is the most dangerous fault of a stream,
because nothing reports it: in the OpenAI and Anthropic SDKs, old and new, the loop just ends, with half a text and a
finish reason or `stop_reason` of `None`. Half a sentence is then the answer, or half a tool call is run.
"""

from typing import ClassVar, Literal

from chaosproxy.core.effects import EditEvent, Effect, EventChange, Place, Truncate
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._places import PieceText, piece_of


class MissingTerminator(Fault):
    """Leave out whatever says that the stream is complete."""

    family = Family.STREAMS
    phases = (Phase.DURING_BODY,)
    nature = Nature(
        explicit=False,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: half an answer that looks like a whole one
  match: {path: /v1/chat/completions, body: {stream: true}}
  when: {probability: 5%}
  fault: {type: missing_terminator, after: 5 events}
"""

    type: Literal["missing_terminator"] = "missing_terminator"
    """The fault's name."""
    after: PieceText | None = None
    """How much of it comes: so many events (comments are none); or, also in a stream of something else, so many chunks
    as the tool sends them, or bytes. If left out, all of it but the events that say that it is complete."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the end is a setting
        """The stream, and an end that looks like a good one."""
        if self.after is None:
            return (EditEvent(1, EventChange.NO_TERMINATOR),)
        return (Truncate(Place(*piece_of(self.after)), None),)
