"""The stream comes slowly: each event only a while after the one before.

**What the agent sees**

The right answer, complete and in order, at a pace at which nobody would want to read it. The first event comes at once.

**What a healthy agent does**

It goes on as long as something comes, shows or uses what it has, and limits the time of the whole answer, too: a limit
between two events never strikes here.

**Seen in the wild**

Time limits of HTTP clients are between two reads (OpenAI, Anthropic, httpx, requests), so an event every few seconds
keeps a call alive for ever. aiohttp's default is 300 s for all of it: the same stream breaks there, in the middle.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.effects import Effect, Extent, Throttle
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._fields import Duration


class SlowStream(Fault):
    """Wait before each event but the first."""

    family = Family.STREAMS
    phases = (Phase.DURING_BODY,)
    ends_call = False
    # A slow answer is right; where slowness is a failure, the agent sees it as one: its own timeout.
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: a word every two seconds
  match: {path: /v1/chat/completions, body: {stream: true}}
  when: {probability: 10%}
  fault: {type: slow_stream, every: 2s}
"""

    type: Literal["slow_stream"] = "slow_stream"
    """The fault's name."""
    every: Annotated[Duration, Field(gt=0)] = 0.5
    """From one event to the next, at least."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the pace is a setting
        """The stream, an event at a time."""
        return (Throttle(Extent.EVENTS, 1, self.every),)
