"""The tool is up, and out of capacity, for everybody.

**What the agent sees**

The vendor's own word for it (529 at Anthropic, 503 at OpenAI and Gemini), with a time to come back only if
`retry_after` gives one. It is not the agent's quota: nothing it did brought this about. The tool does not run. It does
not stick: capacity comes and goes, and each call is judged by the rule's `when` alone.

**What a healthy agent does**

It waits, longer each time and not in step with all the others, and tries again; or it falls back to another model or
provider. Trying again at once, or with more calls in parallel, is what keeps a tool overloaded.

**Seen in the wild**

Anthropic says 529 `overloaded_error` "Overloaded"; OpenAI 503 `server_is_overloaded` "Our servers are currently
overloaded. Please try again later.", or "Selected model is at capacity. Please try a different model."; Gemini 503 "The
model is overloaded." The OpenAI and Anthropic SDKs try twice more within about two seconds, which an overload of
minutes outlasts.
"""

from typing import ClassVar, Literal

from chaosproxy.core.effects import Effect
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family
from chaosproxy.faults._fields import Duration, FailureStatus
from chaosproxy.faults._rejecting import Rejecting


class Overloaded(Rejecting):
    """Turn the call away for want of capacity."""

    family = Family.LIMITS
    phases = (Phase.BEFORE_UPSTREAM,)
    nature = Nature(explicit=True, course=Course.TRANSIENT, healthy=(Reaction.WAIT_THEN_RETRY, Reaction.FALL_BACK))
    example: ClassVar[str] = """\
- name: the model is overloaded for three attempts
  match: {upstream: llm}
  when: {attempts: 1-3}
  fault: {type: overloaded, dialect: anthropic}
"""

    type: Literal["overloaded"] = "overloaded"
    """The fault's name."""
    retry_after: Duration | None = None
    """When it asks the agent to come back; it says nothing, if left out."""
    status: FailureStatus | None = None
    """Another status than the dialect's."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """The vendor's word for it, before the tool has run."""
        return (self.rejection(turn, rule, FailureKind.OVERLOADED, status=self.status, retry_after=self.retry_after),)
