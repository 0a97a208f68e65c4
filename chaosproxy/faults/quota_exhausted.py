"""All that was paid for is used up.

**What the agent sees**

A refusal that looks much like a rate limit (429 at OpenAI and Gemini, 402 or 400 elsewhere) and is none: no hint when
to come back, because it takes a payment or a new month. The tool does not run. It sticks: from the first call that the
rule hits, every call of its `scope` that the rule matches is refused, for the rest of the run, or until `resets_in` is
over; then the quota is there again, and does not run out a second time.

**What a healthy agent does**

It stops and says what is used up, or falls back to another model or provider. It does not take it for a rate limit and
try again and again. Only an agent that is told when the quota comes back (`tell: true`) may wait for it.

**Seen in the wild**

OpenAI answers 429 `insufficient_quota` "You exceeded your current quota, please check your plan and billing details",
and its SDK retries that twice, in vain. A 429 for a monthly spend limit at Anthropic carries no `retry-after`, which is
all that tells it from a rate limit; a credit balance that is too low is a 400 there. Gemini's daily quota comes with a
delay of seconds that does not help until midnight.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from chaosproxy.core.effects import Effect
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, RememberingFault, Scope
from chaosproxy.faults._fields import Duration, FailureStatus
from chaosproxy.faults._limiters import SLACK
from chaosproxy.faults._rejecting import Rejecting


class QuotaExhausted(Rejecting, RememberingFault[float | None]):
    """Let the quota run out with the call that is hit."""

    family = Family.LIMITS
    phases = (Phase.BEFORE_UPSTREAM,)
    waits = True
    nature = Nature(explicit=True, course=Course.PERSISTENT, healthy=(Reaction.STOP_AND_SAY, Reaction.FALL_BACK))
    example: ClassVar[str] = """\
- name: the credit is used up at the tenth call
  match: {tool: complete}
  when: {calls: 10}
  fault: {type: quota_exhausted, dialect: openai}
"""

    type: Literal["quota_exhausted"] = "quota_exhausted"
    """The fault's name."""
    scope: Annotated[Scope, Field(strict=False)] = Scope.SHARED
    """Whose quota it is: shared by all matching calls, or one for each session, or one for each set of credentials."""
    resets_in: Annotated[Duration, Field(gt=0)] | None = None
    """How long after it ran out it is there again; never, if left out."""
    tell: bool = False
    """Say when it will be there again, as `Retry-After` or in the dialect's own way."""
    status: FailureStatus | None = None
    """Another status than the dialect's."""

    @model_validator(mode="after")
    def _tells_what_is_so(self) -> Self:
        if self.tell and self.resets_in is None:
            raise ValueError("tell: without `resets_in` it never comes back, so there is nothing to tell")
        return self

    @property
    def judged_by(self) -> Nature:
        """Whoever is told when it comes back may wait; nobody has to."""
        if not self.tell:
            return self.nature
        return Nature(explicit=True, course=Course.PERSISTENT, healthy=(*self.nature.healthy, Reaction.WAIT_THEN_RETRY))

    @property
    def memory_scope(self) -> Scope:
        """Whose quota it is."""
        return self.scope

    def blank(self) -> float | None:
        """It has not run out."""
        return None

    def step(
        self, turn: Turn, rule: str, memory: float | None, *, triggered: bool
    ) -> tuple[tuple[Effect, ...], float | None]:
        """Refuse the call if the quota has run out, or runs out with it. The memory is when it did (monotonic)."""
        if memory is None:
            if not triggered:
                return (), None
            memory = turn.now
        left = None if self.resets_in is None else memory + self.resets_in - turn.now
        if left is not None and left <= SLACK:
            return (), memory
        told = left if self.tell else None
        refusal = self.rejection(turn, rule, FailureKind.QUOTA_EXHAUSTED, status=self.status, retry_after=told)
        return (refusal,), memory
