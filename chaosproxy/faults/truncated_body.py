"""The reply stops half way: the head promises more than comes.

**What the agent sees**

The tool's own status and headers, the first part of the body, and then the end of the connection: fewer bytes than
`Content-Length` says, or a chunked body without its last chunk. The tool has run.

**What a healthy agent does**

It notices that the reply is incomplete, does not work with the piece it got, and fetches it again; after a write it
checks first.

**Seen in the wild**

The OpenAI SDK makes three attempts and then reports a connection error. A body shorter than its length ends the session
of version 2 of the MCP Python SDK, and lets version 1 hang. A cut body, a missing last chunk and a reset are three
different errors to a client, so they are never swapped.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.effects import Effect, Ending, Truncate
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Fault
from chaosproxy.faults._fields import Rate


class TruncatedBody(Fault):
    """Deliver only the first part of the body, then end the connection."""

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
    keep: Annotated[Rate, Field(lt=1)] = 0.5
    """The share of the body that is delivered; less than all of it."""
    ending: Annotated[Ending, Field(strict=False)] = Ending.CLOSE
    """How the connection then ends: close (FIN) or reset (RST)."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the cut is a setting
        """The body, cut."""
        return (Truncate(self.keep, self.ending),)
