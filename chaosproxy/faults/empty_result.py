"""A good answer with nothing in it: the tool finds nothing, although there is something.

**What the agent sees**

The tool's own status, headers and JSON, with its list of results empty and everything beside it that counts in step: no
items, a total of 0, no further page. Or an answer of no content at all, or a bare `[]` or `{}`. Nothing says that
something is wrong. The tool has run. Which list is meant: the largest of objects, under names such as `data`, `items`,
`results` before others; a reply without one, a failure, and a language model's words pass unharmed.

**What a healthy agent does**

It does not take "nothing found" for "there is nothing" where it knows better: it asks again or otherwise, looks
elsewhere, or says that the tool returned nothing. It never fills the gap with what it would have expected, and never
creates anew what it did not find without looking twice.

**Seen in the wild**

Searches answer empty while an index is rebuilt, while a replica lags, and for what the caller has no right to see.
`empty_result` is in the fault list of most tools that test agents; agents that invent the missing result are the usual
finding. Slack ends a listing with an empty cursor, Google and AWS leave the cursor out: each is kept as the vendor does
it.
"""

from functools import partial
from typing import ClassVar, Literal

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Effect, Rewrite, Unfit
from chaosproxy.core.failures import Course, Nature, Outcome, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._counts import closed, closed_headers
from chaosproxy.faults._good_replies import good, listing_of
from chaosproxy.faults._json_values import Edit

_OF_CONTENT = frozenset({b"content-type", b"content-length", b"transfer-encoding", b"trailer"})
"""What a 204 must not say (RFC 9112, section 6), or has nothing to say of."""

How = Literal["empty_list", "no_content", "array", "object"]


class EmptyResult(Fault):
    """Let the tool find nothing."""

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
- name: search finds nothing at first
  match: {tool: find}
  when: {attempts: 1}
  fault: {type: empty_result}
"""

    type: Literal["empty_result"] = "empty_result"
    """The fault's name."""
    how: How = "empty_list"
    """empty_list (the list in the tool's own JSON, and the counts beside it), no_content (a 204), array (the body is
    `[]`), or object (the body is `{}`)."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  nothing is nothing
        """The tool's reply with nothing in it; one in which there was nothing passes unharmed."""
        change = _emptied if self.how == "empty_list" else partial(_bare, how=self.how)
        return (Rewrite(change, f"empty_result: {self.how}", outcome=Outcome.OK),)


def _emptied(reply: Reply) -> Reply | Unfit:
    listing = listing_of(reply)
    if isinstance(listing, Unfit):
        return listing
    document, items = listing
    edits = closed(document, items, 0) | dict.fromkeys(items.paths, Edit(text="[]"))
    return Reply(reply.status, reply.reason, closed_headers(reply.headers, 0), document.edited(edits).encode())


def _bare(reply: Reply, how: How) -> Reply | Unfit:
    unfit = good(reply)
    if unfit is not None:
        return unfit
    headers = closed_headers(reply.headers, 0)
    if how == "no_content":
        kept = tuple(pair for pair in headers if pair[0].lower() not in _OF_CONTENT)
        return Reply(204, b"No Content", kept, b"")
    body = b"[]" if how == "array" else b"{}"
    return Unfit("nothing_to_spoil") if reply.body.strip() == body else Reply(reply.status, reply.reason, headers, body)
