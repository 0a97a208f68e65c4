"""The tool finds fault with the arguments: 400 or 422.

**What the agent sees**

A 400 (or 422) with the vendor's words for a request that makes no sense to it; `message` says what is wrong, if the
agent is to be told. The tool does not run. It sticks to the arguments: the same call is refused for the rest of the
session however often it is repeated, and one with other arguments is let through (unless the rule's `when` picks it
too, so give it one, such as `calls: 2`: without `when`, every call is invalid).

**What a healthy agent does**

It reads what is wrong, changes that, and asks again; or it says that it cannot. Repeating the call unchanged cannot
work. A new id, nonce or timestamp is no change.

**Seen in the wild**

GitHub says 422 "Validation Failed" and which field is missing; OpenAI answers 400 to a conversation that grew too long
or whose tool results do not pair up with the calls. SDKs do not retry a 400, but frameworks that hand the text to the
model often get the same call back. Since late 2025 MCP tells of invalid arguments in the tool's result, so that the
model sees them.
"""

from collections.abc import Hashable
from typing import ClassVar, Literal

from chaosproxy.core.call import Call
from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family
from chaosproxy.faults._sticking import Sticking


class InvalidRequest(Sticking):
    """Refuse the call for its arguments."""

    family = Family.SERVER
    phases = (Phase.BEFORE_UPSTREAM,)
    nature = Nature(explicit=True, course=Course.PERSISTENT, healthy=(Reaction.CHANGE_ARGUMENTS, Reaction.STOP_AND_SAY))
    example: ClassVar[str] = """\
- name: the second search is one that the tool does not understand
  match: {tool: find}
  when: {calls: 2}
  fault: {type: invalid_request, status: 422, message: "limit: must be at most 100"}
"""

    type: Literal["invalid_request"] = "invalid_request"
    """The fault's name."""
    status: Literal[400, 422] | None = None
    """Which of the two; what the dialect says, if left out."""

    def grounds(self, call: Call) -> Hashable:
        """What it asks for."""
        return call.fingerprint

    def refusal(self, turn: Turn, rule: str) -> Reject:
        """A 400, before the tool has run."""
        return self.rejection(turn, rule, FailureKind.INVALID_REQUEST, status=self.status)
