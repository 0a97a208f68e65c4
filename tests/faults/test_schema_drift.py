import json
from collections.abc import Callable
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Rewrite, Unfit
from chaosproxy.core.turn import Turn
from chaosproxy.faults.schema_drift import How, SchemaDrift
from tests.faults.schema_values import Json
from tests.faults.turns import turn

HOWS = get_args(How)
HEADERS = ((b"Content-Type", b"application/json"),)


def drift(settings: dict[str, Any], body: str, turn: Turn, status: int = 200, **documents: object) -> Reply | Unfit:
    named = dict.fromkeys(documents, "file.yaml")
    fault = SchemaDrift.model_validate({"type": "schema_drift", **settings, **named}).completed(documents)
    (effect,) = fault.effects(turn, "drift")
    assert isinstance(effect, Rewrite)
    assert effect.name == f"schema_drift: {fault.how}"
    assert not effect.codes
    return effect.change(Reply(status, b"OK", HEADERS, body.encode()))


def text_of(result: Reply | Unfit) -> str:
    assert isinstance(result, Reply)
    assert (result.status, result.reason, result.headers) == (200, b"OK", HEADERS)
    return result.body.decode()


# By the body itself


@pytest.mark.parametrize(
    ("how", "field", "before", "after"),
    [
        ("renamed", "user_id", '{ "user_id" : 1.0, "b": 2}', '{ "userId" : 1.0, "b": 2}'),
        ("renamed", "userId", '{"userId": 1}', '{"user_id": 1}'),
        ("renamed", "userId", '{"userId": 1, "user_id": 2}', '{"UserId": 1, "user_id": 2}'),
        ("renamed", "price", '{"price": 1}', '{"Price": 1}'),
        ("renamed", "@", '{"@": 1}', '{"@_value": 1}'),
        ("missing", "a", '{"a": 1, "b": 12345678901234567890}', '{"b": 12345678901234567890}'),
        ("nulled", "a[].b", '{"a": [{"b": "ü", "c": 1e5}]}', '{"a": [{"b": null, "c": 1e5}]}'),
        ("type_changed", "a", '{"a": 12.50}', '{"a": "12.50"}'),
        ("type_changed", "a", '{"a": "12.50"}', '{"a": 12.50}'),
        ("type_changed", "a", '{"a": "012"}', '{"a": 4695}'),
        ("type_changed", "a", '{"a": "true"}', '{"a": true}'),
        ("type_changed", "a", '{"a": false}', '{"a": "false"}'),
        ("type_changed", "a", '{"a": {}}', '{"a": []}'),
        ("type_changed", "a", '{"a": []}', '{"a": {}}'),
        ("type_changed", "a", '{"a": [1.0, "x"]}', '{"a": {"0": 1.0, "1": "x"}}'),
        ("type_changed", "a", '{"a": {"b": "c"}}', '{"a": "{\\"b\\": \\"c\\"}"}'),
        ("nested", "a", '{"a": 1.0}', '{"a": {"value": 1.0}}'),
        ("nested", "a", '{"a": [1]}', '{"a": {"data": [1]}}'),
        ("enum_unknown", "a", '{"a": "RUNNING"}', '{"a": "ARCHIVED"}'),
        ("enum_unknown", "a", '{"a": "In Progress"}', '{"a": "Archived"}'),
        ("enum_unknown", "a", '{"a": 3}', '{"a": 4}'),
        (
            "enum_unknown",
            None,
            '{"name": "green", "orderStatus": "paid"}',
            '{"name": "green", "orderStatus": "archived"}',
        ),
    ],
)
def test_does(how: str, field: str | None, before: str, after: str, turn_of: Callable[..., Turn]) -> None:
    assert text_of(drift({"how": how, "field": field}, before, turn_of())) == after


@pytest.mark.parametrize(
    ("settings", "body", "reason"),
    [
        ({}, "", "empty_body"),
        ({}, "<html>", "not_json"),
        ({}, "[1, 2]", "nothing_to_spoil"),
        ({"how": "missing"}, "[[1]]", "nothing_to_spoil"),
        ({"how": "nulled"}, "null", "nothing_to_spoil"),
        ({"how": "nulled"}, '{"a": null}', "nothing_to_spoil"),
        ({"how": "nulled", "field": "b"}, '{"a": 1}', "nothing_to_spoil"),
        ({"how": "nulled", "field": "a.b"}, '{"a": 1}', "nothing_to_spoil"),
        ({"how": "type_changed"}, '{"a": null}', "nothing_to_spoil"),
        ({"how": "enum_unknown"}, '{"name": "green", "type": "a b", "id": 1}', "nothing_to_spoil"),
        ({"how": "enum_unknown", "field": "a"}, '{"a": true}', "nothing_to_spoil"),
    ],
)
def test_leaves_alone(settings: dict[str, Any], body: str, reason: str, turn_of: Callable[..., Turn]) -> None:
    assert drift(settings, body, turn_of()) == Unfit(reason)


def test_a_failure_says_already_that_something_is_wrong(turn_of: Callable[..., Turn]) -> None:
    assert drift({}, '{"error": 1}', turn_of(), status=500) == Unfit("error_reply")


def test_which_field_is_decided_by_the_call(turn_of: Callable[..., Turn]) -> None:
    body = json.dumps({"items": [{"id": n, "name": "x"} for n in range(3)], "total": 3})
    spoiled = [text_of(drift({"how": "missing"}, body, turn_of(key=key))) for key in range(1, 150)]
    assert text_of(drift({"how": "missing"}, body, turn_of(key=1))) == spoiled[0]
    assert len(set(spoiled)) == 8, "each of its eight members is missing once"


def test_of_several_that_are_meant_the_call_decides_for_one(turn_of: Callable[..., Turn]) -> None:
    body = json.dumps({"items": [{"id": n, "sub": {"id": n}} for n in range(3)]})
    for field, count in (("items[].id", 3), ("items[1].id", 1), ("items[].*", 6), ("*[].sub.id", 3), ("items[]", 3)):
        spoiled = {text_of(drift({"how": "nulled", "field": field}, body, turn_of(key=key))) for key in range(1, 60)}
        assert len(spoiled) == count


NAMES = st.sampled_from(["id", "user_id", "userId", "Name", "a-b", "x", "ä", "", "status"])
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4))
)


@given(VALUES, st.sampled_from(HOWS), st.integers(1, 10_000), st.sampled_from([None, 1]))
def test_all_but_one_place_is_as_it_was_written(
    turn_of: Callable[..., Turn], value: Json, how: str, key: int, indent: int | None
) -> None:
    before = json.dumps(value, indent=indent)
    result = drift({"how": how}, before, turn_of(key=key))
    if isinstance(result, Unfit):
        assert result.reason == "nothing_to_spoil"
        return
    after = text_of(result)
    head = next(nth for nth in range(len(before) + 1) if before[: nth + 1] != after[: nth + 1] or nth == len(before))
    rest, new = before[head:], after[head:]
    tail = next(nth for nth in range(len(rest) + 1) if nth == len(rest) or rest[-nth - 1 :] != new[-nth - 1 :])
    assert json.loads(after) != value
    assert len(rest) - tail <= max(2 * len(json.dumps(part, indent=indent)) + 20 for part in parts(value)), (
        "one value went"
    )


def parts(value: Json) -> list[Any]:
    below = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [*below, *(part for inner in below for part in parts(inner))]


def test_depth_is_no_danger(turn_of: Callable[..., Turn]) -> None:
    deep = '{"a": ' * 900 + "1" + "}" * 900
    for how in HOWS:
        result = drift({"how": how}, deep, turn_of())
        assert isinstance(result, Reply) or result.reason in ("too_deep", "nothing_to_spoil", "not_json")


# By a JSON Schema

PERSON = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": ["string", "null"]},
        "nick": {"type": "string"},
        "role": {"enum": ["admin", "user"]},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    },
}
JANE = '{"id": 1, "name": "Jane", "nick": "J", "role": "user", "tags": ["a"], "more": {"x": "y"}}'


@pytest.mark.parametrize(
    ("how", "possible"),
    [
        ("missing", {"id", "name"}),
        ("renamed", {"id", "name"}),
        ("nulled", {"id", "nick", "role", "tags", "tags[0]"}),
        ("type_changed", {"id", "name", "nick", "role", "tags", "tags[0]"}),
        ("nested", {"id", "name", "nick", "role", "tags", "tags[0]"}),
        ("enum_unknown", {"role"}),
    ],
)
def test_only_what_the_schema_speaks_against_is_done(
    how: str, possible: set[str], turn_of: Callable[..., Turn]
) -> None:
    everything = ["id", "name", "nick", "role", "tags", "tags[0]", "more", "more.x"]
    done = {
        field
        for field in everything
        if isinstance(drift({"how": how, "field": field}, JANE, turn_of(), json_schema=PERSON), Reply)
    }
    assert done == possible


def test_what_is_closed_may_have_no_property_of_another_name(turn_of: Callable[..., Turn]) -> None:
    closed = {"properties": {"nick": {"type": "string"}}, "additionalProperties": False}
    assert text_of(drift({}, '{"nick": "J"}', turn_of(), json_schema=closed)) == '{"Nick": "J"}'


def test_a_name_that_means_something_else_is_not_taken(turn_of: Callable[..., Turn]) -> None:
    both = {"required": ["user_id"], "properties": {"user_id": {}, "userId": {}}}
    assert text_of(drift({}, '{"user_id": 1}', turn_of(), json_schema=both)) == '{"UserId": 1}'
    strings = {"required": ["user_id"], "properties": {"user_id": {}}, "additionalProperties": {"type": "string"}}
    assert drift({}, '{"user_id": 1}', turn_of(), json_schema=strings) == Unfit("nothing_to_spoil")


def test_a_change_that_makes_it_another_variant_breaks_nothing(turn_of: Callable[..., Turn]) -> None:
    cat = {"required": ["name", "lives"], "properties": {"lives": {"type": "integer"}}}
    either = {"anyOf": [cat, {"required": ["name"], "properties": {"lives": {"type": "string"}}}]}
    body = '{"name": "Tom", "lives": 9}'
    assert text_of(drift({"how": "missing"}, body, turn_of(), json_schema=either)) == '{"lives": 9}'
    changed = text_of(drift({"how": "type_changed", "field": "lives"}, body, turn_of(), json_schema=either))
    assert json.loads(changed)["lives"] == [9], "neither an integer nor a string"


def test_where_something_is_said_that_is_not_judged_nothing_is_done(turn_of: Callable[..., Turn]) -> None:
    sealed = {"required": ["a"], "not": {"required": ["b"]}, "properties": {"a": {"required": ["b"]}}}
    assert drift({"how": "missing"}, '{"a": {"b": 1}}', turn_of(), json_schema=sealed) == Unfit("nothing_to_spoil")


def test_what_could_be_of_several_variants_is_left_alone(turn_of: Callable[..., Turn]) -> None:
    vague = {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
    assert drift({"how": "missing"}, '{"a": 1, "b": 2}', turn_of(), json_schema=vague) == Unfit("nothing_to_spoil")
    assert text_of(drift({"how": "missing"}, '{"a": 1}', turn_of(), json_schema=vague)) == "{}"
    alike = {"anyOf": [{"required": ["a"]}, {"required": ["a", "b"]}]}
    assert drift({"how": "missing"}, '{"a": 1, "b": 2}', turn_of(), json_schema=alike) == Unfit("nothing_to_spoil")


def test_another_type_is_one_that_no_variant_has(turn_of: Callable[..., Turn]) -> None:
    either = {"properties": {"a": {"anyOf": [{"type": "integer", "minimum": 1_000_000}, {"type": "string"}]}}}
    assert text_of(drift({"how": "type_changed"}, '{"a": "b"}', turn_of(), json_schema=either)) == '{"a": ["b"]}'


def test_an_unknown_word_is_one_that_no_variant_knows(turn_of: Callable[..., Turn]) -> None:
    known = ["unknown", "other", "pending_review", "archived", "unspecified", "deferred"]
    either = {"properties": {"a": {"anyOf": [{"enum": ["on"]}, {"enum": known}]}}}
    assert text_of(drift({"how": "enum_unknown"}, '{"a": "on"}', turn_of(), json_schema=either)) == '{"a": "legacy"}'


def test_a_word_beyond_the_enumeration_keeps_to_all_else(turn_of: Callable[..., Turn]) -> None:
    short = {"properties": {"state": {"type": "string", "enum": ["on", "off"], "maxLength": 6}}}
    for key in range(1, 20):
        spoiled = json.loads(
            text_of(drift({"how": "enum_unknown"}, '{"state": "on"}', turn_of(key=key), json_schema=short))
        )
        assert spoiled["state"] in ("other", "legacy")


def test_a_body_that_breaks_its_schema_already_passes(turn_of: Callable[..., Turn]) -> None:
    assert drift({"how": "nulled"}, '{"id": "1"}', turn_of(), json_schema=PERSON) == Unfit("not_by_schema")


# By an OpenAPI document of 3.0, with what only that has

SHOP = yaml.safe_load("""
openapi: 3.0.3
servers: [{url: "https://api.example.com/{stage}/shop", variables: {stage: {default: v2}}}]
paths:
  /v1/search:
    $ref: "#/x-paths/search"
  /v1/{thing}:
    get:
      responses:
        2XX:
          content: {application/vnd.shop+json; charset=utf-8: {schema: {type: array}}}
x-paths:
  search:
    get:
      responses:
        "200": {$ref: "#/components/responses/Found"}
        default: {content: {application/json: {schema: {required: [error]}}}}
components:
  responses:
    Found: {content: {text/csv: {}, application/json: {schema: {$ref: "#/components/schemas/Page"}}}}
  schemas:
    Page:
      allOf:
        - {$ref: "#/components/schemas/Counted"}
        - required: [items]
          properties:
            items: {type: array, items: {$ref: "#/components/schemas/Item"}}
            best: {nullable: true, allOf: [{$ref: "#/components/schemas/Item"}]}
    Counted: {type: object, required: [total], properties: {total: {type: integer, minimum: 0, exclusiveMinimum: true}}}
    Item:
      type: object
      required: [id, secret]
      properties:
        id: {type: string}
        secret: {type: string, writeOnly: true}
        note: {type: string, nullable: true, enum: [a, b]}
        more: {$ref: "#/components/schemas/Item", required: [nobody-reads-this]}
""")
FOUND = '{"items": [{"id": "1", "note": "a", "more": {"id": "2"}}], "total": 1, "best": {"id": "3"}}'


@pytest.mark.parametrize(
    ("how", "possible"),
    [
        ("missing", {"items", "total", "items[0].id", "items[0].more.id", "best.id"}),
        ("nulled", {"items", "total", "items[0]", "items[0].id", "items[0].more", "items[0].more.id", "best.id"}),
        ("enum_unknown", {"items[0].note"}),
    ],
)
def test_reads_openapi_3_0(how: str, possible: set[str], turn_of: Callable[..., Turn]) -> None:
    everything = ["items", "total", "best", "best.id", "items[0]", "items[0].id", "items[0].note", "items[0].more"]
    done = {
        field
        for field in [*everything, "items[0].more.id"]
        if isinstance(drift({"how": how, "field": field}, FOUND, turn_of(), openapi=SHOP), Reply)
    }
    assert done == possible


@pytest.mark.parametrize(
    ("path", "status", "body", "result"),
    [
        ("/v1/search", 201, '{"error": 1}', "{}"),
        ("/v2/shop/v1/search", 201, '{"error": 1}', "{}"),
        ("/v1/search", 200, '{"items": [], "total": 0}', "not_by_schema"),
        ("/v1/search", 200, '{"items": null, "total": 1}', "not_by_schema"),
        ("/v1/things", 200, "{}", "not_by_schema"),
        ("/v1/things", 299, "[]", "nothing_to_spoil"),
        ("/v1/a/b", 200, "[]", "no_operation"),
        ("/v1/", 200, "[]", "no_operation"),
        ("/v3/shop/v1/search", 200, "[]", "no_operation"),
    ],
)
def test_finds_what_is_said_of_a_call(
    path: str, status: int, body: str, result: str, turn_of: Callable[..., Turn]
) -> None:
    done = drift({"how": "missing"}, body, turn(method="GET", path=path), status, openapi=SHOP)
    assert (done.reason if isinstance(done, Unfit) else done.body.decode()) == result


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ({"openapi": None}, "openapi: #: expected an OpenAPI document of version 3"),
        ({"openapi": {"swagger": "2.0"}}, "openapi: #: expected an OpenAPI document of version 3"),
        ({"openapi": {"openapi": "3.1.0"}}, "openapi: #: expected an OpenAPI document with `paths`"),
        ({"json_schema": {"openapi": "3.1.0"}}, "json_schema: #: expected a JSON Schema, got an OpenAPI document"),
        ({"json_schema": ["a"]}, "json_schema: #: expected a JSON Schema, that is a mapping"),
        ({"json_schema": {"$ref": "other.json"}}, "json_schema: #: expected a reference within the document"),
        (
            {"json_schema": {"properties": {"a/b": {"$ref": "#/no"}}}},
            "json_schema: #/properties/a~1b: .*there is no #/no",
        ),
        ({"json_schema": {"items": {"$ref": "#/items"}}}, "json_schema: #/items: .*one to itself"),
        ({"json_schema": {"allOf": [{"$ref": "#"}]}}, "json_schema: #: .*one that refers to itself"),
        ({"json_schema": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, "json_schema: #: .*one that contains itself"),
        (
            {"json_schema": {"properties": {"a": 1}}},
            "json_schema: #/properties/a: expected a schema, that is a mapping",
        ),
        ({"json_schema": {"anyOf": {}}}, "json_schema: #/anyOf: expected a list of schemas"),
    ],
)
def test_refuses_documents_that_cannot_be_read(documents: dict[str, object], message: str) -> None:
    fault = SchemaDrift.model_validate({"type": "schema_drift", **dict.fromkeys(documents, "file.yaml")})
    with pytest.raises(ValueError, match=message):
        fault.completed(documents)


def test_schemas_that_contain_themselves_are_read(turn_of: Callable[..., Turn]) -> None:
    tree = {"type": "object", "required": ["id"], "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}}}
    body = '{"id": 1, "kids": [{"id": 2, "kids": [{"id": 3}]}]}'
    spoiled = {text_of(drift({"how": "missing"}, body, turn_of(key=key), json_schema=tree)) for key in range(1, 40)}
    assert len(spoiled) == 3


def test_names_its_files_and_reads_one_of_them_only() -> None:
    assert SchemaDrift().documents() == {}
    assert SchemaDrift(openapi="a.yaml").documents() == {"openapi": "a.yaml"}
    assert SchemaDrift(json_schema="b.json").documents() == {"json_schema": "b.json"}
    with pytest.raises(ValueError, match="openapi: one document says"):
        SchemaDrift(openapi="a.yaml", json_schema="b.json")


def test_a_fault_that_is_completed_is_another_one() -> None:
    fault = SchemaDrift(json_schema="b.json")
    assert fault.completed({"json_schema": PERSON}) is not fault
    assert fault == SchemaDrift(json_schema="b.json")


@pytest.mark.parametrize("settings", [{"how": "worse"}, {"field": "a..b"}, {"field": ""}, {"openapi": ""}])
def test_refuses(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        SchemaDrift.model_validate({"type": "schema_drift", **settings})


@pytest.mark.parametrize("how", HOWS)
def test_each_way_is_text_in_yaml(how: str) -> None:
    assert yaml.safe_load(how) == how


def test_is_not_told_to_the_agent() -> None:
    assert not SchemaDrift().judged_by.explicit
