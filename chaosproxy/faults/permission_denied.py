"""The tool knows who the agent is, and refuses: 403.

**What the agent sees**

A 403 at once, in the vendor's own format: no hint when to come back, because coming back will not help.
The tool does not run. It sticks to the right that is lacking: once refused, the same tool is refused to the same
credentials for the rest of the session, whatever the arguments. Other tools, and other credentials, are let through.

**What a healthy agent does**

It does not ask again unchanged. It says so, takes another way, or asks for credentials with more rights. Trying other
tools until one lets it through is not recovery.

**Seen in the wild**

A narrowed API key at OpenAI answers 403 "You have insufficient permissions for this operation. Missing scopes: ...";
GitHub says "Resource not accessible by integration". The OpenAI and Anthropic SDKs make one attempt only, so every
further one is the agent's own decision. Version 1 of the MCP Python SDK tears the whole session down on a 403.
"""

from collections.abc import Hashable
from typing import ClassVar, Literal

from chaosproxy.core.call import Call
from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family
from chaosproxy.faults._fields import FailureStatus
from chaosproxy.faults._sticking import Sticking


class PermissionDenied(Sticking):
    """Refuse the call for want of rights."""

    family = Family.PERMISSION
    phases = (Phase.BEFORE_UPSTREAM,)
    nature = Nature(
        explicit=True,
        course=Course.PERSISTENT,
        healthy=(Reaction.STOP_AND_SAY, Reaction.FALL_BACK, Reaction.REAUTHENTICATE),
    )
    example: ClassVar[str] = """\
- name: the key may read, not charge
  match: {tool: charge}
  fault: {type: permission_denied, dialect: stripe}
"""

    type: Literal["permission_denied"] = "permission_denied"
    """The fault's name."""
    status: FailureStatus | None = None
    """Another status than the dialect's."""

    def grounds(self, call: Call) -> Hashable:
        """Who may not do what."""
        return call.route.upstream, call.route.tool, call.credential

    def refusal(self, turn: Turn, rule: str) -> Reject:
        """A 403, before the tool has run."""
        return self.rejection(turn, rule, FailureKind.PERMISSION_DENIED, status=self.status)
