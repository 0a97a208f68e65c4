"""What a call asks for, flattened."""

from typing import Any

import pytest

from chaosproxy.core.call import Call, Route, ToolEffect
from chaosproxy.profiles.models import Profile
from chaosproxy.recovery.following import arguments
from chaosproxy.recovery.following.arguments import CUT, FIELDS, METHOD, TEXT, arguments_of, is_text, plain
from chaosproxy.recovery.following.tools import Tools

TOOLS = Tools(Profile(version=1, name="arguments"))


def asked(body: object = None, *, tool: str = "find", path: str = "/find", query: str = "") -> dict[str, str]:
    call = Call(
        number=1,
        session="s",
        session_source="client",
        route=Route("shop", tool, "http", "POST", "shop:80", path, query, ToolEffect.READ, touchable=True),
        fingerprint="f",
        headers=(),
        received=0.0,
        body=body,
    )
    return dict(arguments_of(call, TOOLS))


def readable(fields: dict[str, str]) -> dict[str, str]:
    return {name: plain(value) if is_text(value) else f"<{plain(value)}>" for name, value in fields.items()}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"q": "tea", "limit": 10}, {"q": "tea", "limit": "<10>"}),
        ({"w": {"city": "Rome", "near": [1, 2.5]}}, {"w.city": "Rome", "w.near.0": "<1>", "w.near.1": "<2.5>"}),
        ({"n": 1.0, "yes": True, "no": None}, {"n": "<1>", "yes": "<true>", "no": "<null>"}),
        ({"q": "tea", "timestamp": 5, "deep": {"Request_Id": "x"}}, {"q": "tea"}),
        ({"jsonrpc": "2", "method": "m", "params": {"name": "t", "arguments": {"a": 1}}}, {METHOD: "m t", "a": "<1>"}),
        ({"jsonrpc": "2.0", "id": 7, "method": "m", "params": {"a": 1, "_meta": {"b": 2}}}, {METHOD: "m", "a": "<1>"}),
        ({"jsonrpc": "2.0", "id": 7, "method": "m"}, {METHOD: "m"}),
        (["a", "b"], {"0": "a", "1": "b"}),
        (None, {}),
    ],
)  # fmt: skip
def test_a_body(body: Any, fields: dict[str, str]) -> None:  # noqa: ANN401 - any JSON
    assert readable(asked(body)) == fields


def test_a_number_is_not_its_digits() -> None:
    assert asked({"a": 1})["a"] != asked({"a": "1"})["a"]


def test_the_query_and_what_varies_in_the_path() -> None:
    fields = asked(tool="GET /v1/items/{id}", path="/base/v1/items/17", query="lang=en&tag=a&tag=b&ts=5")
    assert fields == {"id": "17", "lang": "en", "tag": "a,b"}


def test_the_rest_of_a_path_is_one_argument() -> None:
    profile = Profile.model_validate(
        {
            "version": 1,
            "name": "files",
            "upstreams": {"shop": "http://shop.test"},
            "tools": {"files": {"upstream": "shop", "path": "/files/*"}},
        }
    )
    route = Route("shop", "files", "http", "GET", "shop:80", "/files/a/b.txt", "", ToolEffect.READ, touchable=True)
    call = Call(number=1, session="s", session_source="c", route=route, fingerprint="f", headers=(), received=0.0)
    assert arguments_of(call, Tools(profile)) == {"path": "/files/a/b.txt"}


def test_what_is_kept_is_bounded() -> None:
    assert len(asked({f"a{number}": number for number in range(1_000)})) == FIELDS
    long = asked({"text": "x" * 100_000, "other": "x" * 100_001})
    assert all(len(value) <= TEXT + 17 for value in long.values())
    assert long["text"] != long["other"]
    assert long["text"].partition(CUT)[0] == "x" * TEXT
    deep: Any = "bottom"
    for _ in range(500):
        deep = {"d": deep}
    assert asked(deep) == {}
    assert arguments.FIELDS == 64
