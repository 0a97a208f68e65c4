"""The agent's access is withdrawn in the middle of its work, for good.

**What the agent sees**

A call that worked before is answered as for a revoked token (401, or what the dialect says), and so is every later one
that the rule matches: with `scope: session` for the rest of the session and whatever credentials it shows, because the
account is closed; with `scope: credential` whoever shows these credentials, in any session, while others are
let through. The tool does not run.

**What a healthy agent does**

It stops and says that its access is gone, or goes on with what does not need it. A new token from the same account does
not help, and one attempt is enough to learn that. With `scope: credential`, others that it was given are worth a try.

**Seen in the wild**

Slack says `token_revoked` or `account_inactive`, OAuth token endpoints say `invalid_grant`, "Token has been expired or
revoked.", and Anthropic has an error code for an organization on hold. A key that was pushed to a public repository may
be revoked by its vendor within minutes, while an agent is at work with it.
"""

from collections.abc import Hashable
from typing import ClassVar, Literal

from chaosproxy.core.call import Call
from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Scope
from chaosproxy.faults._fields import FailureStatus
from chaosproxy.faults._sticking import Sticking

_ALL = ()
"""The only thing there is to hold against anyone: the memory's scope says who is meant."""


class Revoked(Sticking):
    """Withdraw the access of whoever made the call that is hit."""

    family = Family.PERMISSION
    phases = (Phase.BEFORE_UPSTREAM,)
    nature = Nature(explicit=True, course=Course.PERSISTENT, healthy=(Reaction.STOP_AND_SAY, Reaction.FALL_BACK))
    example: ClassVar[str] = """\
- name: the account is closed while the agent is at work
  match: {upstream: payments}
  when: {calls: 4}
  fault: {type: revoked}
"""

    type: Literal["revoked"] = "revoked"
    """The fault's name."""
    scope: Literal["session", "credential"] = "session"
    """Who is shut out: the session, whatever credentials it shows; or these credentials, in whatever session."""
    status: FailureStatus | None = None
    """Another status than the dialect's."""

    @property
    def judged_by(self) -> Nature:
        """Only if others may be let in, it is healthy to come back with other credentials."""
        if self.scope == "session":
            return self.nature
        return Nature(
            explicit=True,
            course=Course.CONDITIONAL,
            healthy=(Reaction.STOP_AND_SAY, Reaction.FALL_BACK, Reaction.REAUTHENTICATE),
        )

    @property
    def memory_scope(self) -> Scope:
        """Who is shut out."""
        return Scope(self.scope)

    def grounds(self, call: Call) -> Hashable:  # noqa: ARG002 - whatever is asked, it is refused
        """All calls alike."""
        return _ALL

    def refusal(self, turn: Turn, rule: str) -> Reject:
        """A 401, before the tool has run."""
        return self.rejection(turn, rule, FailureKind.TOKEN_REVOKED, status=self.status)
