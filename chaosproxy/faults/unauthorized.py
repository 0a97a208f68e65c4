"""The tool does not accept the agent's credentials: 401.

**What the agent sees**

A 401 at once, as for a wrong or missing key, with the challenge that the dialect sends. The tool does not run.
It sticks to the credentials: once refused, they are refused for the rest of the session in every call that the rule
matches, and others are let through (unless the rule hits them too).

**What a healthy agent does**

It gets other credentials and comes back with them, or stops and says that it has none. The same call with the same
credentials cannot work.

**Seen in the wild**

OpenAI answers "Incorrect API key provided", Anthropic "invalid x-api-key", GitHub "Bad credentials"; their SDKs do not
retry a 401. An MCP client in TypeScript re-authenticates once and tries again; version 1 of the Python SDK loses its
whole session.
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


class Unauthorized(Sticking):
    """Refuse the call for its credentials."""

    family = Family.PERMISSION
    phases = (Phase.BEFORE_UPSTREAM,)
    nature = Nature(explicit=True, course=Course.CONDITIONAL, healthy=(Reaction.REAUTHENTICATE, Reaction.STOP_AND_SAY))
    example: ClassVar[str] = """\
- name: the key is not accepted
  match: {upstream: search}
  when: {calls: 2}
  fault: {type: unauthorized, dialect: openai}
"""

    type: Literal["unauthorized"] = "unauthorized"
    """The fault's name."""
    status: FailureStatus | None = None
    """Another status than the dialect's."""

    def grounds(self, call: Call) -> Hashable:
        """The credentials; None stands for a call without any."""
        return call.credential

    def refusal(self, turn: Turn, rule: str) -> Reject:
        """A 401, before the tool has run."""
        return self.rejection(turn, rule, FailureKind.UNAUTHORIZED, status=self.status)
