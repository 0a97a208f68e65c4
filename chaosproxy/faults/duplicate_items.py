"""Some items of the result come twice.

**What the agent sees**

The tool's own status, headers and JSON, with some items standing there a second time, each right after itself or all at
the end. What counts the items of this reply counts them all; a total over all pages stays. The tool has run. Which list
is meant: the largest of objects, under names such as `data`, `items`, `results` before others; a reply without one, a
failure, and a language model's words pass unharmed.

**What a healthy agent does**

It knows items by their ids, and neither counts nor handles one twice: it does not refund both lines of one charge.
Where the sum matters it asks again, or says that the list holds duplicates.

**Seen in the wild**

A listing by offset shows an item again when something is inserted while it is read; a join that fans out shows it once
for each match; queues with at-least-once delivery hand the same message over twice. None of these is an error to the
server.
"""

from functools import partial
from math import ceil
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Effect, Rewrite, Unfit
from chaosproxy.core.failures import Course, Nature, Outcome, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.core.units import format_rate
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._counts import recounted
from chaosproxy.faults._fields import Rate
from chaosproxy.faults._good_replies import listing_of, with_text
from chaosproxy.faults._json_values import Edit
from chaosproxy.faults._picking import Draw, picked

Where = Literal["next", "end"]


class DuplicateItems(Fault):
    """Deliver some items twice."""

    family = Family.MEANING
    phases = (Phase.AFTER_UPSTREAM,)
    nature = Nature(
        explicit=False,
        course=Course.TRANSIENT,
        healthy=(Reaction.CHECK_FIRST, Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.STOP_AND_SAY),
    )
    example: ClassVar[str] = """\
- name: some invoices are listed twice
  match: {tool: find}
  fault: {type: duplicate_items, share: 20%, where: end}
"""

    type: Literal["duplicate_items"] = "duplicate_items"
    """The fault's name."""
    share: Annotated[Rate, Field(gt=0)] = 0.2
    """How many of the items come twice, rounded up; the seed chooses which."""
    where: Where = "next"
    """Where the second of each stands: next to the first, or at the end of the list."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """The tool's reply with some of its items twice."""
        change = partial(_doubled, share=self.share, where=self.where, draw=partial(turn.draw, rule))
        return (Rewrite(change, f"duplicate_items: {format_rate(self.share)}", outcome=Outcome.OK),)


def _doubled(reply: Reply, share: float, where: Where, draw: Draw) -> Reply | Unfit:
    listing = listing_of(reply)
    if isinstance(listing, Unfit):
        return listing
    document, items = listing
    count = len(items.values)
    again = picked(ceil(count * share), count, draw)
    order = [*range(count), *again]
    if where == "next":
        order.sort()
    edits = recounted(document, items, len(order)) | dict.fromkeys(items.paths, Edit(order=order))
    return with_text(reply, document.edited(edits))
