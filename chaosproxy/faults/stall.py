"""The reply begins, and then nothing more comes, with the connection open.

**What the agent sees**

The tool's own status, and the reply up to a place: the middle of the head, a share of the body, so many bytes, chunks
or events. Then silence. If the agent does not leave, the silence ends after `lasts`: the connection is closed or
reset, or the rest of the reply comes after all. The tool has run.

**What a healthy agent does**

It has a time limit for silence within a reply, not only for the first byte, and when that strikes it drops the piece it
got and tries again a few times. After a write it checks first.

**Seen in the wild**

A stream that stops without ending is the failure that total time limits catch last: requests and google-genai have none
at all, the OpenAI and Anthropic SDKs wait 600 s, httpx 5 s between two reads. Comments keep those reads alive, which is
why langchain-openai counts 120 s between chunks of its own. A reply that they read as a whole the SDKs of OpenAI,
Anthropic and Stripe ask for again, twice; once a stream has begun, none retries by itself.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.effects import Effect, Ending, Stall
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._fields import Duration
from chaosproxy.faults._places import PlaceText, place_of

_ENDINGS: Mapping[str, Ending | None] = MappingProxyType({"close": Ending.CLOSE, "reset": Ending.RESET, "resume": None})


class StalledReply(Fault):
    """Deliver the reply up to a place, and fall silent."""

    family = Family.TIMING
    phases = (Phase.DURING_BODY,)
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: the model stops talking
  match: {tool: find}
  when: {probability: 5%}
  fault: {type: stall, after: 3 events, lasts: 2m, then: reset}
"""

    type: Literal["stall"] = "stall"
    """The fault's name."""
    after: PlaceText = "50%"
    """Where the reply falls silent: after this share or size of the body, so many of the tool's chunks or of its
    events, or in the middle of the head. A share of a body whose length the head does not tell is known when all of it
    is there."""
    lasts: Annotated[Duration, Field(gt=0)] = 600.0
    """How long nothing comes, if the agent does not leave before."""
    then: Literal["close", "reset", "resume"] = "close"
    """How the silence ends: the connection is closed (FIN) or reset (RST), or the rest of the reply comes."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the place is a setting
        """Silence at the place."""
        return (Stall(place_of(self.after), self.lasts, _ENDINGS[self.then]),)
