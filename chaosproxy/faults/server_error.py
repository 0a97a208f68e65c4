"""The tool breaks: 500, 502, 503 or 504.

**What the agent sees**

A 5xx in the vendor's format, before the tool has run or, with `phase: after_upstream`, after it has run to its end:
then the agent is told that it failed although it did its work. It is the tool's own word, in the format that its
documentation promises. For the page of something in front of it, which no parser of the tool's errors understands,
there is `bad_gateway`; for a tool that is up but out of capacity, `overloaded`; for one that says until when it is
away, `maintenance`.

**What a healthy agent does**

It tries again after a pause that grows, a few times, and then takes another way or says so. Before it re-sends
something that changes the world, it checks whether the first try went through, or re-sends under the same
idempotency key.

**Seen in the wild**

The OpenAI and Anthropic SDKs retry a 5xx twice by themselves, after about half a second and a second. Slack says of its
own `fatal_error` that part of the operation may have succeeded; Stripe replays a stored 500 for the same key.
A fault tool that runs the upstream although it reports an error before it is a known trap: here the phase decides.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from chaosproxy.core.effects import Effect
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family
from chaosproxy.faults._fields import Duration
from chaosproxy.faults._rejecting import Rejecting

_KINDS: Mapping[int, FailureKind] = MappingProxyType(
    {
        500: FailureKind.SERVER_ERROR,
        502: FailureKind.BAD_GATEWAY,
        503: FailureKind.UNAVAILABLE,
        504: FailureKind.GATEWAY_TIMEOUT,
    }
)


class ServerError(Rejecting):
    """Answer with the tool's own kind of breakdown."""

    family = Family.SERVER
    phases = (Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM)
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: search is overloaded now and then
  match: {tool: find}
  when: {probability: 10%}
  fault: {type: server_error, status: 503, retry_after: 2s}
"""

    type: Literal["server_error"] = "server_error"
    """The fault's name."""
    status: Literal[500, 502, 503, 504] = 500
    """What breaks: the tool (500), what is behind its gateway (502), its capacity (503), its gateway's patience (504).
    A dialect that has a number of its own for that uses it: an overloaded Anthropic says 529."""
    retry_after: Duration | None = None
    """When it asks the agent to come back; it says nothing, if left out."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """A 5xx in place of the tool's answer."""
        return (self.rejection(turn, rule, _KINDS[self.status], retry_after=self.retry_after),)
