"""The tool does not answer in time.

**What the agent sees**

Silence, until its own timeout strikes. If it has none, the silence ends after `after`: the connection is closed, or a
gateway gives up with a 504, or the tool's own answer comes after all, too late. Before the upstream the tool never ran;
`after_upstream` it ran, and nobody says so. The agent cannot tell the two apart.

**What a healthy agent does**

It has a time limit, gives up when it strikes, and tries again a few times. If the call changes the world it first looks
whether it already went through, or re-sends under the same idempotency key.

**Seen in the wild**

google-genai, requests and MCP clients in Python have no time limit for a call unless told, so one silent tool freezes
the agent; the OpenAI and Anthropic SDKs wait 600 s. A timeout answered with the same call again and again is a common
incident, and a timed-out write that did run is where duplicates come from.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from chaosproxy.core.effects import Delay, Effect, Hang
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family
from chaosproxy.faults._fields import Duration
from chaosproxy.faults._rejecting import Rejecting


class Timeout(Rejecting):
    """Keep the agent waiting."""

    family = Family.TIMING
    phases = (Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM)
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: the charge is made, the answer comes a minute late
  match: {tool: charge}
  when: {attempts: 1}
  fault: {type: timeout, phase: after_upstream, after: 1m, then: answer}
"""

    type: Literal["timeout"] = "timeout"
    """The fault's name."""
    after: Annotated[Duration, Field(gt=0)] = 600.0
    """How long the silence lasts, if the agent does not leave before."""
    then: Literal["close", "gateway_timeout", "answer"] = "close"
    """How it ends: the connection is closed; a gateway answers 504 in the dialect; or the tool's own answer comes,
    which is `after_upstream` by itself."""

    @model_validator(mode="after")
    def _ending_fits(self) -> Self:
        if self.then == "answer" and self.strikes is not Phase.AFTER_UPSTREAM:
            raise ValueError("then: an answer that comes too late needs phase: after_upstream")
        worded = [name for name in ("dialect", "message") if getattr(self, name) is not None]
        if worded and self.then != "gateway_timeout":
            raise ValueError(f"{worded[0]}: only `then: gateway_timeout` says anything; {self.then} does not")
        return self

    @property
    def strikes(self) -> Phase:
        """As given; else before the upstream, unless the tool's own answer is to come."""
        if self.phase is None and self.then == "answer":
            return Phase.AFTER_UPSTREAM
        return super().strikes

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """Silence, and its end."""
        phase = self.strikes
        match self.then:
            case "close":
                return (Hang(self.after, phase),)
            case "gateway_timeout":
                return (Delay(self.after, phase), self.rejection(turn, rule, FailureKind.GATEWAY_TIMEOUT))
            case "answer":
                return (Delay(self.after, phase),)
