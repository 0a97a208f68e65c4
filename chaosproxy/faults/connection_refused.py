"""Nobody answers at the tool's address: the connection is refused.

**What the agent sees**

"Connection refused" is told by the kernel of the tool's machine, before a request is sent. A proxy has accepted the
agent's connection by then, so this is an emulation: the connection is reset as soon as the request has come, before a
byte of an answer. Clients report a connection error either way, and nearly all treat the two alike. The tool never ran.

**What a healthy agent does**

It waits a little and tries again, a few times: a server that is being restarted is back within seconds. If it stays
away, the agent turns to another tool, or stops and says so. It need not fear that a write went through, but it cannot
tell this from a reset after the work is done, so it checks that all the same.

**Seen in the wild**

Every deployment of a tool without overlap shows it, and so does every tool server on an agent's own machine that has
crashed. The OpenAI and Anthropic SDKs try three times within about two seconds, which is less than a restart takes; the
Slack SDK retries nothing but connection errors; a reset before the headers ends the session of the MCP Python SDK in
versions 1 and 2.
"""

from typing import ClassVar, Literal

from chaosproxy.core.effects import Disconnect, Effect, Ending
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault


class ConnectionRefused(Fault):
    """End the agent's connection as though the tool's address refused it."""

    family = Family.CONNECTION
    phases = (Phase.BEFORE_UPSTREAM,)
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(
            Reaction.RETRY,
            Reaction.WAIT_THEN_RETRY,
            Reaction.CHECK_FIRST,
            Reaction.FALL_BACK,
            Reaction.STOP_AND_SAY,
        ),
    )
    example: ClassVar[str] = """\
- name: search is being restarted
  match: {tool: find}
  when: {attempts: 1-2}
  fault: {type: connection_refused}
"""

    type: Literal["connection_refused"] = "connection_refused"
    """The fault's name."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  a refusal depends on nothing
        """An RST before a byte of an answer."""
        return (Disconnect(Ending.RESET, Phase.BEFORE_UPSTREAM),)
