"""The reply is far larger than anybody expects, and it is all there.

**What the agent sees**

The tool's own status, headers and JSON, correct and complete, grown to megabytes: by white space (its data are as they
were), by one text that goes on and on, or by its items, again and again. The tool has run.

**What a healthy agent does**

It reads no more than it has room for: it stops at a limit of its own, asks for less (a page, fewer fields), takes
another way, or says that the reply is too large. It does not put all of it into a model's context.

**Seen in the wild**

A page size that a server ignores, a log file inside a field, a search without a limit. Readers differ: version 2 of
the MCP Python SDK takes no event of more than 1 MiB, aiohttp's server no request of more than 1 MiB, but HTTP clients
read replies of any size into memory.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Effect, Rewrite, Unfit
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._drifts import fields_of
from chaosproxy.faults._fields import Size
from chaosproxy.faults._items import items_in
from chaosproxy.faults._json_values import Document, Edit, read

LEAST = 1024
MOST = 64 * 1024**2
"""It is made and sent from memory."""

_ANSWERS = (
    *(Reaction.CHANGE_ARGUMENTS, Reaction.FALL_BACK, Reaction.STOP_AND_SAY),
    *(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST),
)
_HARMLESS = Nature(explicit=True, course=Course.PERSISTENT, healthy=_ANSWERS)
"""Of white space. Nothing in the data is wrong, so whoever reads all of it and goes on has missed nothing."""


class OversizedBody(Fault):
    """Let the reply's JSON grow."""

    family = Family.PAYLOAD
    phases = (Phase.AFTER_UPSTREAM,)
    nature = Nature(explicit=False, course=Course.TRANSIENT, healthy=_ANSWERS)
    example: ClassVar[str] = """\
- name: search returns everything it has
  match: {tool: find}
  when: {probability: 10%}
  fault: {type: oversized_body, size: 20MiB}
"""

    type: Literal["oversized_body"] = "oversized_body"
    """The fault's name."""
    size: Annotated[Size, Field(ge=LEAST, le=MOST)] = 10 * 1024**2
    """How large it becomes, from 1KiB to 64MiB; by as much more as the last item or repetition needs. A larger one
    passes."""
    how: Literal["many_items", "long_string", "padding"] = "many_items"
    """many_items (the list of results, over and over), long_string (a text that the seed chooses, over and over) or
    padding (white space)."""

    @property
    def judged_by(self) -> Nature:
        """White space spoils nothing."""
        return _HARMLESS if self.how == "padding" else self.nature

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """The tool's reply, grown; one that is no JSON, or has nothing in it that could grow, passes unharmed."""
        change = partial(_grown, how=self.how, size=self.size, draw=turn.draw(rule, "oversized_body"))
        return (Rewrite(change, f"oversized_body: {self.how}", slow=True),)


def _grown(reply: Reply, how: str, size: int, draw: float) -> Reply | Unfit:
    if not reply.body.strip():
        return Unfit("empty_body")
    if len(reply.body) >= size:
        return Unfit("large_already")
    document = read(reply.body)
    if document is None:
        return Unfit("not_json")
    try:
        body = _WAYS[how](document, size - len(reply.body), draw)
    except RecursionError:
        return Unfit("too_deep")
    return Unfit("nothing_to_spoil") if body is None else Reply(reply.status, reply.reason, reply.headers, body)


def _padded(document: Document, more: int, _draw: float) -> bytes:
    """Inside the outermost brackets, so that nobody can stop reading before it."""
    text = document.text.rstrip(" \t\r\n")
    end = len(text) - (text[-1] in "]}")
    return text[:end].encode() + b" " * (more + len(document.text) - len(text)) + text[end:].encode()


def _lengthened(document: Document, more: int, draw: float) -> bytes | None:
    for place in fields_of(document, draw):
        if isinstance(place.value, str) and place.value:
            inner = document.text_at(place.path)[1:-1].encode()
            long = b'"' + inner * (1 + _times(more, inner)) + b'"'
            return _filled(document.edited({place.path: Edit(text=_HERE)}), long)
    return None


def _multiplied(document: Document, more: int, _draw: float) -> bytes | None:
    items = items_in(document.value)
    if items is None or not items.values:
        return None
    texts = document.texts_in(items.path)
    again = f"{','.join(texts)},".encode()
    last = (*items.path, len(texts) - 1)
    return _filled(document.edited({last: Edit(followed_by=(_HERE,))}), (again * _times(more, again))[:-1])


_HERE = "\0"
"""What no JSON text holds: where so much is to come that it is put in as bytes."""


def _filled(text: str, by: bytes) -> bytes:
    before, _, after = text.partition(_HERE)
    return before.encode() + by + after.encode()


def _times(more: int, again: bytes) -> int:
    """How often it must come to be so many bytes."""
    return -(-more // len(again))


_WAYS: Mapping[str, Callable[[Document, int, float], bytes | None]] = MappingProxyType(
    {"many_items": _multiplied, "long_string": _lengthened, "padding": _padded}
)
