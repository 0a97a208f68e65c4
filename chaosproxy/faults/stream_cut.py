"""The stream breaks off in the middle of the answer, together with its connection.

**What the agent sees**

The beginning of the answer, event by event as ever, and then the end of the connection: a chunked body without its last
chunk (`close`), or "connection reset by peer" (`reset`). The tool has run; what it said after that is lost.

**What a healthy agent does**

It does not take the piece for the answer. It asks again (after a call that changes the world: checks first) or goes on
from what it has, and it does not run a tool call of which only half the arguments have come.

**Seen in the wild**

No SDK retries once the headers are there: of a cut stream OpenAI and Anthropic sent one request each. Version 3 of the
OpenAI SDK reports an `APIConnectionError`; version 2 and Anthropic's let httpx's `RemoteProtocolError` or `ReadError`
through, which handlers written for their own errors miss, and the text so far is lost to whoever collects it in the
SDK. MCP clients in Python hang until their timeout (1.x) or fail at once (2.x).
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.effects import Effect, Ending, Place, Truncate
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._places import PieceText, piece_of


class StreamCut(Fault):
    """Deliver the beginning of a stream, then end the connection."""

    family = Family.STREAMS
    phases = (Phase.DURING_BODY,)
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: the answer breaks off after a few words
  match: {path: /v1/chat/completions, body: {stream: true}}
  when: {probability: 10%}
  fault: {type: stream_cut, after: 5 events, ending: reset}
"""

    type: Literal["stream_cut"] = "stream_cut"
    """The fault's name."""
    after: PieceText = "3 events"
    """How much of it comes: so many events (comments are none); or, also in a stream of something else, so many chunks
    as the tool sends them, or bytes."""
    ending: Annotated[Ending, Field(strict=False)] = Ending.CLOSE
    """How the connection ends: close (FIN) or reset (RST). For an end that looks good there is `missing_terminator`."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the cut is a setting
        """The stream, cut."""
        return (Truncate(Place(*piece_of(self.after)), self.ending),)
