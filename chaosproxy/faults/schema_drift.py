"""One field of the reply is not what it used to be: renamed, missing, null, of another type, nested, an unknown value.

**What the agent sees**

The tool's own status, headers and JSON, complete and valid, with one field changed; every other byte of it is as the
tool wrote it. Given the tool's OpenAPI document or a JSON Schema, the reply violates it in exactly this one way at
exactly this one place; a reply that violated it before passes. The tool has run.

**What a healthy agent does**

It checks what it got against what it expects, and does not work with what is not there: not with `None` in the place of
a price, nor with a status that it takes for the last one it knows. It asks again, takes another way, or says what is
missing; after a write it checks first.

**Seen in the wild**

JSON of another schema comes out of the OpenAI and Anthropic SDKs as an object full of `None`: no exception, no retry.
The MCP Python SDK raises pydantic's `ValidationError`, which is none of its own errors. PHP writes an empty object as
`[]`, and an array whose indices have a gap as an object. Readers made from a schema refuse an enumeration's new value,
or do not know what to do with it.
"""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Effect, Rewrite, Unfit
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._drifts import drifted
from chaosproxy.faults._field_paths import FieldPath, Step, steps_of
from chaosproxy.faults._fields import Written
from chaosproxy.faults._good_replies import document_of, with_text
from chaosproxy.faults._json_values import Document
from chaosproxy.faults._openapi import Guide, one_schema, operations_of, reply_schema
from chaosproxy.faults._schemas import Schema

How = Literal["renamed", "missing", "nulled", "type_changed", "nested", "enum_unknown"]

FileName = Annotated[str, Field(min_length=1), Written(("path of a file",))]


class SchemaDrift(Fault):
    """Change one field of the reply's JSON."""

    family = Family.PAYLOAD
    phases = (Phase.AFTER_UPSTREAM,)
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
- name: the price has become a text
  match: {tool: find}
  when: {probability: 10%}
  fault: {type: schema_drift, how: type_changed, field: "items[].price"}
"""

    type: Literal["schema_drift"] = "schema_drift"
    """The fault's name."""
    how: How = "renamed"
    """renamed (`user_id` becomes `userId`), missing, nulled, type_changed (12 becomes "12", a name a number, a list an
    object), nested (12 becomes {"value": 12}), or enum_unknown (a value that was not in the enumeration; without a
    schema, in a field whose name and value look like one)."""
    field: FieldPath | None = None
    """Which fields may be changed: keys with dots between them, `[]` for any item of a list (`[0]` for its first), `*`
    for any key. By default any that can be changed so; the seed chooses which."""
    openapi: FileName | None = None
    """The tool's OpenAPI document (3.0 or 3.1, YAML or JSON), beside the profile. What a reply should be is found by
    the call's method and path and the reply's status."""
    json_schema: FileName | None = None
    """A JSON Schema that all good replies to the matching calls keep to (YAML or JSON), beside the profile."""

    _guide: Guide | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _one_guide(self) -> Self:
        if self.openapi is not None and self.json_schema is not None:
            raise ValueError("openapi: one document says what replies should be, this or json_schema")
        return self

    def documents(self) -> Mapping[str, str]:
        """The document that says what replies should be, if one does."""
        named = {"openapi": self.openapi, "json_schema": self.json_schema}
        return {setting: name for setting, name in named.items() if name is not None}

    def completed(self, documents: Mapping[str, object]) -> Self:
        """The fault with its document read. Raises ValueError, `setting: #/where: what is wrong`."""
        complete = self.model_copy()
        for setting, document in documents.items():
            try:
                guide = operations_of(document) if setting == "openapi" else one_schema(document)
            except ValueError as error:
                raise ValueError(f"{setting}: {error}") from None
            complete._guide = guide  # noqa: SLF001 - it is this fault's own copy
        return complete

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """The tool's reply with one field changed; a reply in which none can be changed so passes unharmed."""
        route = turn.call.route
        replies = self._guide.replies(route.method, route.path) if self._guide is not None else None
        field = steps_of(self.field) if self.field is not None else None
        said = replies if self.documents() else _NOTHING_SAID
        change = partial(_changed, how=self.how, field=field, said=said, draw=turn.draw(rule, "schema_drift"))
        return (Rewrite(change, f"schema_drift: {self.how}"),)


_NOTHING_SAID: Mapping[str, Schema] = {}
"""No document says what replies should be."""


def _changed(
    reply: Reply, how: How, field: tuple[Step, ...] | None, said: Mapping[str, Schema] | None, draw: float
) -> Reply | Unfit:
    document = document_of(reply)
    if isinstance(document, Unfit):
        return document
    try:
        schema = _schema_for(document, reply.status, said)
        if isinstance(schema, Unfit):
            return schema
        drift = drifted(document, how, schema, field, draw)
        if drift is None:
            return Unfit("nothing_to_spoil")
        return with_text(reply, document.edited({drift.path: drift.edit}))
    except RecursionError:
        return Unfit("too_deep")


def _schema_for(document: Document, status: int, said: Mapping[str, Schema] | None) -> Schema | Unfit | None:
    """What such a reply should be; None if no document says anything of any."""
    if said is None:
        return Unfit("no_operation")
    schema = reply_schema(said, status)
    if schema is None:
        return None if said is _NOTHING_SAID else Unfit("no_schema")
    return schema if schema.accepts(document.value) else Unfit("not_by_schema")
