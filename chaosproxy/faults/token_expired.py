"""The agent's credentials stop working in the middle of its work.

**What the agent sees**

A call that worked before is answered 401, as for an expired token, and so is every later one in the session that the
rule matches and that carries the same credentials. Calls with other credentials go through. The tool does not run.

With `token_path`, calls to the token endpoint are never the ones whose credentials expire. With `refresh: fails` the
endpoint gives no new token, in that session and from then on: it says that the grant has run out too. It must be among
the calls that the rule matches.

**What a healthy agent does**

It renews its token and comes back with the new one, or, if it cannot, says so. Asking again with the old token cannot
work, however often, and neither can renewing it with a grant that was refused.

**Seen in the wild**

OAuth answers `WWW-Authenticate: Bearer error="invalid_token", error_description="The access token expired"` (RFC 6750);
AWS says `ExpiredToken`, Anthropic "OAuth token has expired". Long agent runs outlive tokens of an hour. The MCP
TypeScript client renews once by itself; other SDKs do not retry a 401, so the agent has to notice. A token endpoint
that refuses says 400 `invalid_grant`, "Token has been expired or revoked." (RFC 6749).
"""

from typing import Annotated, ClassVar, Literal, Self

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from chaosproxy.core.effects import Effect
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.core.units import parse_duration
from chaosproxy.faults._base import Family, RememberingFault, Scope
from chaosproxy.faults._fields import FailureStatus, Written, of_form
from chaosproxy.faults._rejecting import Rejecting

_REMEMBERED = 8
"""Credentials that one session may have used up before the oldest are forgotten: memory has an end."""


def _until(value: object) -> object:
    if value == "new_credentials":
        return value
    try:
        return parse_duration(value)
    except ValueError:
        raise ValueError("expected new_credentials, or a duration such as 30s or 5m") from None


Until = Annotated[
    float | Literal["new_credentials"],
    BeforeValidator(_until),
    Written(("new_credentials", "duration")),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": "new_credentials"},
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)\s*$"},
                {"type": "string", "pattern": r"\$\{"},
            ],
            "examples": ["new_credentials", "30s"],
        }
    ),
]


_PATH = r"^/[^?#\s]*$"

TokenPath = Annotated[
    str,
    AfterValidator(of_form(_PATH, "a path such as /oauth/token, without a query")),
    Field(json_schema_extra={"pattern": _PATH}),
]


class Expired(msgspec.Struct, frozen=True):
    """Credentials that no longer work."""

    credential: str | None
    """Keyed hash, as the call has it; None stands for a call without any."""
    since: float
    """Monotonic seconds."""


class TokenExpired(Rejecting, RememberingFault[tuple[Expired, ...]]):
    """Let the credentials of the call that is hit expire."""

    family = Family.PERMISSION
    phases = (Phase.BEFORE_UPSTREAM,)
    waits = True
    nature = Nature(explicit=True, course=Course.CONDITIONAL, healthy=(Reaction.REAUTHENTICATE, Reaction.STOP_AND_SAY))
    example: ClassVar[str] = """\
- name: token runs out at the third call
  match: {tool: charge}
  when: {calls: 3}
  fault: {type: token_expired, until: new_credentials}
"""

    type: Literal["token_expired"] = "token_expired"
    """The fault's name."""
    until: Until = "new_credentials"
    """How long they stay expired in that session: for good, so that it takes new_credentials, or for a time."""
    token_path: TokenPath | None = None
    """The path of the token endpoint, as the upstream gets it: `/oauth/token`."""
    refresh: Literal["works", "fails"] = "works"
    """Whether the token endpoint gives new tokens once one has expired. works: its calls go through."""
    status: FailureStatus | None = None
    """Another status than the dialect's, for the calls whose token has expired."""

    @model_validator(mode="after")
    def _knows_the_endpoint(self) -> Self:
        if "refresh" in self.model_fields_set and self.token_path is None:
            raise ValueError("refresh: needs `token_path`, to know which calls are about new tokens")
        return self

    @property
    def memory_scope(self) -> Scope:
        """Each session has tokens of its own."""
        return Scope.SESSION

    def blank(self) -> tuple[Expired, ...]:
        """Nothing has expired."""
        return ()

    def step(
        self, turn: Turn, rule: str, memory: tuple[Expired, ...], *, triggered: bool
    ) -> tuple[tuple[Effect, ...], tuple[Expired, ...]]:
        """Refuse the call if its credentials have expired before, or do so with this call."""
        if self.until != "new_credentials":
            memory = tuple(known for known in memory if turn.now - known.since < self.until)
        if self.token_path is not None and turn.call.route.path == self.token_path:
            return self._renewal(turn, rule, memory), memory
        credential = turn.call.credential
        if all(known.credential != credential for known in memory):
            if not triggered:
                return (), memory
            memory = (*memory, Expired(credential, turn.now))[-_REMEMBERED:]
        return (self.rejection(turn, rule, FailureKind.TOKEN_EXPIRED, status=self.status),), memory

    def _renewal(self, turn: Turn, rule: str, memory: tuple[Expired, ...]) -> tuple[Effect, ...]:
        """What the token endpoint says. Its calls carry other credentials, and nobody's expire by them."""
        if not memory or self.refresh == "works":
            return ()
        return (self.rejection(turn, rule, FailureKind.REFRESH_FAILED),)
