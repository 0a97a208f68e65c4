"""The tool allows only so many calls.

**What the agent sees**

A 429 (or what the dialect says instead) and, where the vendor says so, when to come back. With `limit` and `per` there
is a real quota behind it: exactly `limit` calls are let through, and who comes back after the time that was named is
let in. Without them, each call that the rule hits is refused, whatever came before. The tool does not run.

**What a healthy agent does**

It waits as long as it was told (or longer each time, if it was told nothing), then asks again, and meanwhile slows down
its other calls on the same quota. It does not come back early, and does not give up work that only had to wait.

**Seen in the wild**

Rate limits were the most damaging fault in a study of agent reliability. The OpenAI SDK waits for hints up to 120 s and
above that does not retry at all; older SDKs ignore hints above 60 s and come back after half a second. GitHub says 403
for a spent quota; Stripe and google-genai carry no `Retry-After`; MCP clients never read one.
"""

import math
from typing import Annotated, ClassVar, Literal, Self

import msgspec
from pydantic import Field, model_validator

from chaosproxy.core.effects import Effect, Quota, Reject
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, RememberingFault, Scope
from chaosproxy.faults._fields import Duration, FailureStatus
from chaosproxy.faults._rejecting import Rejecting

_SLACK = 1e-6
"""Seconds. Adding a wait to the time it was computed at may be a rounding error short of the moment that was meant; the
clock itself is coarser than this."""


class Window(msgspec.Struct, frozen=True):
    """A fixed window's memory."""

    ends: float = -math.inf
    """Monotonic seconds."""
    admitted: int = 0
    """Calls let through since it began."""

    def ask(self, now: float, limit: int, per: float) -> "tuple[float, Window]":
        """The seconds to wait (0: come in) and the memory from then on.

        A window begins with the first call after the last window's end.
        """
        if now >= self.ends - _SLACK:
            return 0.0, Window(now + per, 1)
        if self.admitted < limit:
            return 0.0, Window(self.ends, self.admitted + 1)
        return self.ends - now, self


class Bucket(msgspec.Struct, frozen=True):
    """A token bucket's memory."""

    tokens: float
    """What was in it `at` that time."""
    at: float = -math.inf
    """Monotonic seconds of the last call let through."""

    def ask(self, now: float, limit: int, per: float) -> "tuple[float, Bucket]":
        """The seconds to wait (0: come in) and the memory from then on. It holds `limit` tokens and fills in `per`."""
        rate = limit / per
        tokens = min(float(limit), self.tokens + max(now - self.at, 0.0) * rate)
        wait = (1 - tokens) / rate
        if wait > _SLACK:
            return wait, self
        # A hair below zero, if the slack was used: it is paid back by the next call.
        return 0.0, Bucket(tokens - 1, now)


class RateLimit(Rejecting, RememberingFault[Window | Bucket | None]):
    """Refuse the calls that are too many."""

    family = Family.LIMITS
    phases = (Phase.BEFORE_UPSTREAM,)
    nature = Nature(explicit=True, course=Course.TRANSIENT, healthy=(Reaction.WAIT_THEN_RETRY, Reaction.FALL_BACK))
    example: ClassVar[str] = """\
- name: search has a real quota
  match: {upstream: search}
  fault: {type: rate_limit, limit: 30, per: 1m, dialect: openai}
"""

    type: Literal["rate_limit"] = "rate_limit"
    """The fault's name."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """How many calls are let through in the time of `per`; of the calls that the rule's `when` picks, the others pass
    uncounted. Without it, every call that the rule hits is refused."""
    per: Annotated[Duration, Field(gt=0)] | None = None
    """The time over which `limit` counts."""
    algorithm: Literal["fixed_window", "token_bucket"] = "fixed_window"
    """fixed_window: exactly `limit` calls in a window that begins with its first call. token_bucket: `limit` calls at
    once, then one for each `per`/`limit` that passes."""
    scope: Annotated[Scope, Field(strict=False)] = Scope.SHARED
    """Whose quota it is: shared by all matching calls, or one for each session, or one for each set of credentials."""
    retry_after: Duration | None = None
    """Without a `limit`: when it asks the agent to come back; it says nothing, if left out. With one it is computed."""
    status: FailureStatus | None = None
    """Another status than the dialect's."""

    @model_validator(mode="after")
    def _either_a_quota_or_none(self) -> Self:
        if (self.limit is None) != (self.per is None):
            here, lacking = ("per", "limit") if self.limit is None else ("limit", "per")
            raise ValueError(f"{lacking}: `{here}` means nothing without it")
        if self.limit is not None and self.retry_after is not None:
            raise ValueError("retry_after: a real limit says by itself when to come back")
        idle = [name for name in ("algorithm", "scope") if name in self.model_fields_set]
        if self.limit is None and idle:
            raise ValueError(f"{idle[0]}: without `limit` and `per` there is no quota that it could be about")
        return self

    @property
    def memory_scope(self) -> Scope:
        """Whose quota it is."""
        return self.scope

    def blank(self) -> Window | Bucket | None:
        """A quota of which nothing is used; None without a limit."""
        if self.limit is None:
            return None
        return Window() if self.algorithm == "fixed_window" else Bucket(float(self.limit))

    def step(
        self, turn: Turn, rule: str, memory: Window | Bucket | None, *, triggered: bool
    ) -> tuple[tuple[Effect, ...], Window | Bucket | None]:
        """Let the call in, or refuse it and say when it will be let in (if no other call is quicker)."""
        if not triggered:
            return (), memory
        limit, per = self.limit, self.per
        if memory is None or limit is None or per is None:
            return (self._refusal(turn, rule, self.retry_after),), memory
        wait, after = memory.ask(turn.now, limit, per)
        if wait <= 0:
            return (), after
        refusal = self._refusal(turn, rule, wait)
        quota = Quota(limit=limit, remaining=0, resets=wait, window=per)
        return (msgspec.structs.replace(refusal, quota=quota),), after

    def _refusal(self, turn: Turn, rule: str, retry_after: float | None) -> Reject:
        return self.rejection(turn, rule, FailureKind.RATE_LIMITED, status=self.status, retry_after=retry_after)
