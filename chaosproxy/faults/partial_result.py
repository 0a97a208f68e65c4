"""Only part of the result comes, and nothing says so.

**What the agent sees**

The tool's own status, headers and JSON with the first items only. The counts beside the list fit what is left, and
nothing leads on: no cursor, no next page, `has_more` is false. With `counts: untouched` the total still tells how many
there should be, for an agent that compares. The tool has run. Which list is meant: the largest of objects, under names
such as `data`, `items`, `results` before others; a reply without one, a failure, and a language model's words pass
unharmed.

**What a healthy agent does**

It compares what it got with what it expected, or with a total where there is one, and asks again or says that the list
may not be complete. It does not conclude from what is missing.

**Seen in the wild**

A search engine that has lost a shard answers 200 with what the others found; Microsoft Graph and AWS end a page early
and say so only in a link that many clients drop. Truncation is what agents diagnose least: 4.3 % of the cases in the
AgentChaos study. ReliabilityBench (arXiv 2601.06112) has partial responses among its four faults.
"""

from functools import partial
from math import floor
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Effect, Rewrite, Unfit
from chaosproxy.core.failures import Course, Nature, Outcome, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.core.units import format_rate
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._counts import closed, closed_headers
from chaosproxy.faults._fields import Rate
from chaosproxy.faults._good_replies import listing_of
from chaosproxy.faults._json_values import Edit


class PartialResult(Fault):
    """Deliver the first items alone."""

    family = Family.MEANING
    phases = (Phase.AFTER_UPSTREAM,)
    nature = Nature(
        explicit=False,
        course=Course.TRANSIENT,
        healthy=(
            Reaction.CHECK_FIRST,
            Reaction.RETRY,
            Reaction.WAIT_THEN_RETRY,
            Reaction.CHANGE_ARGUMENTS,
            Reaction.FALL_BACK,
            Reaction.STOP_AND_SAY,
        ),
    )
    example: ClassVar[str] = """\
- name: half of the results are missing
  match: {tool: find}
  when: {probability: 20%}
  fault: {type: partial_result, keep: 50%}
"""

    type: Literal["partial_result"] = "partial_result"
    """The fault's name."""
    keep: Annotated[Rate, Field(gt=0, lt=1)] = 0.5
    """How much of the items comes, rounded down, but one at least."""
    counts: Literal["adjusted", "untouched"] = "adjusted"
    """Whether totals and counts beside the list fit what comes, or still say what there was."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the first are the first
        """The tool's reply without the rest of its items; one of a single item passes unharmed."""
        change = partial(_shortened, keep=self.keep, counts=self.counts == "adjusted")
        return (Rewrite(change, f"partial_result: {format_rate(self.keep)}", outcome=Outcome.OK),)


def _shortened(reply: Reply, keep: float, *, counts: bool) -> Reply | Unfit:
    listing = listing_of(reply)
    if isinstance(listing, Unfit):
        return listing
    document, items = listing
    left = max(1, floor(len(items.values) * keep))
    if left >= len(items.values):
        return Unfit("nothing_to_spoil")
    edits = closed(document, items, left, counts=counts) | dict.fromkeys(items.paths, Edit(order=range(left)))
    headers = closed_headers(reply.headers, left, counts=counts)
    return Reply(reply.status, reply.reason, headers, document.edited(edits).encode())
