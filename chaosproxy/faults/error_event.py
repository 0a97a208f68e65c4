"""The tool fails in the middle of its answer and says so in the stream, under a 200.

**What the agent sees**

Status 200, the beginning of the answer, then an event that says what went wrong in the words of the dialect, and the
end of the stream in good order. The tool has run.

**What a healthy agent does**

It reads it as the error that it is: does not work with the piece it got, waits a little, and asks again or somewhere
else; after a call that changes the world it checks first.

**Seen in the wild**

An overloaded model says so after it has begun. OpenAI sends data with a member `error`, of which its SDK makes an
`APIError`; Anthropic an event named `error`, of which its SDK makes an `APIStatusError` whose status is 200, so that
code which goes by the number takes it for anything but an overload. Neither retries. The Anthropic SDK passes over an
error that is not so named, and the answer just ends: an upstream's `dialect` should be its own.
"""

from typing import ClassVar, Literal

from chaosproxy.core.effects import Effect, ErrorEvent
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family
from chaosproxy.faults._fields import Duration
from chaosproxy.faults._rejecting import Rejecting
from chaosproxy.faults._streams import EventNumber


class ErrorEventFault(Rejecting):
    """Put a failure in the place of an event, and end the stream."""

    family = Family.STREAMS
    phases = (Phase.DURING_BODY,)
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: overloaded, after it has begun
  match: {path: /v1/messages, body: {stream: true}}
  when: {probability: 10%}
  fault: {type: error_event, event: 5, kind: unavailable, dialect: anthropic}
"""

    type: Literal["error_event"] = "error_event"
    """The fault's name."""
    event: EventNumber = 3
    """In the place of which event, from 1. Comments are none."""
    kind: Literal["server_error", "unavailable", "rate_limited", "gateway_timeout"] = "server_error"
    """What went wrong: it broke, it is overloaded, a quota is spent, or what is behind it took too long."""
    retry_after: Duration | None = None
    """When it asks the agent to come back, in dialects whose texts name it; it says nothing, if left out."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """The beginning of the stream, and the failure."""
        reject = self.rejection(turn, rule, FailureKind(self.kind), retry_after=self.retry_after)
        return (ErrorEvent(self.event, reject),)
