"""The stream falls silent in the middle of the answer, and the connection stays open.

**What the agent sees**

The beginning of the answer, and then nothing: no event, no keep-alive, no end. If it has no time limit between two
events, the silence lasts as long as `lasts` says; then the connection is closed or reset, or the rest of the answer
comes as if nothing had been (`then: resume`).

**What a healthy agent does**

It limits the time between two events, not only that of the whole call, gives up when that limit strikes, and asks
again; after a call that changes the world it checks first.

**Seen in the wild**

The time limit of the OpenAI and Anthropic SDKs is between two reads and by default 600 s, and keep-alive comments start
it anew. Version 3 of the OpenAI SDK then reports an `APITimeoutError`; version 2 and Anthropic's let httpx's
`ReadTimeout` through. None retries. LangChain gives up after 120 s without a chunk, Codex after 300 s.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.effects import Effect, Ending, Place, Stall
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._fields import Duration
from chaosproxy.faults._places import PieceText, piece_of


class StreamStall(Fault):
    """Deliver the beginning of a stream, then nothing for a while."""

    family = Family.STREAMS
    phases = (Phase.DURING_BODY,)
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: the model falls silent in mid-sentence
  match: {path: /v1/messages, body: {stream: true}}
  when: {probability: 5%}
  fault: {type: stream_stall, after: 5 events, lasts: 2m, then: reset}
"""

    type: Literal["stream_stall"] = "stream_stall"
    """The fault's name."""
    after: PieceText = "3 events"
    """How much of it comes: so many events (comments are none); or, also in a stream of something else, so many chunks
    as the tool sends them, or bytes."""
    lasts: Annotated[Duration, Field(gt=0)] = 600.0
    """How long the silence lasts, if the agent does not leave before."""
    then: Literal["close", "reset", "resume"] = "close"
    """How it ends: the connection is closed or reset, or the stream goes on where it stopped."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the silence is a setting
        """The stream, and silence in it."""
        ending = None if self.then == "resume" else Ending(self.then)
        return (Stall(Place(*piece_of(self.after)), self.lasts, ending),)
