import json
from typing import Any

import pytest

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Unfit
from chaosproxy.faults.empty_result import EmptyResult
from tests.faults.replies import JSON, body_of, changed


def empty(**settings: object) -> EmptyResult:
    return EmptyResult.model_validate({"type": "empty_result", **settings})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([{"id": 1}], []),
        ({"items": [{"id": 1}], "total": 9, "has_more": True}, {"items": [], "total": 0, "has_more": False}),
        (
            {"data": {"search": {"edges": [{"node": 1}], "nodes": [{"id": 1}], "totalCount": 7}}},
            {"data": {"search": {"edges": [], "nodes": [], "totalCount": 0}}},
        ),
        (
            {"hits": {"total": {"value": 1, "relation": "eq"}, "hits": [{"_id": "a"}]}, "took": 3},
            {"hits": {"total": {"value": 0, "relation": "eq"}, "hits": []}, "took": 3},
        ),
    ],
)
def test_finds_nothing(body: Any, expected: Any) -> None:  # noqa: ANN401
    assert body_of(changed(empty(), body)) == expected


def test_leaves_the_rest_byte_for_byte() -> None:
    text = '{ "q" : "caf\\u00e9", "score": 1.00, "big": 12345678901234567890123,\n\t"items": [{"id": 1}] , "count":1}\n'
    reply = changed(empty(), text)
    assert isinstance(reply, Reply)
    assert reply.body.decode() == text.replace('[{"id": 1}]', "[]").replace('"count":1', '"count":0')
    assert (reply.status, reply.headers) == (200, JSON)


@pytest.mark.parametrize(
    ("how", "status", "body"), [("no_content", 204, b""), ("array", 200, b"[]"), ("object", 200, b"{}")]
)
def test_says_it_otherwise(how: str, status: int, body: bytes) -> None:
    headers = (*JSON, (b"X-Id", b"7"), (b"X-Total-Count", b"3"))
    reply = changed(empty(how=how), "any <body>", headers=headers)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (status, body)
    assert (b"X-Id", b"7") in reply.headers
    assert (b"X-Total-Count", b"0") in reply.headers
    assert (JSON[0] in reply.headers) is (how != "no_content")


@pytest.mark.parametrize("framing", [(b"content-length", b"12"), (b"Transfer-Encoding", b"chunked")])
def test_no_content_has_no_length(framing: tuple[bytes, bytes]) -> None:
    reply = changed(empty(how="no_content"), "any <body>", headers=(*JSON, framing, (b"ETag", b"x")))
    assert isinstance(reply, Reply)
    assert reply.headers == ((b"ETag", b"x"),)


@pytest.mark.parametrize(
    ("how", "body", "status", "reason"),
    [
        ("empty_list", "", 200, "empty_body"),
        ("empty_list", "<html>", 200, "not_json"),
        ("empty_list", {"id": 1}, 200, "no_items"),
        ("empty_list", {"items": []}, 200, "nothing_to_spoil"),
        ("empty_list", {"items": [{"id": 1}]}, 404, "error_reply"),
        ("empty_list", {"choices": [{"message": {"content": "x"}}]}, 200, "no_items"),
        ("array", "[]", 200, "nothing_to_spoil"),
        ("object", "", 200, "empty_body"),
        ("no_content", "oh", 500, "error_reply"),
    ],
)
def test_leaves_alone_what_holds_nothing(how: str, body: object, status: int, reason: str) -> None:
    assert changed(empty(how=how), body, status=status) == Unfit(reason)


def test_takes_compact_and_indented_alike() -> None:
    body = {"results": [{"id": 1}, {"id": 2}], "count": 2}
    for indent in (None, 4):
        reply = changed(empty(), json.dumps(body, indent=indent))
        assert isinstance(reply, Reply)
        assert reply.body.decode() == json.dumps({"results": [], "count": 0}, indent=indent)
