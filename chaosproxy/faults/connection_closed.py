"""The connection is closed in good order, without the answer.

**What the agent sees**

The server hangs up (FIN): without a byte of an answer, before the tool has run or after it (`after_upstream`: the reply
is lost), or in the middle of the reply (`during_body`). Clients call it "server disconnected", "empty reply" or
"incomplete read".

**What a healthy agent does**

As after a reset: connect anew, try again a few times, and look before re-sending what changes the world.

**Seen in the wild**

It is what a keep-alive connection looks like when the server lets go of it in the same moment as a request is sent, and
what a restarted server does to the calls in flight. The Slack SDK retries exactly this kind of failure, once, and no
other.
"""

from typing import ClassVar, Literal

from chaosproxy.core.effects import Disconnect, Effect, Ending
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault


class ConnectionClosed(Fault):
    """End the agent's connection with FIN."""

    family = Family.CONNECTION
    phases = (Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM, Phase.DURING_BODY)
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: search hangs up
  match: {tool: find}
  when: {probability: 5%}
  fault: {type: connection_closed}
"""

    type: Literal["connection_closed"] = "connection_closed"
    """The fault's name."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  a hang-up depends on nothing
        """A FIN on the agent's connection."""
        return (Disconnect(Ending.CLOSE, self.strikes),)
