"""The JSON Schema of profiles, for editors: made from the models and the catalogue, so that it cannot say otherwise.

What it cannot know is left to the loader: whether names refer to anything, and what `${NAME}` will be. So wherever a
number, a yes-or-no, or a text of a certain form stands, it allows a text with `${…}` too; not for `version` and not for
the `type` of a fault, because it tells by these what else may stand there.
"""

from typing import Any

from chaosproxy.faults._catalogue import catalogue, sections, summary
from chaosproxy.profiles.models import Profile

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_REFERENCE = {"$ref": "#/$defs/FromEnvironment"}
_FROM_ENVIRONMENT = {
    "type": "string",
    "pattern": r"\$\{",
    "description": "Taken from the environment: `${NAME}`, or `${NAME:-default}`.",
}
_FREE = frozenset({"type", "title", "description", "default", "examples"})
_SCALARS = frozenset({"string", "integer", "number", "boolean"})

Schema = dict[str, Any]


def json_schema() -> Schema:
    """The JSON Schema (2020-12) of the whole profile language."""
    schema = Profile.model_json_schema()
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


def _tell(definition: Schema, name: str) -> None:
    """What an editor shows of a fault; its type must be given, because nothing else says which fault it is."""
    fault = catalogue()[name]
    story = "\n\n".join(f"{title}: {text}" for title, text in sections(fault).items())
    definition["description"] = f"{summary(fault)}\n\n{story}"
    definition["properties"]["type"] = {"const": name, "description": summary(fault)}
    definition["required"] = ["type", *(each for each in definition.get("required", []) if each != "type")]


def _opened(schema: Schema) -> Schema:
    """The same with `${…}` allowed, and without the titles that pydantic makes of the keys."""
    schema = {key: value for key, value in schema.items() if key not in ("title", "discriminator")}
    if "properties" in schema:
        schema["properties"] = {name: _property(name, each) for name, each in schema["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = _opened(schema[key])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            schema[key] = [_opened(each) if _has_parts(each) else each for each in schema[key]]
    if "anyOf" in schema and any(map(_is_particular, schema["anyOf"])) and _REFERENCE not in schema["anyOf"]:
        return {**schema, "anyOf": [*schema["anyOf"], _REFERENCE]}
    return _or_reference(schema) if _is_particular(schema) else schema


def _property(name: str, schema: Schema) -> Schema:
    is_told_by = name == "version" or (name == "type" and "const" in schema)
    return schema if is_told_by else _opened(schema)


def _has_parts(schema: Schema) -> bool:
    return any(key in schema for key in ("properties", "items", "additionalProperties", "anyOf", "oneOf"))


def _is_particular(schema: Schema) -> bool:
    """Whether it is about a single value, and not any text will do."""
    if _has_parts(schema) or "$ref" in schema:
        return False
    free_text = schema.get("type") == "string" and schema.keys() <= _FREE
    return ("enum" in schema or "const" in schema or schema.get("type") in _SCALARS) and not free_text


def _or_reference(schema: Schema) -> Schema:
    about: Schema = {key: schema.pop(key) for key in ("description", "default", "examples") if key in schema}
    return {"anyOf": [schema, _REFERENCE], **about}
