"""The JSON Schema of profiles, for editors: made from the models and the catalogue, so that it cannot say otherwise.

What it cannot know is left to the loader: whether names refer to anything, and what `${NAME}` will be. So wherever a
number, a yes-or-no, or a text of a certain form stands, it allows a text with `${…}` too; not for `version` and not for
the `type` of a fault, because it tells by these what else may stand there.
"""

import json
import re
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from chaosproxy.core.attribute_docs import attribute_docs
from chaosproxy.core.units import format_duration
from chaosproxy.faults._catalogue import catalogue, sections, summary
from chaosproxy.profiles.models import Profile

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_REFERENCE = {"$ref": "#/$defs/FromEnvironment"}
_FROM_ENVIRONMENT = {
    "type": "string",
    "pattern": r"\$\{",
    "description": "Taken from the environment: `${NAME}`, or `${NAME:-default}`.",
}
_ANY_REFERENCE = {"type": "string", "pattern": r"\$\{"}
_ABOUT = frozenset({"description", "default", "examples"})
_FREE = _ABOUT | {"type"}
_LINE_END = re.compile(r"(?<!\n)\n(?!\n)")
_SCALARS = ("string", "integer", "number", "boolean")
_PARTS = ("properties", "patternProperties", "items", "additionalProperties", "anyOf", "oneOf")

Schema = dict[str, Any]


def json_schema() -> Schema:
    """The JSON Schema (2020-12) of the whole profile language."""
    schema = Profile.model_json_schema(schema_generator=_Described)
    definitions: Schema = schema.pop("$defs")
    for name, fault in catalogue().items():
        _tell(definitions[fault.__name__], name)
    opened = {name: _opened(definition) for name, definition in definitions.items()}
    return {
        "$schema": DIALECT,
        **_opened(schema),
        "title": "Fault profile",
        "$defs": {**opened, "FromEnvironment": _FROM_ENVIRONMENT},
    }


class _Described(GenerateJsonSchema):
    """With what the sources say about each key."""

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        made = super().model_schema(schema)
        model = schema["cls"]
        docs = attribute_docs(model)
        for name, field in model.model_fields.items():
            if name in docs and docs[name] != getattr(field.annotation, "__doc__", None):  # a section speaks for itself
                made["properties"][field.alias or name].setdefault("description", docs[name])
        return made


def _tell(definition: Schema, name: str) -> None:
    """What an editor shows of a fault; its type must be given, because nothing else says which fault it is."""
    fault = catalogue()[name]
    story = "\n\n".join(f"{title}: {text}" for title, text in sections(fault).items())
    definition["description"] = f"{summary(fault)}\n\n{story}"
    definition["properties"]["type"] = {"const": name, "description": summary(fault)}
    definition["required"] = ["type", *(each for each in definition.get("required", []) if each != "type")]


def _opened(schema: Schema) -> Schema:
    """The same with `${…}` allowed, in words that an editor shows well."""
    schema = {key: value for key, value in schema.items() if key not in ("title", "discriminator")}
    if "properties" in schema:
        schema["properties"] = {name: _property(name, each) for name, each in schema["properties"].items()}
    if "patternProperties" in schema:
        schema["patternProperties"] = {form: _opened(each) for form, each in schema["patternProperties"].items()}
        schema["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = _opened(schema[key])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            schema[key] = [
                _opened(each) if _has_parts(each) else each for each in schema[key] if each != _ANY_REFERENCE
            ]
    return _or_reference(_for_editors(schema))


def _for_editors(schema: Schema) -> Schema:
    """Paragraphs in lines as long as they like; and only those defaults that could be written so."""
    if "description" in schema:
        schema["description"] = _LINE_END.sub(" ", schema["description"])
    default = schema.get("default")
    if default is None or isinstance(default, dict):
        schema.pop("default", None)
    elif isinstance(default, float) and "250ms" in json.dumps(schema):
        schema["default"] = format_duration(default)
    return schema


def _property(name: str, schema: Schema) -> Schema:
    if name == "version" or (name == "type" and "const" in schema):
        return {key: value for key, value in schema.items() if key != "title"}
    return _opened(schema)


def _has_parts(schema: Schema) -> bool:
    return any(key in schema for key in _PARTS)


def _is_particular(schema: Schema) -> bool:
    """Whether it is about a single value, and not any text will do."""
    if _has_parts(schema) or "$ref" in schema:
        return False
    free_text = schema.get("type") == "string" and schema.keys() <= _FREE
    return ("enum" in schema or "const" in schema or schema.get("type") in _SCALARS) and not free_text


def _or_reference(schema: Schema) -> Schema:
    if "anyOf" in schema and any(map(_is_particular, schema["anyOf"])):
        return {**schema, "anyOf": [*schema["anyOf"], _REFERENCE]}
    if not _is_particular(schema):
        return schema
    about = {key: value for key, value in schema.items() if key in _ABOUT}
    return {"anyOf": [{key: value for key, value in schema.items() if key not in _ABOUT}, _REFERENCE], **about}
