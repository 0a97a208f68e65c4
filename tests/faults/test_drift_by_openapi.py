"""schema_drift against a real API: the OpenAPI document of osparc.io, as its Python client ships it."""

import json
from collections.abc import Callable
from functools import cache
from importlib.metadata import distribution
from itertools import chain
from typing import Any, NamedTuple, get_args

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from chaosproxy.core.answer import Reply
from chaosproxy.core.call import Call, Route, ToolEffect
from chaosproxy.core.effects import Rewrite, Unfit
from chaosproxy.core.turn import Turn
from chaosproxy.faults.schema_drift import How, SchemaDrift
from tests.faults.schema_values import Json, Path, errors_at, validator_of, value_at, values_of

HOWS = get_args(How)
ALLOWED = {
    "missing": {"required"},
    "renamed": {"required", "additionalProperties"},
    "nulled": {"type", "enum", "const"},
    "type_changed": {"type", "enum", "const"},
    "nested": {"type", "enum", "const"},
    "enum_unknown": {"enum", "const"},
}
"""Which keywords each way may break."""


class Operation(NamedTuple):
    method: str
    path: str
    status: str
    schema: Json


@cache
def document() -> dict[str, Any]:
    """It is read as a file of an installed package: what it describes need not be imported."""
    read: dict[str, Any] = json.loads(distribution("osparc").locate_file("osparc/data/openapi.json").read_text())
    return read


@cache
def operations() -> tuple[Operation, ...]:
    return tuple(
        Operation(method.upper(), path, status, said["content"]["application/json"]["schema"])
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
        for status, said in operation["responses"].items()
        if status.startswith("2") and "application/json" in said.get("content", {})
    )


@cache
def validator(operation_number: int) -> Json:
    return validator_of(operations()[operation_number].schema, document())


@cache
def bodies(operation_number: int) -> st.SearchStrategy[Any]:
    return values_of(operations()[operation_number].schema, document()).filter(validator(operation_number).is_valid)


@cache
def fault(how: str) -> SchemaDrift:
    unread = SchemaDrift.model_validate({"type": "schema_drift", "how": how, "openapi": "osparc.json"})
    return unread.completed({"openapi": document()})


def drifted(how: str, operation: Operation, body: bytes, turn: Turn) -> Reply | Unfit:
    path = operation.path.replace("{", "").replace("}", "")
    route = Route("a", "t", "http", operation.method, "api:80", path, "", ToolEffect.READ, touchable=True)
    call = Call(
        number=1, session="s", session_source="client", route=route, fingerprint="f", headers=(), received=turn.now
    )
    (effect,) = fault(how).effects(Turn(call, 1, 1, 1, turn.now, turn.number), "drift")
    assert isinstance(effect, Rewrite)
    return effect.change(Reply(int(operation.status), b"OK", (), body))


def changes(before: Json, after: Json, path: Path = ()) -> list[Path]:
    """The places at which two values differ; of a member that went or came, or of another kind, its own."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [*before, *(key for key in after if key not in before)]
        found = [
            changes(before[key], after[key], (*path, key)) if key in before and key in after else [(*path, key)]
            for key in keys
        ]
        return list(chain(*found))
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return list(chain(*(changes(one, other, (*path, nth)) for nth, (one, other) in pairs)))
    return [] if type(before) is type(after) and before == after else [path]


def undone(after: Json, places: list[Path], before: Json) -> Json:
    """The value with its change taken back, and nothing else touched."""
    value = json.loads(json.dumps(after))
    holder = value_at(value, places[0][:-1])
    old = value_at(before, places[0][:-1])
    for place in places:
        if isinstance(holder, list) or place[-1] in old:
            holder[place[-1]] = old[place[-1]]
        else:
            del holder[place[-1]]
    return value


@given(st.data(), st.sampled_from(HOWS), st.integers(1, 10_000))
def test_a_body_breaks_the_schema_in_the_named_way_and_only_there(
    turn_of: Callable[..., Turn], data: st.DataObject, how: str, key: int
) -> None:
    number = data.draw(st.integers(0, len(operations()) - 1))
    before = data.draw(bodies(number))
    ascii_only, indent = data.draw(st.booleans()), data.draw(st.sampled_from([None, 1]))
    text = json.dumps(before, ensure_ascii=ascii_only, indent=indent)
    result = drifted(how, operations()[number], text.encode(), turn_of(key=key))

    if isinstance(result, Unfit):
        event(f"{how}: {result.reason}")
        assert result.reason == "nothing_to_spoil"
        return
    event(f"{how}: done")
    after = json.loads(result.body)
    places = changes(before, after)
    at = places[0][:-1] if how in ("missing", "renamed") else places[0]
    errors = list(errors_at(validator(number), before, after))

    assert len(places) == (2 if how == "renamed" else 1)
    assert {place[:-1] for place in places} == {places[0][:-1]}
    assert {path for path, _ in errors} == {at}
    assert {keyword for _, keyword in errors} <= ALLOWED[how]
    assert undone(after, places, before) == before
    assert validator(number).is_valid(undone(after, places, before))


JOB = {
    "id": "f622946d-fd29-35b9-a193-abdd1095167c",
    "name": "solvers/isolve",
    "inputs_checksum": "12345",
    "created_at": "2021-01-22T23:59:52.322176",
    "runner_name": "solvers",
    "url": None,
    "runner_url": "https://api",
    "outputs_url": None,
}
STATUS = {"job_id": "1", "state": "STARTED", "progress": 3, "submitted_at": "2021", "started_at": None}


@pytest.mark.parametrize("how", HOWS)
def test_every_way_is_possible_somewhere(how: str, turn_of: Callable[..., Turn]) -> None:
    path, body = (
        ("/v0/studies/{study_id}/jobs/{job_id}:inspect", STATUS)
        if how == "enum_unknown"
        else ("/v0/solvers/{solver_key}/releases/{version}/jobs", JOB)
    )
    operation = Operation("POST", path, "201" if body is JOB else "200", None)
    results = [drifted(how, operation, json.dumps(body).encode(), turn_of(key=key)) for key in range(1, 30)]
    assert all(isinstance(result, Reply) for result in results)
    places = {tuple(changes(body, json.loads(result.body))) for result in results if isinstance(result, Reply)}
    assert len(places) == 1 if how == "enum_unknown" else len(places) > 3


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/v0/nowhere", 200, "no_operation"),
        ("DELETE", "/v0/me", 200, "no_operation"),
        ("GET", "/v0/me", 202, "no_schema"),
        ("GET", "/v0/me", 404, "error_reply"),
        ("GET", "/v0/me", 200, "not_by_schema"),
        ("GET", "/v0/meta", 200, "not_by_schema"),
    ],
)
def test_says_why_it_left_a_reply_alone(
    method: str, path: str, status: int, reason: str, turn_of: Callable[..., Turn]
) -> None:
    operation = Operation(method, path, str(status), None)
    assert drifted("missing", operation, json.dumps(STATUS).encode(), turn_of()) == Unfit(reason)


def test_the_document_has_what_makes_this_worthwhile() -> None:
    text = json.dumps(document()["components"]["schemas"])
    assert len(operations()) > 50
    assert all(f'"{keyword}"' in text for keyword in ("required", "enum", "const", "anyOf", "oneOf", "pattern", "null"))
