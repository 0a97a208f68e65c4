"""The reply stops half way: the head promises more than comes.

**What the agent sees**

The tool's own status and headers, the first part of the body, and then the end of the connection: fewer bytes than
`Content-Length` says, or a chunked body without its last chunk. With `ending: complete` the message ends in good order
where the rest should have come, and nothing says that it is not all. The tool has run.

**What a healthy agent does**

It notices that the reply is incomplete, does not work with the piece it got, and fetches it again; after a write it
checks first.

**Seen in the wild**

The OpenAI SDK makes three attempts and then reports a connection error. A stream that ends in good order without its
last event is taken for complete by the OpenAI and Anthropic SDKs: the text is short, and nobody is told. A body shorter
than its length ends the session of version 2 of the MCP Python SDK, and lets version 1 hang. A cut body, a missing last
chunk and a reset are three different errors to a client, so they are never swapped.
"""

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from chaosproxy.core.effects import Effect, Ending, Truncate
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._places import HEAD, PlaceText, place_of


class TruncatedBody(Fault):
    """Deliver only the first part of the body, then end the connection."""

    family = Family.PAYLOAD
    phases = (Phase.DURING_BODY,)
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: results stop half way
  match: {tool: find}
  when: {probability: 10%}
  fault: {type: truncated_body, keep: 30%, ending: reset}
"""

    type: Literal["truncated_body"] = "truncated_body"
    """The fault's name."""
    keep: PlaceText = "50%"
    """What is delivered: a share or size of the body, so many of the tool's chunks or of its events, or half of the
    head. A share of a body whose length the head does not tell is known when all of it is there."""
    ending: Literal["close", "reset", "complete"] = "close"
    """How the reply then ends: the connection is closed (FIN) or reset (RST); or the message is complete, which one
    that has told its length cannot be."""

    @model_validator(mode="after")
    def _end_is_one(self) -> Self:
        if self.ending == "complete" and self.keep == HEAD:
            raise ValueError("ending: half a head is no complete message")
        return self

    @property
    def judged_by(self) -> Nature:
        """Where the message ends in good order, nothing tells the agent that it is not all."""
        if self.ending != "complete":
            return self.nature
        return Nature(explicit=False, course=self.nature.course, healthy=self.nature.healthy)

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the cut is a setting
        """The body, cut."""
        return (Truncate(place_of(self.keep), None if self.ending == "complete" else Ending(self.ending)),)
