"""What stands in front of the tool answers for it: a gateway's page where the tool's own words are expected.

**What the agent sees**

A 502, 503 or 504, or one of Cloudflare's own numbers, with a page or a line of text that is in no format of the tool's:
HTML from nginx, an AWS load balancer or HAProxy, plain text from Envoy and Cloudflare. A parser of the tool's errors
breaks on it. Before the upstream the tool never ran; with `phase: after_upstream` it did, and the gateway has lost or
not awaited what it said. The agent cannot tell the two apart. (`server_error` is the tool itself that breaks, and
says so in its own format; this is the same moment as nearly every client meets it.)

**What a healthy agent does**

It goes by the status, does not read meaning into the page, and tries again after a pause that grows, a few times; then
it takes another way or says so. Before it re-sends what changes the world, it checks whether the first try went
through.

**Seen in the wild**

Every restart behind a load balancer. nginx, 504: "Gateway Time-out", with a hyphen; an AWS load balancer without a
healthy target: 503 and nginx's page without its rule; Envoy: "upstream connect error or disconnect/reset before
headers"; Cloudflare: "error code: 502" as plain text for whoever is no browser, and 524 after 100 seconds. The OpenAI
and Anthropic SDKs retry all of them twice by themselves; `response.json()` on the page is an error of its own.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from chaosproxy.core.effects import Effect, Reject
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault

_KINDS: Mapping[int, FailureKind] = MappingProxyType(
    {
        502: FailureKind.BAD_GATEWAY,
        503: FailureKind.UNAVAILABLE,
        504: FailureKind.GATEWAY_TIMEOUT,
        520: FailureKind.BAD_GATEWAY,
        521: FailureKind.BAD_GATEWAY,
        522: FailureKind.GATEWAY_TIMEOUT,
        523: FailureKind.BAD_GATEWAY,
        524: FailureKind.GATEWAY_TIMEOUT,
        525: FailureKind.BAD_GATEWAY,
        526: FailureKind.BAD_GATEWAY,
        527: FailureKind.BAD_GATEWAY,
        530: FailureKind.DNS_FAILURE,
    }
)
_CLOUDFLARE = "cloudflare"


class BadGateway(Fault):
    """Answer as a gateway does whose tool has failed it."""

    family = Family.SERVER
    phases = (Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM)
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: the load balancer has nobody to ask
  match: {tool: find}
  when: {probability: 10%}
  fault: {type: bad_gateway, gateway: aws_alb, status: 503}
"""

    type: Literal["bad_gateway"] = "bad_gateway"
    """The fault's name."""
    gateway: str | None = None
    """What stands in front: the name of a dialect (nginx, aws_alb, cloudflare, envoy, haproxy, ...), or the path of a
    dialect file; if left out, whatever the upstream's own dialect says in such a case."""
    status: Literal[502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530] = 502
    """What it says: the tool's answer was none (502), there is no tool to ask (503), it took too long (504). Cloudflare
    has more of its own: nobody knows what (520), refused (521), no connection in time (522), unreachable (523), no
    answer in time (524), a failed TLS handshake (525), an invalid certificate (526), its link to the tool (527), and
    a name that cannot be looked up (530)."""

    @model_validator(mode="after")
    def _status_is_the_gateways(self) -> Self:
        if self.status > 504 and (self.gateway is None or _is_name_of_another(self.gateway)):
            raise ValueError(f"status: {self.status} is Cloudflare's own, so it needs gateway: {_CLOUDFLARE}")
        return self

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """The gateway's failure in place of the tool's answer."""
        kind, draw = _KINDS[self.status], turn.draw(rule, "ids")
        return (Reject(kind, self.strikes, dialect=self.gateway, status=self.status, draw=draw),)


def _is_name_of_another(gateway: str) -> bool:
    """Is it one of the dialects that are known by name, and not Cloudflare's? A file may be anything."""
    return gateway.isidentifier() and gateway != _CLOUDFLARE
