"""The tool's name cannot be looked up, and whatever stands between says so.

**What the agent sees**

The answer of a proxy or a gateway that found no address for the tool: a 502, 503 or 530 in its own words, often a page
or a line of text where JSON is expected. The agent did reach somebody, so it gets a status and no network error. The
tool never ran. How the failure looks depends on what is said to stand in front of the tool: see `dialect`.

**What a healthy agent does**

It knows that the tool has not been reached, tries again a few times with growing pauses, and then takes another way or
says so. It does not take the page for the tool's word on its request.

**Seen in the wild**

A record that was changed and has not spread, a resolver that is down, a service renamed in a cluster. Behind a proxy
the agent never sees its own resolver fail: Cloudflare answers 530 with "error code: 1016", a mesh 503, nginx 502. MCP
clients in Python give all of them the same name, "Server returned an error response", or lose the session (version 1).
"""

from typing import ClassVar, Literal

from chaosproxy.core.effects import Effect
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family
from chaosproxy.faults._fields import FailureStatus
from chaosproxy.faults._rejecting import Rejecting


class DnsFailure(Rejecting):
    """Answer as a proxy does that cannot resolve the tool's name."""

    family = Family.CONNECTION
    phases = (Phase.BEFORE_UPSTREAM,)
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(
            Reaction.WAIT_THEN_RETRY,
            Reaction.RETRY,
            Reaction.CHECK_FIRST,
            Reaction.FALL_BACK,
            Reaction.STOP_AND_SAY,
        ),
    )
    example: ClassVar[str] = """\
- name: nobody knows where search is
  match: {tool: find}
  when: {probability: 10%}
  fault: {type: dns_failure, dialect: cloudflare}
"""

    type: Literal["dns_failure"] = "dns_failure"
    """The fault's name."""
    status: FailureStatus | None = None
    """Another status than the dialect's."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """A gateway's failure, before the tool has run."""
        return (self.rejection(turn, rule, FailureKind.DNS_FAILURE, status=self.status),)
