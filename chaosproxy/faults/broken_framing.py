"""All of the reply comes, but not in a frame that HTTP allows.

**What the agent sees**

The tool's own status and the whole body, and then its HTTP client complains, or ought to: the last chunk never comes
(`no_last_chunk`), a chunk's size is not a number (`bad_chunk_size`), bytes that are no reply follow it
(`trailing_garbage`), or `Content-Length` promises half as much again (`length_too_long`) or only half of it
(`length_too_short`, which looks like a short reply that is complete). Then the connection is closed. The tool has run.

**What a healthy agent does**

It does not trust a reply that its client could not read to the end, and fetches it again; after a write it checks
first. Garbage behind a reply that is whole it may ignore, if it never takes it for the next one.

**Seen in the wild**

A chunked body without its last chunk is a raw `RemoteProtocolError` in version 1 of the OpenAI SDK and a connection
error that is not retried in version 3; a body shorter than its length is retried by both, and after three attempts
reported as a connection error. Proxies that change a body and forget its length make these replies: chaos-mesh, Envoy's
ext_proc and many a gateway have had that bug.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.effects import Effect, Misframe, Misframing
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault

_SILENT = frozenset({Misframing.LENGTH_TOO_SHORT, Misframing.TRAILING_GARBAGE})
"""A client reads as much as it was promised, and need not look at what comes behind it."""


class BrokenFraming(Fault):
    """Deliver the whole body in a frame that is wrong."""

    family = Family.CONNECTION
    phases = (Phase.DURING_BODY,)
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: the last chunk gets lost
  match: {tool: find}
  when: {probability: 5%}
  fault: {type: broken_framing, how: no_last_chunk}
"""

    type: Literal["broken_framing"] = "broken_framing"
    """The fault's name."""
    how: Annotated[Misframing, Field(strict=False)] = Misframing.NO_LAST_CHUNK
    """What is wrong. A reply with a length is sent in chunks where a chunk is to be wrong, and one without a length is
    held until it is complete where a length is to be; HTTP/1.0 knows no chunks, so its agents are spared those."""

    @property
    def judged_by(self) -> Nature:
        """Of bytes that come after the end of a message, the agent may hear nothing."""
        if self.how not in _SILENT:
            return self.nature
        return Nature(explicit=False, course=self.nature.course, healthy=self.nature.healthy)

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the flaw is a setting
        """The body, in a wrong frame."""
        return (Misframe(self.how),)
