"""The connection dies with a TCP reset.

**What the agent sees**

"Connection reset by peer": before the tool has run, after it has run (`after_upstream`: the reply is lost), or in the
middle of the reply (`during_body`). It cannot tell the first two apart.

**What a healthy agent does**

It connects anew and tries again, a few times. If the call changes the world it first looks whether the change is
already there, or re-sends under the same idempotency key.

**Seen in the wild**

A lost reply to a write is where agents charge twice: a naive agent re-sends and both charges count. The OpenAI SDK
reconnects after about half a second and a second; a reset before the headers ends the session of the MCP Python SDK in
versions 1 and 2.
"""

from typing import ClassVar, Literal

from chaosproxy.core.effects import Disconnect, Effect, Ending
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault


class ConnectionReset(Fault):
    """End the agent's connection with RST."""

    family = Family.CONNECTION
    phases = (Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM, Phase.DURING_BODY)
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: the charge goes through, the reply does not
  match: {tool: charge}
  when: {attempts: 1}
  fault: {type: connection_reset, phase: after_upstream}
"""

    type: Literal["connection_reset"] = "connection_reset"
    """The fault's name."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  a reset depends on nothing
        """An RST on the agent's connection."""
        return (Disconnect(Ending.RESET, self.strikes),)
