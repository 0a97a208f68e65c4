from typing import Any

import pytest

from chaosproxy.faults._items import items_in

ONE, TWO, THREE = [{"id": 1}], [{"id": 1}, {"id": 2}], [{"id": 1}, {"id": 2}, {"id": 3}]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        pytest.param(TWO, (), id="the whole"),
        pytest.param([1, 2], (), id="the whole, whatever it holds"),
        pytest.param({"items": ONE, "tags": THREE}, ("items",), id="a known name before a longer list"),
        pytest.param({"data": ONE, "results": TWO}, ("results",), id="of known names the longest"),
        pytest.param({"users": TWO, "groups": ONE}, ("users",), id="of unknown names the longest"),
        pytest.param({"data": ["a"], "users": ONE}, ("users",), id="objects before anything else"),
        pytest.param({"data": ["a", "b"]}, ("data",), id="a known name, whatever it holds"),
        pytest.param({"results": []}, ("results",), id="an empty one"),
        pytest.param({"hits": {"total": {"value": 2}, "hits": TWO}}, ("hits", "hits"), id="elasticsearch"),
        pytest.param({"data": {"search": {"edges": TWO}}}, ("data", "search", "edges"), id="graphql"),
        pytest.param({"data": {"users": ONE}, "errors": THREE}, ("data", "users"), id="graphql with errors"),
        pytest.param({"jsonrpc": "2.0", "id": 1, "result": TWO}, ("result",), id="json-rpc"),
        pytest.param(
            {"jsonrpc": "2.0", "id": 1, "result": {"resources": ONE}}, ("result", "resources"), id="a list of mcp"
        ),
        pytest.param({"object": "list", "data": TWO}, ("data",), id="a list of an llm vendor"),
        pytest.param({"data": ONE, "errors": THREE, "links": THREE}, ("data",), id="not what stands beside"),
        pytest.param({"ok": True, "channels": [{"id": "C1"}]}, ("channels",), id="slack"),
        pytest.param({"order": {"lines": TWO}}, ("order", "lines"), id="below"),
    ],
)
def test_finds(body: Any, path: tuple[str, ...]) -> None:  # noqa: ANN401
    items = items_in(body)
    assert items is not None
    assert items.path == path


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"id": 1, "name": "tea"}, id="one resource"),
        pytest.param({"id": 1, "tags": ["a", "b"]}, id="a list of an unknown name that holds no objects"),
        pytest.param("text", id="a text"),
        pytest.param({"errors": TWO}, id="errors alone"),
        pytest.param({"choices": [{"message": {"role": "assistant"}}], "usage": {}}, id="openai"),
        pytest.param({"object": "response", "output": [{"type": "message"}]}, id="openai responses"),
        pytest.param({"type": "message", "content": [{"type": "text", "text": "x"}]}, id="anthropic"),
        pytest.param({"candidates": [{"content": {}}]}, id="gemini"),
        pytest.param({"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text"}]}}, id="a tool result of mcp"),
        pytest.param({"jsonrpc": "2.0", "id": 1, "error": {"data": TWO}}, id="an error of json-rpc"),
        pytest.param([{"jsonrpc": "2.0", "id": 1, "result": TWO}], id="a batch of json-rpc"),
    ],
)
def test_finds_none_in(body: Any) -> None:  # noqa: ANN401
    assert items_in(body) is None


def test_twins_go_along() -> None:
    items = items_in({"data": {"search": {"edges": TWO, "nodes": TWO, "pageInfo": {}}, "other": TWO}})
    assert items is not None
    assert items.paths == (("data", "search", "edges"), ("data", "search", "nodes"))
    items = items_in({"ids": ["a", "b"], "documents": ["x", "y"], "data": None, "values": [1]})
    assert items is not None
    assert items.paths == (("documents",), ("ids",))
