import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Reject, Rewrite, Unfit
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults._inner_failures import INNER_FAILURES
from chaosproxy.faults._json_values import read
from chaosproxy.faults.error_in_success import ErrorInSuccess

HEADERS = ((b"Content-Type", b"application/json"), (b"X-Id", b"1"))


def fault_of(**settings: object) -> ErrorInSuccess:
    return ErrorInSuccess.model_validate({"type": "error_in_success", **settings})


def rewritten(turn: Turn, body: bytes, status: int = 200, **settings: object) -> Reply | Unfit:
    (effect,) = fault_of(**settings).effects(turn, "inside")
    assert isinstance(effect, Rewrite)
    return effect.change(Reply(status, b"OK", HEADERS, body))


def failed(how: str, body: object, draw: float = 0.0, message: str | None = None) -> Any:  # noqa: ANN401  JSON
    """The decoded body as it is when a part of it has failed; None if it has no such part."""
    document = read(json.dumps(body).encode())
    assert document is not None
    text = INNER_FAILURES[how](document, draw, message)
    return None if text is None else json.loads(text)


# The envelope


@pytest.mark.parametrize(("given_phase", "phase"), [(None, "before_upstream"), ("after_upstream", "after_upstream")])
def test_an_envelope_is_the_vendors_own_word(given_phase: str | None, phase: str, turn_of: Callable[..., Turn]) -> None:
    (effect,) = fault_of(dialect="slack", message="no", phase=given_phase).effects(turn_of(), "inside")

    assert isinstance(effect, Reject)
    assert (effect.kind, effect.phase, effect.status) == (FailureKind.ERROR_IN_SUCCESS, phase, None)
    assert (effect.dialect, effect.message) == ("slack", "no")


# GraphQL


def test_a_field_is_null_and_the_errors_say_so() -> None:
    body = {"data": {"user": {"id": 1}, "posts": [1, 2], "gone": None}}
    error = {"message": "no", "path": ["posts"], "extensions": {"code": "INTERNAL_SERVER_ERROR"}}

    assert failed("partial_data", body, 0.99, "no") == {
        "data": {"user": {"id": 1}, "posts": None, "gone": None},
        "errors": [error],
    }


@pytest.mark.parametrize("known", [[], None, [{"message": "first"}], [{"message": "first"}, {"message": "second"}]])
def test_errors_that_were_there_stay(known: list[object] | None) -> None:
    body = {"errors": known, "data": {"a": 1}, "extensions": {"cost": 3}}
    spoiled = failed("partial_data", body)

    assert spoiled["errors"][:-1] == (known or [])
    assert spoiled["errors"][-1]["path"] == ["a"]
    assert (spoiled["data"], spoiled["extensions"]) == ({"a": None}, {"cost": 3})


@pytest.mark.parametrize(
    "body", [{"data": {"a": 1}, "page": 2}, {"data": {}}, {"data": {"a": None}}, {"data": [1]}, [{"data": {}}], "x"]
)
def test_what_is_not_graphql_has_no_field_to_fail(body: object) -> None:
    assert failed("partial_data", body) is None


# Batches and lists


def test_an_item_of_microsoft_graphs_batch_is_throttled() -> None:
    good = {"id": "1", "status": 200, "headers": {"Content-Type": "application/json"}, "body": {"value": []}}
    bad = {"id": "2", "status": 404, "body": {"error": {"code": "itemNotFound"}}}
    other = {"id": "3", "status": 204}
    spoiled = failed("batch_item", {"responses": [good, bad, other]}, 0.5)

    assert spoiled["responses"][:2] == [good, bad], "what has failed by itself is left as it is"
    item = spoiled["responses"][2]
    assert (item["id"], item["status"], item["headers"]["Retry-After"]) == ("3", 429, "5")
    assert item["body"]["error"]["code"] == "TooManyRequests"


def test_a_response_of_a_json_rpc_batch_is_an_error() -> None:
    body = [{"jsonrpc": "2.0", "id": 7, "result": {}}, {"jsonrpc": "2.0", "id": 8, "error": {"code": 1, "message": ""}}]
    error = {"code": -32603, "message": "Internal error"}

    assert failed("batch_item", body, 0.9) == [{"jsonrpc": "2.0", "id": 7, "error": error}, body[1]]


def test_an_item_of_elasticsearchs_bulk_is_rejected() -> None:
    items = [{"index": {"_index": "a", "_id": str(nth), "status": 201, "_seq_no": nth}} for nth in range(3)]
    spoiled = failed("batch_item", {"took": 30, "errors": False, "items": items}, 0.5)

    assert (spoiled["took"], spoiled["errors"]) == (30, True)
    assert (spoiled["items"][0], spoiled["items"][2]) == (items[0], items[2])
    told = spoiled["items"][1]["index"]
    assert (told["_index"], told["_id"], told["status"]) == ("a", "1", 429)
    assert told["error"]["type"] == "es_rejected_execution_exception"


@pytest.mark.parametrize(
    ("body", "before"),
    [
        ([{"id": 1, "x": 2}], []),
        ({"results": [{"id": 1, "x": 2}], "total": 1}, ["results"]),
        ({"data": {"items": [{"id": 1, "x": 2}]}}, ["data", "items"]),
    ],
)
def test_an_item_of_any_list_is_an_error_under_its_id(body: Any, before: list[str]) -> None:  # noqa: ANN401  JSON
    spoiled = failed("batch_item", body, message="no")
    for step in before:
        spoiled = spoiled[step]

    assert spoiled == [{"id": 1, "error": {"code": "internal_error", "message": "no"}}]


@pytest.mark.parametrize("body", [{"items": []}, {"a": 1}, [1, 2], {"results": [{"error": {}}]}, 7])
def test_without_an_item_there_is_none_to_fail(body: object) -> None:
    assert failed("batch_item", body) is None


@given(
    values=st.lists(st.dictionaries(st.sampled_from(["id", "name", "n"]), st.integers() | st.text()), min_size=1),
    draw=st.floats(0, 1, exclude_max=True),
    indent=st.sampled_from([None, 2]),
)
def test_exactly_one_item_fails_and_all_else_is_as_it_was(
    values: list[dict[str, object]], draw: float, indent: int | None
) -> None:
    document = read(json.dumps({"n": 1, "items": values}, indent=indent).encode())
    assert document is not None
    text = INNER_FAILURES["batch_item"](document, draw, None)
    assert text is not None
    spoiled = json.loads(text)

    changed = [nth for nth, (old, new) in enumerate(zip(values, spoiled["items"], strict=True)) if old != new]
    assert changed == [int(draw * len(values))]
    assert spoiled["n"] == 1


@pytest.mark.parametrize(
    ("body", "spoiled"),
    [
        (b'{"data":{"a":1.0}}', b'{"data":{"a":null},"errors":[{"message":"Internal server error","path":["a"],'),
        (
            b'{"data": {"a": 1}}',
            b'{"data": {"a": null}, "errors": [{"message": "Internal server error", "path": ["a"], ',
        ),
    ],
)
def test_is_written_as_the_rest_of_the_reply_is(body: bytes, spoiled: bytes, turn_of: Callable[..., Turn]) -> None:
    reply = rewritten(turn_of(), body, how="partial_data")

    assert isinstance(reply, Reply)
    assert reply.body.startswith(spoiled)
    assert (reply.status, reply.reason, reply.headers) == (200, b"OK", HEADERS)


# What cannot be spoiled


@pytest.mark.parametrize("how", INNER_FAILURES)
@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 200, "empty_body"),
        (b"\x89PNG", 200, "not_json"),
        (b'{"data": {}}', 200, "nothing_to_spoil"),
        (b'{"data": {"items": [{"id": 1}]}}', 500, "error_reply"),
    ],
)
def test_passes_unharmed(how: str, body: bytes, status: int, reason: str, turn_of: Callable[..., Turn]) -> None:
    assert rewritten(turn_of(), body, status, how=how) == Unfit(reason)


def test_the_seed_chooses_and_chooses_again_the_same(turn_of: Callable[..., Turn]) -> None:
    body = json.dumps([{"id": nth} for nth in range(50)]).encode()
    replies = [rewritten(turn_of(key=key), body, how="batch_item") for key in (1, 1, 2, 3)]

    assert replies[0] == replies[1]
    assert len({reply.body for reply in replies if isinstance(reply, Reply)}) > 1


def test_the_tool_has_run_where_its_own_reply_is_changed() -> None:
    assert fault_of(how="partial_data").strikes is Phase.AFTER_UPSTREAM
    assert not fault_of(how="batch_item").judged_by.explicit


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"how": "partial_data", "dialect": "graphql"}, "dialect: only an envelope is told in one"),
        ({"how": "batch_item", "phase": "before_upstream"}, "phase: batch_item needs the tool's reply"),
        ({"how": "other"}, "how\n"),
        ({"phase": "during_body"}, "phase: error_in_success can strike"),
    ],
)
def test_refuses(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        fault_of(**settings)
