"""The reply is empty: a good status, and nothing behind it.

**What the agent sees**

The tool's own status and headers with a body of no bytes; with `phase: before_upstream` an empty 200 although the tool
never ran. Nothing says that something is wrong.

**What a healthy agent does**

It does not take nothing for "no results": it notices that the reply is not what the tool returns, and asks again or
says so. After a write it checks first.

**Seen in the wild**

GitHub answers 202 with an empty body while it still computes statistics. An empty body under a 200 leaves version 1 of
the MCP Python SDK hanging until its timeout, and surfaces as a bare JSON error from LLM SDKs, outside their own error
classes and therefore outside their retries.
"""

from typing import ClassVar, Literal

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Effect, Respond, Rewrite, Unfit
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault

_NOTHING = Reply(200, b"OK", ((b"Content-Type", b"application/json"),), b"")


class EmptyBody(Fault):
    """Deliver a reply without its body."""

    family = Family.PAYLOAD
    phases = (Phase.AFTER_UPSTREAM, Phase.BEFORE_UPSTREAM)
    nature = Nature(
        explicit=False,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: search returns nothing at all
  match: {tool: find}
  when: {probability: 10%}
  fault: {type: empty_body}
"""

    type: Literal["empty_body"] = "empty_body"
    """The fault's name."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  empty is empty
        """The tool's reply without its body, or an empty 200 in its place."""
        if self.strikes is Phase.BEFORE_UPSTREAM:
            return (Respond(_NOTHING, Phase.BEFORE_UPSTREAM),)
        return (Rewrite(_emptied, "empty_body"),)


def _emptied(reply: Reply) -> Reply | Unfit:
    if not reply.body:
        return Unfit("empty_body")
    return Reply(reply.status, reply.reason, reply.headers, b"")
