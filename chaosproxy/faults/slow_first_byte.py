"""The head comes at once, and the first byte of the body takes its time.

**What the agent sees**

The tool's own status and headers as soon as the tool has sent them, and then silence: not a byte of the body, and of a
stream no event and no comment. After `delay` the body comes, all of it, at the tool's own pace. In a stream of a
language model that is the time to the first token. The tool has run.

**What a healthy agent does**

It waits as long as the tool may need, and no longer: it has a time limit of its own for the beginning of a reply, not
only for connecting and for the whole. If that strikes it tries again a few times, after a write not before it has
checked.

**Seen in the wild**

A model that thinks sends its head at once and its first token after many seconds; reports, exports and searches stream
their heads while they still compute. Whoever takes a status for a reply counts such a call as answered: of a stream no
SDK retries once the headers are there (a reply that is read as a whole OpenAI's, Anthropic's and Stripe's do ask for
again), and the limit between two reads (600 s in those of OpenAI and Anthropic, 5 s in plain httpx, none in requests
and google-genai) is the only one that counts from then on.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.effects import Effect, Extent, Place, Stall
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._fields import Duration


class SlowFirstByte(Fault):
    """Deliver the head, and after a while the body."""

    family = Family.TIMING
    phases = (Phase.DURING_BODY,)
    ends_call = False
    # A late reply is right; where lateness is a failure, the agent sees it as one: its own timeout.
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: the model thinks before it speaks
  match: {path: /v1/chat/completions, body: {stream: true}}
  when: {probability: 20%}
  fault: {type: slow_first_byte, delay: 20s, jitter: 10s}
"""

    type: Literal["slow_first_byte"] = "slow_first_byte"
    """The fault's name."""
    delay: Annotated[Duration, Field(gt=0)] = 10.0
    """How long after the head the first byte of the body comes, or the first event; later, if the tool is not ready."""
    jitter: Duration = 0.0
    """How much longer it takes at most: each call draws its own part of it, all parts alike."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """Silence between the head and the body; a reply without a body passes unharmed."""
        seconds = self.delay + self.jitter * turn.draw(rule, "slow_first_byte")
        return (Stall(Place(Extent.BYTES, 0), seconds, None),)
