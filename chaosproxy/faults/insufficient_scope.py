"""The agent's token is good, but not for this: 403 that names the scope it lacks.

**What the agent sees**

A 403 with `WWW-Authenticate: Bearer error="insufficient_scope"` and, if `scope` is given, the scope that would do.
The tool does not run. It sticks to the token: the same tool is refused to the same credentials for the rest of the
session. Other tools, and other credentials, are let through.

**What a healthy agent does**

It gets a token with the scope that is named and comes back with it, once; or it says which scope it lacks, or does the
work another way. The same token cannot work, and asking for every scope there is is not a healthy answer either.

**Seen in the wild**

RFC 6750 names the error and the `scope` attribute. MCP tells clients to step up: to ask for the scopes they have and
the one they lack together, and to retry "no more than a few times"; its TypeScript client does so by itself. Slack
says it in a 200: `{"ok":false,"error":"missing_scope","needed":"chat:write"}`.
"""

from collections.abc import Hashable
from typing import Annotated, ClassVar, Literal

import msgspec
from pydantic import AfterValidator, Field

from chaosproxy.core.call import Call
from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family
from chaosproxy.faults._fields import FailureStatus, of_form
from chaosproxy.faults._sticking import Sticking

_SCOPES = r"^[!#-\[\]-~]+( [!#-\[\]-~]+)*$"
"""One or more, with a space between (RFC 6749, 3.3): nothing that could end the quotes they stand in."""

ScopeNames = Annotated[
    str,
    AfterValidator(of_form(_SCOPES, "a scope such as files:write, or several with one space between")),
    Field(json_schema_extra={"pattern": _SCOPES}),
]


class InsufficientScope(Sticking):
    """Refuse the call for a scope that its token lacks."""

    family = Family.PERMISSION
    phases = (Phase.BEFORE_UPSTREAM,)
    nature = Nature(
        explicit=True,
        course=Course.CONDITIONAL,
        healthy=(Reaction.REAUTHENTICATE, Reaction.STOP_AND_SAY, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: the token may read files, not write them
  match: {method: PUT, path: /files/*}
  fault: {type: insufficient_scope, scope: "files:write"}
"""

    type: Literal["insufficient_scope"] = "insufficient_scope"
    """The fault's name."""
    scope: ScopeNames | None = None
    """What is lacking, as OAuth writes it: `files:write`, or several with a space between. Unsaid, if left out."""
    status: FailureStatus | None = None
    """Another status than the dialect's."""

    def grounds(self, call: Call) -> Hashable:
        """Whose token does not suffice for what."""
        return call.route.upstream, call.route.tool, call.credential

    def refusal(self, turn: Turn, rule: str) -> Reject:
        """A 403 that names the scope, before the tool has run."""
        refusal = self.rejection(turn, rule, FailureKind.INSUFFICIENT_SCOPE, status=self.status)
        return msgspec.structs.replace(refusal, scope=self.scope)
