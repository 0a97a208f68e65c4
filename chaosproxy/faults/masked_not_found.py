"""The tool hides what the agent may not see: 404 for a thing that exists.

**What the agent sees**

A 404 in the vendor's own format, exactly as for a thing that does not exist. The tool does not run. It sticks to the
thing: what is hidden from some credentials stays hidden from them for the rest of the session, whatever is asked about
it, by whatever method. A thing is what the path names; other paths, and other credentials, are let through.

**What a healthy agent does**

It checks whether it has the name right, and whether it may see such things at all; then it says that it found nothing
and that this may be for want of rights. It does not ask again unchanged, does not conclude that the thing is gone, and
above all does not create it anew.

**Seen in the wild**

GitHub answers 404 "Not Found" for private repositories that a token may not read, and OpenAI says "does not exist or
you do not have access to it" of a model. The OpenAI and Anthropic SDKs make one attempt only, so whatever comes next is
the agent's own decision.
"""

from collections.abc import Hashable
from typing import ClassVar, Literal

from chaosproxy.core.call import Call
from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import Course, FailureKind, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family
from chaosproxy.faults._sticking import Sticking


class MaskedNotFound(Sticking):
    """Say that the thing is not there."""

    family = Family.PERMISSION
    phases = (Phase.BEFORE_UPSTREAM,)
    nature = Nature(
        explicit=True,
        course=Course.PERSISTENT,
        healthy=(Reaction.STOP_AND_SAY, Reaction.CHANGE_ARGUMENTS, Reaction.FALL_BACK, Reaction.REAUTHENTICATE),
    )
    example: ClassVar[str] = """\
- name: private repositories are not there
  match: {path: "/repos/acme/{name}"}
  fault: {type: masked_not_found, dialect: github}
"""

    type: Literal["masked_not_found"] = "masked_not_found"
    """The fault's name."""

    def grounds(self, call: Call) -> Hashable:
        """What is hidden from whom."""
        return call.route.upstream, call.route.path, call.credential

    def refusal(self, turn: Turn, rule: str) -> Reject:
        """A 404, before the tool has run."""
        return self.rejection(turn, rule, FailureKind.NOT_FOUND)
