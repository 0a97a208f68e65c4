"""The request is larger than the tool takes: 413.

**What the agent sees**

A 413 (or what the dialect says) at once, in the vendor's own format or as its gateway's page. The tool does not run.
With `limit`, calls whose body is larger are refused. Without, the body of the call that is hit is what is too large. It
sticks: from then on the session gets no call to this tool through whose body is larger than that limit, or as large as
that body. A smaller one is let through. A call without a body is never too large.

**What a healthy agent does**

It sends less: fewer messages, a shorter text, a smaller file, several calls instead of one. Or it says that it cannot,
or takes another tool. The same request cannot work, and a longer one even less.

**Seen in the wild**

Anthropic takes 32 MB a request and leaves it to the edge in front to say 413; nginx says it in a page of its own from
1 MiB on, unless told otherwise. A conversation that grows with each turn gets there by itself. OpenAI says 429 for a
request with more tokens than the limit of a minute (for that see `rate_limit` with `count: tokens`). urllib3 retries a
413 that carries a `Retry-After`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.effects import Effect
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, RememberingFault, Scope
from chaosproxy.faults._fields import FailureStatus, Size
from chaosproxy.faults._rejecting import Rejecting
from chaosproxy.faults._sizes import body_size

_MOST = 64
"""Tools that one session may have met the limit of before the first is forgotten: memory has an end."""

Limits = Mapping[tuple[str, str], int]
"""By upstream and tool, the largest body that is taken, in bytes; never changed, only replaced."""


class RequestTooLarge(Rejecting, RememberingFault[Limits]):
    """Refuse the call for its size."""

    family = Family.LIMITS
    phases = (Phase.BEFORE_UPSTREAM,)
    waits = True
    nature = Nature(
        explicit=True,
        course=Course.PERSISTENT,
        healthy=(Reaction.CHANGE_ARGUMENTS, Reaction.FALL_BACK, Reaction.STOP_AND_SAY),
    )
    example: ClassVar[str] = """\
- name: the gateway takes 64 KiB
  match: {upstream: llm}
  fault: {type: request_too_large, limit: 64KiB, dialect: nginx}
"""

    type: Literal["request_too_large"] = "request_too_large"
    """The fault's name."""
    limit: Annotated[Size, Field(ge=1)] | None = None
    """The largest body that is taken. Without it, one byte less than the call that is hit has."""
    status: FailureStatus | None = None
    """Another status than the dialect's."""

    @property
    def memory_scope(self) -> Scope:
        """Each session finds out for itself."""
        return Scope.SESSION

    def blank(self) -> Limits:
        """Nobody has met a limit."""
        return MappingProxyType({})

    def step(self, turn: Turn, rule: str, memory: Limits, *, triggered: bool) -> tuple[tuple[Effect, ...], Limits]:
        """Refuse the call if it is larger than what is known to be taken, or is the one by which that becomes known."""
        if not triggered and not memory:
            return (), memory
        size = body_size(turn.call)
        tool = turn.call.route.upstream, turn.call.route.tool
        known = memory.get(tool)
        if known is None or size <= known:
            largest = self.limit if self.limit is not None else size - 1
            if not triggered or size == 0 or size <= largest:
                return (), memory
            others = [(other, taken) for other, taken in memory.items() if other != tool]
            memory = dict([*others, (tool, largest)][-_MOST:])
        return (self.rejection(turn, rule, FailureKind.REQUEST_TOO_LARGE, status=self.status),), memory
