"""The tool is taken down for maintenance, says until when, and is back then.

**What the agent sees**

From the first call that is hit until the maintenance is over, every call that the rule matches is refused: 503 in the
vendor's words, with `Retry-After` as a date where the dialect has one. The date is the truth: it is the same for every
call, and whoever comes back then is let in. The tool does not run meanwhile.

**What a healthy agent does**

It reads the date, does not come back before it, and uses the time for something else; or it takes another way; or, if
it cannot wait so long, says until when the tool is away. Asking every few seconds changes nothing.

**Seen in the wild**

`Retry-After` may be a number or a date (RFC 9110, section 10.2.3), and the date is what clients forget: the newer SDKs
of OpenAI and Anthropic, urllib3 and azure-core read both, hand-written loops mostly `int()` it and crash. Older OpenAI
and Anthropic SDKs ignore anything beyond 60 seconds and come back after half a second; the newest of OpenAI does not
retry at all if it is more than 120.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.effects import Effect
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, RememberingFault, Scope
from chaosproxy.faults._fields import Duration, FailureStatus
from chaosproxy.faults._limiters import SLACK
from chaosproxy.faults._rejecting import Rejecting


class Maintenance(Rejecting, RememberingFault[float | None]):
    """Refuse calls until a maintenance is over."""

    family = Family.SERVER
    phases = (Phase.BEFORE_UPSTREAM,)
    waits = True
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.WAIT_THEN_RETRY, Reaction.FALL_BACK, Reaction.STOP_AND_SAY),
    )
    example: ClassVar[str] = """\
- name: the shop is closed for two minutes
  match: {tool: find}
  when: {after: 30s}
  fault: {type: maintenance, lasts: 2m}
"""

    type: Literal["maintenance"] = "maintenance"
    """The fault's name."""
    lasts: Annotated[Duration, Field(gt=0)] = 300.0
    """How long it lasts, from the first call that is hit. There is one in a run: after it, the rule lets all calls
    pass."""
    scope: Literal["shared", "session"] = "shared"
    """Whose maintenance it is: the tool's, for all calls (shared), or one for each session from its own first hit."""
    status: FailureStatus | None = None
    """Another status than the dialect's."""

    @property
    def memory_scope(self) -> Scope:
        """As it was set."""
        return Scope(self.scope)

    def blank(self) -> float | None:
        """It has not begun."""
        return None

    def step(
        self, turn: Turn, rule: str, memory: float | None, *, triggered: bool
    ) -> tuple[tuple[Effect, ...], float | None]:
        """Refuse the call while it lasts; the memory is when it ends, in monotonic seconds."""
        if memory is None:
            if not triggered:
                return (), None
            memory = turn.now + self.lasts
        left = memory - turn.now
        if left <= SLACK:
            return (), memory
        return (self.rejection(turn, rule, FailureKind.MAINTENANCE, status=self.status, retry_after=left),), memory
