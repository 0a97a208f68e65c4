"""The tool allows only so many calls.

**What the agent sees**

A 429 (or what the dialect says instead) and, where the vendor says so, when to come back. With `limit` and `per` there
is a real quota behind it: exactly so much is let through, and who comes back after the time that was named is let in.
The answers to calls that are let through say how the quota stands, if the vendor's do, so that an agent that reads them
can slow down before it is refused. Without a quota, each call that the rule hits is refused, whatever came before.
The tool does not run. Nothing sticks but the quota itself.

With `count: tokens`, a call that asks for more than the whole limit is told that it is too large: it can never succeed,
however long the agent waits. It is judged as such.

**What a healthy agent does**

It waits as long as it was told (or longer each time, if it was told nothing), then asks again, and meanwhile slows down
its other calls on the same quota. It does not come back early, and does not give up work that only had to wait. What is
too large for the limit it makes smaller, and does not repeat.

**Seen in the wild**

Rate limits were the most damaging fault in a study of agent reliability. The OpenAI SDK waits for hints up to 120 s and
above that does not retry at all; older SDKs ignore hints above 60 s and come back after half a second. GitHub says 403
for a spent quota; Stripe and google-genai carry no `Retry-After`; MCP clients never read one. OpenAI and Anthropic
count requests and tokens, Stripe also calls in flight. OpenAI says 429 for "Request too large" as well, a 429 that
never succeeds, and its SDK retries it.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, ClassVar, Literal, Self

import msgspec
from pydantic import Field, model_validator

from chaosproxy.core.effects import Annotate, Aside, Effect, Quota, QuotaUnit, Reject
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, RememberingFault, Scope
from chaosproxy.faults._fields import Duration, FailureStatus
from chaosproxy.faults._limiters import LONGEST_LOG, Bucket, Flight, Log, Standing, Terms, Window
from chaosproxy.faults._rejecting import Rejecting
from chaosproxy.faults._tokens import tokens_asked

Memory = Window | Bucket | Log | Flight | None

TOO_LARGE = Nature(
    explicit=True,
    course=Course.PERSISTENT,
    healthy=(Reaction.CHANGE_ARGUMENTS, Reaction.FALL_BACK, Reaction.STOP_AND_SAY),
)
"""Of a call that asks for more than there ever is."""


class RateLimit(Rejecting, RememberingFault[Memory]):
    """Refuse the calls that are too many."""

    family = Family.LIMITS
    phases = (Phase.BEFORE_UPSTREAM,)
    waits = True
    lends = True
    nature = Nature(explicit=True, course=Course.TRANSIENT, healthy=(Reaction.WAIT_THEN_RETRY, Reaction.FALL_BACK))
    example: ClassVar[str] = """\
- name: search has a real quota
  match: {upstream: search}
  fault: {type: rate_limit, limit: 30, per: 1m, dialect: openai}
"""

    type: Literal["rate_limit"] = "rate_limit"
    """The fault's name."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """How much is let through in the time of `per`; of the calls that the rule's `when` picks, the others pass
    uncounted. Without it, every call that the rule hits is refused."""
    per: Annotated[Duration, Field(gt=0)] | None = None
    """The time over which `limit` counts; none for `count: concurrency`."""
    count: Annotated[QuotaUnit, Field(strict=False)] = QuotaUnit.REQUESTS
    """What is counted. tokens: what a call to a language model asks for, estimated from its JSON body (a token for four
    characters of its messages and tools, and as many as `max_tokens` and the like allow for the answer); other calls
    pass uncounted. concurrency: calls in flight at once."""
    algorithm: Literal["fixed_window", "sliding_window", "token_bucket"] = "fixed_window"
    """fixed_window: exactly `limit` in a window that begins with its first call. sliding_window: never more than
    `limit` in any stretch of `per`; each call is remembered, so a limit on requests is at most 10000.
    token_bucket: `limit` at once, then what flows in, which is `limit` in `per`."""
    scope: Annotated[Scope, Field(strict=False)] = Scope.SHARED
    """Whose quota it is: shared by all matching calls, or one for each session, or one for each set of credentials."""
    warn: bool | None = None
    """Say with the answers to calls that are let through how the quota stands, in the headers that the dialect has for
    it; a dialect that has none says nothing. If left out, only a rule that names a `dialect` does."""
    retry_after: Duration | None = None
    """When it asks the agent to come back; it says nothing, if left out. With a `limit` over time it is computed."""
    status: FailureStatus | None = None
    """Another status than the dialect's."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        problem = next(self._without_a_quota() if self.limit is None else self._of_the_quota(self.limit), None)
        if problem is not None:
            raise ValueError(problem)
        return self

    def _without_a_quota(self) -> Iterator[str]:
        if self.per is not None:
            yield "limit: `per` means nothing without it"
        for name in ("count", "algorithm", "scope", "warn"):
            if name in self.model_fields_set:
                yield f"{name}: without `limit` and `per` there is no quota that it could be about"

    def _of_the_quota(self, limit: int) -> Iterator[str]:
        if self.count is QuotaUnit.CONCURRENCY:
            if self.per is not None:
                yield "per: calls in flight are counted at one moment, not over a time"
            if "algorithm" in self.model_fields_set:
                yield "algorithm: calls in flight are counted at one moment, so there is only one way to"
            return
        if self.per is None:
            yield "per: `limit` means nothing without it"
        if self.retry_after is not None:
            yield "retry_after: a real limit says by itself when to come back"
        if self.algorithm == "sliding_window" and self.count is QuotaUnit.REQUESTS and limit > LONGEST_LOG:
            yield f"limit: a sliding window remembers each call, so expected at most {LONGEST_LOG}"

    @property
    def memory_scope(self) -> Scope:
        """Whose quota it is."""
        return self.scope

    def blank(self) -> Memory:
        """A quota of which nothing is used; None without a limit."""
        if self.limit is None:
            return None
        if self.count is QuotaUnit.CONCURRENCY:
            return Flight()
        match self.algorithm:
            case "fixed_window":
                return Window()
            case "sliding_window":
                return Log()
            case "token_bucket":
                return Bucket(float(self.limit))

    def step(
        self, turn: Turn, rule: str, memory: Memory, *, triggered: bool
    ) -> tuple[tuple[Effect | Aside, ...], Memory]:
        """Let the call in, or refuse it and say when it will be let in (if no other call is quicker)."""
        if not triggered:
            return (), memory
        if self._is_plain and isinstance(memory, (Window, Bucket, Log)):
            wait, after = memory.ask(self._terms, 1, turn.now)
            if wait <= 0:
                return (), after
        if memory is None or self.limit is None:
            return (self._refusal(turn, rule, self.retry_after),), memory
        if isinstance(memory, Flight):
            return self._by_concurrency(turn, rule, memory, self.limit)
        return self._by_time(turn, rule, memory)

    def returned(self, memory: Memory) -> Memory:
        """A place is free again, if it is places that are counted."""
        return memory.landed() if isinstance(memory, Flight) else memory

    @cached_property
    def _terms(self) -> Terms:
        """What `limit` and `per` say; each call that passes asks for it."""
        return Terms(self.limit or 0, self.per or 0.0)

    @cached_property
    def _is_plain(self) -> bool:
        """Does it count requests over a time, and say nothing to those that pass? Most do, and each call asks them."""
        return self.limit is not None and self.count is QuotaUnit.REQUESTS and not self._warns

    @cached_property
    def _warns(self) -> bool:
        return self.dialect is not None if self.warn is None else self.warn

    def _by_time(
        self, turn: Turn, rule: str, memory: Window | Bucket | Log
    ) -> tuple[tuple[Effect | Aside, ...], Memory]:
        terms = self._terms
        asked = tokens_asked(turn.call) if self.count is QuotaUnit.TOKENS else 1
        if asked == 0:
            return (), memory
        if asked > terms.limit:
            quota = self._quota(memory.standing(terms, turn.now), asked)
            return (self._too_large(turn, rule, quota),), memory
        wait, after = memory.ask(terms, asked, turn.now)
        if wait <= 0 and not self._warns:
            return (), after
        quota = self._quota(after.standing(terms, turn.now), asked)
        return (self._refusal(turn, rule, wait, quota) if wait > 0 else Annotate(quota, self.dialect),), after

    def _by_concurrency(
        self, turn: Turn, rule: str, memory: Flight, limit: int
    ) -> tuple[tuple[Effect | Aside, ...], Memory]:
        free, after = memory.ask(limit)
        # Nobody knows when a place is free again: a call lasts as long as it lasts.
        quota = self._quota(Standing(limit - after.aloft, 0.0), 1)
        if free:
            return (Annotate(quota, self.dialect),) if self._warns else (), after
        return (self._refusal(turn, rule, self.retry_after, quota),), after

    def _quota(self, standing: Standing, asked: int) -> Quota:
        return Quota(self.limit or 0, standing.remaining, standing.resets, self.per, self.count, asked)

    def _refusal(self, turn: Turn, rule: str, retry_after: float | None, quota: Quota | None = None) -> Reject:
        refusal = self.rejection(turn, rule, FailureKind.RATE_LIMITED, status=self.status, retry_after=retry_after)
        return msgspec.structs.replace(refusal, quota=quota)

    def _too_large(self, turn: Turn, rule: str, quota: Quota) -> Reject:
        """In the dialect's own words: a message that was written for those who should wait would be untrue."""
        refusal = self.rejection(turn, rule, FailureKind.REQUEST_TOO_LARGE)
        return msgspec.structs.replace(refusal, message=None, quota=quota, nature=TOO_LARGE)
