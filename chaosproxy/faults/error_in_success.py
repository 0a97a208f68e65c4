"""The status says that all is well, and inside stands an error.

**What the agent sees**

A 200 whose body tells of a failure. That may be the vendor's whole answer (`envelope`: Slack's `"ok": false`, GraphQL's
`errors`), or the tool's own good reply in which one part has failed: a field of GraphQL's `data` is null and `errors`
names it (`partial_data`), or one item of a batch or list is an error item and all others are as they were
(`batch_item`). In these two the tool has run; before an envelope it has not, unless asked (`phase: after_upstream`).

**What a healthy agent does**

It reads the body before it believes the status, and treats what it finds as the failure that it is: tries again after a
pause (only what has failed, not the whole batch), checks first where something may have been done, or says so. It does
not report an item as done that was not, and does not take a null for "there is none".

**Seen in the wild**

Every error of Slack but the rate limit comes under a 200, and of its `fatal_error` it says that part of the operation
may have succeeded. GraphQL answers 200 with `errors`, with or without data: Shopify's throttling looks so. Microsoft
Graph's `$batch` answers 200 with a 429 inside, Elasticsearch's bulk with `"errors": true`. No HTTP client and no retry
loop that goes by the status sees any of them.
"""

from functools import partial
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Effect, Rewrite, Unfit
from chaosproxy.core.failures import Course, FailureKind, Nature, Outcome, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family
from chaosproxy.faults._good_replies import document_of, with_text
from chaosproxy.faults._inner_failures import INNER_FAILURES
from chaosproxy.faults._rejecting import Rejecting

_ENVELOPE = "envelope"


class ErrorInSuccess(Rejecting):
    """Say under a good status that something has failed."""

    family = Family.SERVER
    phases = (Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM)
    nature = Nature(
        explicit=False,
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
- name: the message was not posted, says a 200
  match: {tool: charge}
  when: {probability: 10%}
  fault: {type: error_in_success, dialect: slack}
"""

    type: Literal["error_in_success"] = "error_in_success"
    """The fault's name."""
    how: Literal["envelope", "partial_data", "batch_item"] = "envelope"
    """envelope (the dialect's words in place of the reply), partial_data (a field of a GraphQL reply), or batch_item
    (an item of the reply: of Microsoft Graph's `$batch`, JSON-RPC, Elasticsearch's bulk, or any list of objects). The
    seed chooses the field or item; a reply without any passes unharmed."""

    @model_validator(mode="after")
    def _fits_the_form(self) -> Self:
        if self.how == _ENVELOPE:
            return self
        if self.dialect is not None:
            raise ValueError(f"dialect: only an envelope is told in one; {self.how} keeps to the tool's own format")
        if self.phase is Phase.BEFORE_UPSTREAM:
            raise ValueError(f"phase: {self.how} needs the tool's reply, so it strikes after_upstream")
        return self

    @property
    def strikes(self) -> Phase:
        """As given; else before the upstream, unless its own reply is to be changed."""
        if self.phase is None and self.how != _ENVELOPE:
            return Phase.AFTER_UPSTREAM
        return super().strikes

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """The failure in place of the tool's reply, or within it."""
        if self.how == _ENVELOPE:
            return (self.rejection(turn, rule, FailureKind.ERROR_IN_SUCCESS),)
        change = partial(_failed, how=self.how, draw=turn.draw(rule, "error_in_success"), message=self.message)
        return (Rewrite(change, f"error_in_success: {self.how}", outcome=Outcome.SOFT_ERROR),)


def _failed(reply: Reply, how: str, draw: float, message: str | None) -> Reply | Unfit:
    document = document_of(reply)
    if isinstance(document, Unfit):
        return document
    text = INNER_FAILURES[how](document, draw, message)
    return Unfit("nothing_to_spoil") if text is None else with_text(reply, text)
