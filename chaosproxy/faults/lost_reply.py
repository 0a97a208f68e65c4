"""The tool runs, and its reply is lost on the way.

**What the agent sees**

What a lost reply looks like from outside: the connection is closed or reset without a byte of an answer, or nothing
ever comes, or a gateway between it and the tool says 502 or 504. All as if the tool had never run; but it has.

**What a healthy agent does**

It does not know whether the tool ran, and acts so: before it sends a write again it looks whether the change is already
there, or re-sends under the same idempotency key. A read it may simply repeat.

**Seen in the wild**

This is where agents charge twice: a naive agent re-sends, and both charges count (three posts wanted, six made, in a
measured case). SDKs re-send by themselves: OpenAI's and Anthropic's after a reset, a timeout and a 502 or 504. Stripe
replays the stored reply to the same key and says `Idempotent-Replayed: true`; tools without keys have nothing to offer
but a look.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from chaosproxy.core.effects import Delay, Disconnect, Effect, Ending, Hang
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family
from chaosproxy.faults._fields import Duration
from chaosproxy.faults._rejecting import Rejecting

_PATIENCE = {"hang": 600.0, "gateway_timeout": 60.0}
"""Seconds, unless `after` says otherwise: what SDKs wait at most, and what gateways do."""


class LostReply(Rejecting):
    """Let the tool run, and lose what it says."""

    family = Family.DELIVERY
    phases = (Phase.AFTER_UPSTREAM,)
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.CHECK_FIRST, Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: the charge goes through, nobody hears of it
  match: {tool: charge}
  when: {attempts: 1}
  fault: {type: lost_reply, how: bad_gateway}
"""

    type: Literal["lost_reply"] = "lost_reply"
    """The fault's name."""
    how: Literal["close", "reset", "hang", "bad_gateway", "gateway_timeout"] = "close"
    """What the agent sees of it: the connection is closed or reset, nothing comes (hang), or a gateway answers 502
    (bad_gateway) or 504 (gateway_timeout) in the dialect."""
    after: Annotated[Duration, Field(gt=0)] | None = None
    """How long the silence of `hang` lasts if the agent does not leave before (10m if left out), or that before a
    `gateway_timeout` (1m)."""

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        if self.after is not None and self.how not in _PATIENCE:
            raise ValueError(f"after: only hang and gateway_timeout take time; {self.how} comes at once")
        worded = [name for name in ("dialect", "message") if getattr(self, name) is not None]
        if worded and self.how not in ("bad_gateway", "gateway_timeout"):
            raise ValueError(f"{worded[0]}: only a gateway says anything; {self.how} does not")
        return self

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """The end of the connection, silence, or a gateway's word, after the tool has run."""
        phase = self.strikes
        after = self.after if self.after is not None else _PATIENCE.get(self.how, 0.0)
        match self.how:
            case "close" | "reset":
                return (Disconnect(Ending(self.how), phase),)
            case "hang":
                return (Hang(after, phase),)
            case "bad_gateway":
                return (self.rejection(turn, rule, FailureKind.BAD_GATEWAY),)
            case "gateway_timeout":
                return (Delay(after, phase), self.rejection(turn, rule, FailureKind.GATEWAY_TIMEOUT))
