"""The tool does not serve the place where the agent is.

**What the agent sees**

A 403 (or what the dialect says instead) at once. The tool does not run. It sticks to where the agent is: once refused,
the session gets nothing from this upstream any more, whatever it asks for and whatever credentials it shows. Other
upstreams, which may serve that place, are let through.

**What a healthy agent does**

It stops and says so, or goes to another provider. It does not ask again, and does not look for a way around the block:
that is for people to decide.

**Seen in the wild**

OpenAI answers 403 with `unsupported_country_region_territory`; Gemini answers 400 `FAILED_PRECONDITION` "User location
is not supported for the API use.", which looks like a mistake in the arguments and is none. It strikes agents that were
moved to another data centre, or whose traffic leaves by another address than yesterday. HTTP has 451 for it, too.
"""

from collections.abc import Hashable
from typing import ClassVar, Literal

from chaosproxy.core.call import Call
from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family
from chaosproxy.faults._fields import FailureStatus
from chaosproxy.faults._sticking import Sticking


class RegionBlocked(Sticking):
    """Refuse the call for where it comes from."""

    family = Family.PERMISSION
    phases = (Phase.BEFORE_UPSTREAM,)
    nature = Nature(explicit=True, course=Course.PERSISTENT, healthy=(Reaction.STOP_AND_SAY, Reaction.FALL_BACK))
    example: ClassVar[str] = """\
- name: the model is not offered here
  match: {upstream: llm}
  fault: {type: region_blocked, dialect: openai}
"""

    type: Literal["region_blocked"] = "region_blocked"
    """The fault's name."""
    status: FailureStatus | None = None
    """Another status than the dialect's, such as 451."""

    def grounds(self, call: Call) -> Hashable:
        """Who does not serve this place; where the agent is, all of its session is."""
        return call.route.upstream

    def refusal(self, turn: Turn, rule: str) -> Reject:
        """A 403, before the tool has run."""
        return self.rejection(turn, rule, FailureKind.REGION_BLOCKED, status=self.status)
