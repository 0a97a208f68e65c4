"""What a compiled schema allows is what `jsonschema` says that it allows."""

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it comes without types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.faults._schema_reading import Reading
from chaosproxy.faults._schemas import Schema
from tests.faults.schema_values import Json

NAMES = st.sampled_from(["a", "b", "c/d"])
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.0, 1.0, 2.5, "", "a", "ab", "aé", 10**20])
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)
KINDS = st.sampled_from(["string", "integer", "number", "boolean", "null", "object", "array"])


def said(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A schema of a few keywords, which may speak of what is in a value."""
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.one_of(KINDS, st.lists(KINDS, min_size=1, max_size=3, unique=True)),
            "enum": st.lists(VALUES, max_size=3),
            "const": SCALARS,
            "required": st.lists(NAMES, max_size=2, unique=True),
            "properties": st.dictionaries(NAMES, inner, max_size=2),
            "additionalProperties": inner,
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "minLength": st.integers(0, 2),
            "maxLength": st.integers(0, 2),
            "pattern": st.sampled_from(["^a", "b$"]),
            "minimum": st.integers(-2, 2),
            "exclusiveMaximum": st.integers(-2, 2),
            "maximum": st.integers(-2, 2),
            "exclusiveMinimum": st.integers(-2, 2),
            "multipleOf": st.integers(1, 2),
            "minItems": st.integers(0, 2),
            "maxItems": st.integers(0, 2),
            "uniqueItems": st.booleans(),
            "minProperties": st.integers(0, 2),
            "maxProperties": st.integers(0, 2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=3),
            "oneOf": st.lists(inner, min_size=1, max_size=3),
            "$ref": st.sampled_from(["#/$defs/tree", "#/$defs/c~1d"]),
            "title": st.just("said to people"),
        },
    )


SCHEMAS: st.SearchStrategy[Any] = st.recursive(st.one_of(st.booleans(), said(st.booleans())), said, max_leaves=8)
DEFS = {
    "tree": {"type": ["object", "null"], "properties": {"a": {"$ref": "#/$defs/tree"}}},
    "c/d": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/c~1d"}}]},
}


def compiled(schema: Json, *, nullable: bool = False) -> Schema:
    document = {"$defs": DEFS, "it": schema}
    reading = Reading(document, beside_references=not nullable, nullable=nullable)
    made = reading.schema(schema, "#/it")
    reading.done()
    return made


@given(SCHEMAS, st.lists(VALUES, min_size=1, max_size=5))
def test_allows_what_the_schema_allows(schema: Json, values: list[Any]) -> None:
    whole = {"allOf": [schema], "$defs": DEFS}
    validator = jsonschema.Draft202012Validator(whole)
    made = compiled(schema)
    for value in values:
        if "multipleOf" in json.dumps(schema) and "2.5" in json.dumps(value):
            continue  # fractions are not asked
        assert made.accepts(value) == validator.is_valid(value), value
        if made.accepts(value) and (settled := made.settled(value)) is not None:
            assert settled.accepts(value)
            assert not settled.broken_by(value)


@pytest.mark.parametrize(
    ("schema", "allowed", "refused"),
    [
        ({"type": "integer"}, [1, 1.0, 10**30], [1.5, "1", True]),
        ({"type": "number"}, [1, 1.5], [True, None]),
        ({"const": 1}, [1, 1.0], [True, "1"]),
        ({"enum": [[0], {"a": False}]}, [[0], [0.0], {"a": False}], [[False], {"a": 0}]),
        ({"uniqueItems": True}, [[1, True, "1"], [[1], [2]]], [[1, 1.0], [{"a": 1}, {"a": 1.0}]]),
        ({"oneOf": [{"minimum": 1}, {"maximum": 1}]}, [0, 2], [1]),
        ({"anyOf": [{"minimum": 1}, {"maximum": 1}]}, [0, 1, 2], []),
        ({"additionalProperties": False, "properties": {"a": {}}}, [{"a": 1}, {}], [{"b": 1}]),
        ({"items": False}, [[]], [[1]]),
        ({"prefixItems": [{"type": "null"}], "items": {"type": "string"}}, [[None, "a"], []], [["a"], [None, None]]),
        ({"allOf": [{"properties": {"a": {"type": "string"}}}, {"additionalProperties": False}]}, [{}], [{"a": "b"}]),
    ],
)
def test_reads_json_schema(schema: Json, allowed: list[Any], refused: list[Any]) -> None:
    made = compiled(schema)
    assert [made.accepts(value) for value in allowed] == [True] * len(allowed)
    assert [made.accepts(value) for value in refused] == [False] * len(refused)


@pytest.mark.parametrize(
    ("schema", "allowed", "refused"),
    [
        ({"type": "string", "nullable": True}, ["a", None], [1]),
        ({"type": "string", "nullable": True, "enum": ["a"]}, ["a", None], ["b"]),
        ({"nullable": True, "allOf": [{"$ref": "#/$defs/tree"}]}, [None, {}], [1]),
        ({"nullable": True, "allOf": [{"type": "string"}]}, [None, "a"], [1]),
        ({"$ref": "#/$defs/c~1d", "type": "null"}, ["a"], [None]),
        ({"minimum": 1, "exclusiveMinimum": True}, [2], [1]),
        ({"maximum": 1, "exclusiveMaximum": False}, [1], [2]),
        ({"required": ["a"], "properties": {"a": {"writeOnly": True}}}, [{}], []),
    ],
)
def test_reads_what_only_openapi_3_0_says(schema: Json, allowed: list[Any], refused: list[Any]) -> None:
    made = compiled(schema, nullable=True)
    assert [made.accepts(value) for value in allowed] == [True] * len(allowed)
    assert [made.accepts(value) for value in refused] == [False] * len(refused)


def test_a_list_of_items_is_read_as_before_2020() -> None:
    made = compiled({"items": [{"type": "string"}, {"type": "null"}]})
    assert made.accepts(["a", None, 3])
    assert not made.accepts([None])


def test_patterns_that_are_only_javascripts_are_not_asked() -> None:
    assert compiled({"pattern": r"^\p{L}+$"}).accepts("1")


def test_a_chain_of_a_thousand_schemas_is_read() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(3_000):
        schema = {"properties": {"a": schema}}
    assert compiled(schema).accepts({"a": {"a": {}}})
    assert "type_changed" in compiled(schema).offers
