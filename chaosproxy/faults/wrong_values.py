"""The reply is right in form and wrong in what it says: another price, another day, somebody else's name.

**What the agent sees**

The tool's own status, headers and JSON, with one value (or `values` of them) that is plausible and not true: a number
of the same size, a date some days off, a flag turned round, a text or an id that belongs to another item. The rest is
byte for byte the tool's. Nothing says that something is wrong. The tool has run. Counts, cursors, what belongs to the
protocol and what a language model says are left alone, unless `field` names them.

A number and a text bear a canary: digits, or a reference number, that are drawn for the call and stand nowhere else. If
the agent sends them on, to a tool or to a model, it has taken the false value for true, and that can be shown: the
journal's line of the call names its canary (`changes`).

**What a healthy agent does**

It checks what matters against something else before it acts on it: the sum against its parts, the order against the
receipt, the date against the calendar. It asks again where two answers disagree, and says so if they stay apart.

**Seen in the wild**

Caches mix up keys, joins pair the wrong rows, units and time zones change with a release, model-backed tools make
numbers up. Faults that raise no error cost agents most: 37 points of recovery rate (ToolMaze, arXiv 2606.05806), and
"Tools Fail" (arXiv 2406.19228) finds that agents trust tools that err in silence.
"""

from functools import partial
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Effect, Rewrite, Unfit
from chaosproxy.core.failures import Course, Nature, Outcome, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._canaries import canary_of
from chaosproxy.faults._good_replies import document_of, with_text
from chaosproxy.faults._wrongness import Wish, wrong

How = Literal["any", "number", "text", "date", "swap", "id", "boolean"]


class WrongValues(Fault):
    """Change what the reply says, and nothing else about it."""

    family = Family.MEANING
    phases = (Phase.AFTER_UPSTREAM,)
    nature = Nature(
        explicit=False,
        course=Course.TRANSIENT,
        healthy=(Reaction.CHECK_FIRST, Reaction.RETRY, Reaction.FALL_BACK, Reaction.STOP_AND_SAY),
    )
    example: ClassVar[str] = """\
- name: a price is wrong
  match: {tool: find}
  when: {probability: 10%}
  fault: {type: wrong_values, how: number, field: price}
"""

    type: Literal["wrong_values"] = "wrong_values"
    """The fault's name."""
    how: How = "any"
    """number (another of the same size), text (with a reference number behind it), date (1 to 27 days off), swap (two
    items have each other's text), id (two items have each other's id), boolean (turned round), or any: the first of
    these that the reply has something for."""
    field: Annotated[str, Field(min_length=1)] | None = None
    """Which values: a key (`price`), also with `*` (`*_at`), or the end of a path (`shipping.address`); whatever fits,
    if left out."""
    values: Annotated[int, Field(ge=1, le=1000)] = 1
    """How many values are wrong (or pairs, of those that are exchanged); the seed chooses which."""
    canary: bool = True
    """Whether the first wrong number, and every wrong text, bears a canary. Without it numbers are off by a tenth to a
    half."""

    @model_validator(mode="after")
    def _text_needs_its_canary(self) -> Self:
        if self.how == "text" and not self.canary:
            raise ValueError("canary: a text is wrong by its canary alone; swap exchanges texts without one")
        return self

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """The tool's reply with something untrue in it; one that has nothing of the kind passes unharmed."""
        draw = partial(turn.draw, rule)
        canary = canary_of(draw("canary")) if self.canary else None
        change = partial(_falsified, how=self.how, wish=Wish(self.field, self.values, canary, draw))
        mark = f", canary {canary.digits} or {canary.token}" if canary is not None else ""
        planted = tuple(canary) if canary is not None else ()
        return (Rewrite(change, f"wrong_values: {self.how}{mark}", outcome=Outcome.OK, canaries=planted),)


def _falsified(reply: Reply, how: How, wish: Wish) -> Reply | Unfit:
    document = document_of(reply)
    if isinstance(document, Unfit):
        return document
    text = document.edited(wrong(document, how, wish))
    return with_text(reply, text) if text != document.text else Unfit("nothing_to_spoil")
