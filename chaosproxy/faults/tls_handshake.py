"""The TLS handshake with the tool does not come about.

**What the agent sees**

It has a connection and sends its greeting (ClientHello). Then nothing comes, until its own timeout strikes or `seconds`
are over (`stalled`); or the connection ends at once (`cut`). The tool is not asked. It strikes tunnels (CONNECT) that
are intercepted, and is decided once a tunnel.

**What a healthy agent does**

It has a time limit for connecting, not only for reading, gives up when it strikes, and connects again a few times. No
request was sent, so nothing can be done twice.

**Seen in the wild**

Overloaded load balancers accept connections and then have no time for the handshake; a firewall that inspects traffic
resets at the ClientHello what it does not like; a path that loses large packets lets the small greeting through and
stalls at the certificates. In Python, `requests` without a timeout waits for ever here too, and the connect timeout of
some clients covers TCP alone.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from chaosproxy.core.effects import Effect, Ending, Flaw, Handshake
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._fields import Duration


class TlsHandshake(Fault):
    """Do not answer the agent's greeting."""

    family = Family.CONNECTION
    phases = (Phase.BEFORE_UPSTREAM,)
    strikes_handshake = True
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: the load balancer has no time for handshakes
  match: {upstream: payments}
  when: {attempts: 1}
  fault: {type: tls_handshake, how: stalled, seconds: 20s}
"""

    type: Literal["tls_handshake"] = "tls_handshake"
    """The fault's name."""
    how: Literal["stalled", "cut"] = "cut"
    """Whether the agent gets nothing, or the end of its connection."""
    ending: Annotated[Ending, Field(strict=False)] = Ending.CLOSE
    """How the connection ends: `close` is an orderly FIN, `reset` a TCP RST."""
    seconds: Annotated[Duration, Field(gt=0)] = 600.0
    """How long a stalled one is silent, if the agent does not leave before."""

    @model_validator(mode="after")
    def _time_is_for_stalling(self) -> Self:
        if self.how != "stalled" and "seconds" in self.model_fields_set:
            raise ValueError("seconds: only `how: stalled` takes time; cut does not")
        return self

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  it depends on nothing
        """A handshake that is not answered."""
        return (Handshake(Flaw(self.how), self.ending, self.seconds if self.how == "stalled" else 0.0),)
