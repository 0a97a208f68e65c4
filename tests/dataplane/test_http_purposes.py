"""What a request is for, as far as its own words tell."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.call import Call
from chaosproxy.core.purpose import PLAIN, Purpose, Role
from chaosproxy.dataplane.http.requests.conversations import TURNS_MOST
from chaosproxy.dataplane.http.requests.reading import Reader
from chaosproxy.dataplane.http.requests.routing import Router
from chaosproxy.dataplane.http.requests.sessions import Peer
from chaosproxy.dataplane.http.wire import Request
from chaosproxy.profiles.models import Profile

FORM = "application/x-www-form-urlencoded"


def reader(**profile: Any) -> Reader:  # noqa: ANN401  whatever a profile has
    settings = {
        "version": 1,
        "name": "a test",
        "upstreams": {"tool": "http://tool.test", "other": "http://other.test"},
        **profile,
    }
    loaded = Profile.model_validate(settings)
    return Reader(loaded, Router(loaded, set()))


def read(
    path: str,
    body: Any = b"",  # noqa: ANN401  bytes, or what is said as JSON
    method: str = "POST",
    by: Reader | None = None,
    **headers: str,
) -> Call:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    asked = Request(method.encode(), f"/tool{path}".encode(), [(b"Host", b"a"), *named], "1.1")
    asked.parts = [data] if data else []
    asked.size = len(data)
    asked.complete = True
    by = by or reader()
    return by.read(asked, by.destination(asked), Peer("127.0.0.1", 1), 0.0)


def purpose(path: str, body: Any = b"", method: str = "POST", **headers: str) -> Purpose:  # noqa: ANN401
    return read(path, body, method, None, **headers).purpose


def rpc(method: str, **params: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def called(**arguments: Any) -> dict[str, Any]:  # noqa: ANN401
    return rpc("tools/call", name="find", arguments=arguments)


# Roles


@pytest.mark.parametrize(
    ("path", "body", "method"),
    [
        ("/items", b"", "GET"),
        ("/items", {"model": "x", "messages": []}, "POST"),
        ("/chat/completions", {"messages": []}, "POST"),
        ("/chat/completions", {"model": "x"}, "POST"),
        ("/chat/completions", {"model": "x", "messages": []}, "PUT"),
        ("/chat/completions", b"not json", "POST"),
        ("/messages", {"to": "a", "text": "b"}, "POST"),
        ("/messages", {"model": 7, "messages": []}, "POST"),
        ("/mcp", called(q=1), "POST"),
        ("/mcp", rpc("resources/read", uri="a"), "POST"),
        ("/mcp", [rpc("ping"), called(q=1)], "POST"),
        ("/mcp", [1, rpc("ping")], "POST"),
        ("/mcp", b"", "GET"),
        ("/token", b"", "GET"),
        ("/games/token", {"a": 1}, "POST"),
        ("/tokens", {"a": 1}, "POST"),
        ("/.well-known/security.txt", b"", "GET"),
        ("/.well-known/openid-configuration", b"", "PUT"),
        ("/jwks.json.bak", b"", "GET"),
    ],
)
def test_a_tool_like_any_other(path: str, body: Any, method: str) -> None:  # noqa: ANN401
    assert purpose(path, body, method) == PLAIN


MESSAGES = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    ("path", "body", "model"),
    [
        ("/v1/chat/completions", {"model": "gpt-x", "messages": MESSAGES}, "gpt-x"),
        ("/v1/completions", {"model": "gpt-x", "prompt": "hi"}, "gpt-x"),
        ("/v1/responses", {"model": "gpt-x", "input": "hi"}, "gpt-x"),
        ("/v1/messages", {"model": "claude-x", "messages": MESSAGES}, "claude-x"),
        ("/api/chat", {"model": "llama", "messages": MESSAGES}, "llama"),
        ("/api/generate", {"model": "llama", "prompt": "hi"}, "llama"),
        ("/v1beta/models/gemini-x:generateContent", {"contents": []}, "gemini-x"),
        ("/v1beta/models/gemini-x:streamGenerateContent?alt=sse", {"contents": []}, "gemini-x"),
        ("/model/anthropic.claude-v1%3A0/invoke", {"messages": MESSAGES}, "anthropic.claude-v1:0"),
        ("/model/amazon.nova/converse-stream", {"messages": MESSAGES}, "amazon.nova"),
        ("/openai/deployments/our-gpt/chat/completions?api-version=1", {"messages": MESSAGES}, "our-gpt"),
    ],
)
def test_a_language_models_api(path: str, body: Any, model: str) -> None:  # noqa: ANN401
    found = purpose(path, body)

    assert (found.role, found.model, found.page) == (Role.MODEL, model, None)
    assert found.conversation is not None


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/token", b"", {}),
        ("/oauth/token", b"", {}),
        ("/oauth2/token", b"", {}),
        ("/v1/token", b"", {}),
        ("/connect/token", b"", {}),
        ("/tenant/oauth2/v2.0/token", b"", {}),
        ("/realms/a/protocol/openid-connect/token", b"", {}),
        ("/login/oauth/access_token", b"", {}),
        ("/app/installations/7/access_tokens", b"", {}),
        ("/api/oauth.v2.access", b"", {}),
        ("/sso", b"grant_type=refresh_token&refresh_token=s", {"Content_Type": FORM}),
        ("/sso", {"grant_type": "client_credentials"}, {}),
    ],
)
def test_a_token_endpoint(path: str, body: Any, headers: dict[str, str]) -> None:  # noqa: ANN401
    assert purpose(path, body, **headers) == Purpose(Role.TOKEN)


AUTOMATIC = [
    *("initialize", "ping", "notifications/initialized", "notifications/cancelled", "tools/list", "prompts/list"),
    *("resources/list", "resources/templates/list", "server/discover", "logging/setLevel", "completion/complete"),
    *("roots/list", "subscriptions/listen"),
]


@pytest.mark.parametrize("method", AUTOMATIC)
def test_what_a_client_library_does_by_itself(method: str) -> None:
    found = purpose("/mcp", rpc(method, cursor="a"))

    assert found == Purpose(Role.HOUSEKEEPING, opens_session=method == "initialize")
    assert purpose("/mcp", [rpc(method)]) == found
    assert not found.role.takes_part


def test_an_answer_to_what_the_server_asked_is_nobodys_call() -> None:
    assert purpose("/mcp", {"jsonrpc": "2.0", "id": 1, "result": {}}) == Purpose(Role.HOUSEKEEPING)


@pytest.mark.parametrize(
    ("method", "headers", "role"),
    [
        ("GET", {"Mcp_Session_Id": "a", "Accept": "text/event-stream"}, Role.HOUSEKEEPING),
        ("GET", {"MCP_Protocol_Version": "2025-11-25", "Accept": "a/b, Text/Event-Stream"}, Role.HOUSEKEEPING),
        ("DELETE", {"Mcp_Session_Id": "a"}, Role.HOUSEKEEPING),
        ("GET", {"Mcp_Session_Id": "a", "Accept": "application/json"}, Role.TOOL),
        ("GET", {"Accept": "text/event-stream"}, Role.TOOL),
        ("DELETE", {}, Role.TOOL),
        ("POST", {"Mcp_Session_Id": "a", "Accept": "text/event-stream"}, Role.TOOL),
    ],
)  # fmt: skip
def test_streams_and_ends_of_mcp_sessions(method: str, headers: dict[str, str], role: Role) -> None:
    assert purpose("/mcp", b"", method, **headers).role is role


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-authorization-server",
        "/tenant/.well-known/openid-configuration",
        "/.well-known/jwks.json",
        "/oauth2/v3/certs",
        "/keys/jwks",
    ],
)
def test_discovery_of_who_gives_tokens(path: str) -> None:
    assert purpose(path, method="GET") == Purpose(Role.HOUSEKEEPING)


def test_a_client_that_makes_itself_known() -> None:
    assert purpose("/register", {"redirect_uris": ["http://localhost/"]}) == Purpose(Role.HOUSEKEEPING)


def test_going_on_with_more_input() -> None:
    asked, again = called(q=1), called(q=1)
    again["params"] |= {"requestState": "opaque", "inputResponses": {"a": 1}}

    assert (purpose("/mcp", asked).continues, purpose("/mcp", again).continues) == (False, True)
    assert purpose("/mcp", [rpc("ping"), again]).continues


# Fingerprints


def fingerprint(path: str, body: Any = b"", **more: Any) -> str:  # noqa: ANN401
    return read(path, body, **more).fingerprint


def test_json_rpc_ids_do_not_count() -> None:
    asked, again = called(q=1, id=7), called(q=1, id=7)
    again["id"] = "another"
    again["params"] |= {"_meta": {"progressToken": 8}, "requestState": "a", "inputResponses": {}}

    assert fingerprint("/mcp", asked) == fingerprint("/mcp", again)
    assert fingerprint("/mcp", [asked]) == fingerprint("/mcp", [again]) != fingerprint("/mcp", asked)
    assert fingerprint("/mcp", asked) != fingerprint("/mcp", called(q=1, id=8)), "an argument of this name does count"
    assert fingerprint("/x", {"id": 1}) != fingerprint("/x", {"id": 2}), "and so it does where there is no JSON-RPC"


def test_the_model_does_not_count() -> None:
    def asked(model: str, **more: Any) -> str:  # noqa: ANN401
        return fingerprint("/v1/chat/completions", {"model": model, "messages": MESSAGES, **more})

    assert asked("a") == asked("b")
    assert asked("a") != asked("a", temperature=1)
    assert asked("a") != asked("a", tools=[{"name": "find"}])
    assert fingerprint("/v1beta/models/a:generateContent", {"contents": []}) == fingerprint(
        "/v1beta/models/b:generateContent", {"contents": []}
    )
    assert fingerprint("/x/models/a:generateContent", {}) != fingerprint("/x/models/b:generateContent", {})
    assert fingerprint("/x", {"model": "a"}) != fingerprint("/x", {"model": "b"}), "a tool's argument does"


def test_a_tools_name_counts_also_for_models() -> None:
    tools = {"ask": {"upstream": "tool", "path": "/v1/messages"}}
    body = {"model": "a", "messages": MESSAGES}

    assert fingerprint("/v1/messages", body, by=reader(tools=tools)) != fingerprint("/v1/messages", body)


def test_volatile_names_of_the_profile_count_for_no_tool() -> None:
    by = reader(
        recovery={"volatile": ["Attempt"]},
        tools={"find": {"upstream": "tool", "path": "/find", "volatile": ["cursor"]}},
    )

    for path in ("/find", "/x"):
        one, other = {"q": 1, "attempt": 1, "ts": 1}, {"q": 1, "ATTEMPT": 2, "ts": 2}
        assert fingerprint(path, one, by=by) == fingerprint(path, other, by=by)
        assert fingerprint(path, one) != fingerprint(path, other)
    assert fingerprint("/find", {"cursor": 1}, by=by) == fingerprint("/find", {"cursor": 2}, by=by)
    assert fingerprint("/x", {"cursor": 1}, by=by) != fingerprint("/x", {"cursor": 2}, by=by)


def test_a_forms_fields_are_read() -> None:
    form = b"a=1&b=x+y&a=2&c=&d=caf%C3%A9&e=\xc3\xa9&f=%ff"

    assert read("/x", form, Content_Type=f"{FORM}; charset=utf-8").body == {
        "a": ["1", "2"],
        "b": "x y",
        "c": "",
        "d": "café",
        "e": "é",
        "f": "\ufffd",
    }
    assert read("/x", form, Content_Type="text/plain").body is None


# Conversations


def conversation(path: str, **body: Any) -> tuple[str | None, tuple[str, ...]]:  # noqa: ANN401
    found = purpose(path, body)
    return found.conversation, found.turns


OPENAI = {
    "messages": [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Find it."}]},
        {"role": "assistant", "content": "Where?"},
    ],
    "tools": [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}],
}
ANTHROPIC = {
    "system": [{"type": "text", "text": "Be brief."}],
    "messages": [{"role": "user", "content": "Find it."}, {"role": "assistant", "content": "Where?"}],
    "tools": [{"name": "find", "description": "Finds.", "input_schema": {}}],
    "max_tokens": 99,
}
GEMINI = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [{"role": "user", "parts": [{"text": "Find it."}]}, {"role": "model", "parts": [{"text": "Where?"}]}],
    "tools": [{"functionDeclarations": [{"name": "find"}]}],
}
BEDROCK = {
    "system": [{"text": "Be brief."}],
    "messages": [
        {"role": "user", "content": [{"text": "Find it."}]},
        {"role": "assistant", "content": [{"text": "Where?"}]},
    ],
    "toolConfig": {"tools": [{"toolSpec": {"name": "find", "inputSchema": {}}}]},
}
RESPONSES = {
    "instructions": "Be brief.",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Find it."}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Where?"}], "id": "msg_7"},
    ],
    "tools": [{"type": "function", "name": "find"}],
}


def test_the_same_question_to_whomever_it_is_put() -> None:
    first = conversation("/v1/chat/completions", model="a", **OPENAI)

    assert len(first[1]) == 3
    assert conversation("/v1/chat/completions", model="b", temperature=1, stream=True, **OPENAI) == first
    assert conversation("/v1/messages", model="claude", **ANTHROPIC) == first
    assert conversation("/v1beta/models/gemini:generateContent", **GEMINI) == first
    assert conversation("/model/nova/converse", **BEDROCK) == first
    assert conversation("/v1/responses", model="a", **RESPONSES) == first


def test_another_question() -> None:
    def asked(*contents: str, tools: tuple[str, ...] = ()) -> tuple[str | None, tuple[str, ...]]:
        messages = [{"role": "user", "content": content} for content in contents]
        return conversation("/v1/messages", model="a", messages=messages, tools=[{"name": name} for name in tools])

    one, grown, other = asked("a"), asked("a", "b"), asked("b")
    assert len({one[0], grown[0], other[0], asked("a", tools=("find",))[0]}) == 4
    assert grown[1][:1] == one[1], "it is seen that it has grown"
    assert asked("a", "a")[1] == one[1] * 2


def test_made_up_ids_are_no_difference_and_arguments_are() -> None:
    def turns(call_id: str, wanted: int) -> tuple[str, ...]:
        calls = [{"id": call_id, "type": "function", "function": {"name": "get", "arguments": f'{{"id": {wanted}}}'}}]
        messages = [
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "tool_call_id": call_id, "content": "x"},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": call_id, "name": "get", "input": {"id": wanted}}],
            },
        ]
        return purpose("/v1/messages", {"model": "a", "messages": messages}).turns

    assert turns("call_1", 7) == turns("call_2", 7)
    one, other = turns("call_1", 7), turns("call_1", 8)
    assert [a == b for a, b in zip(one, other, strict=True)] == [False, True, False]


def test_a_long_conversation_is_told_by_its_beginning_and_its_whole() -> None:
    messages = [{"role": "user", "content": str(number)} for number in range(TURNS_MOST + 1)]
    one = conversation("/v1/messages", model="a", messages=messages)
    other = conversation("/v1/messages", model="a", messages=messages[:-1])

    assert one[1] == other[1]
    assert len(one[1]) == TURNS_MOST
    assert one[0] != other[0]


# Pages


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("/items?page=1&q=a", b"", "GET"), ("/items?q=a&page=2", b"", "GET")),
        (("/items?offset=0", b"", "GET"), ("/items?OFFSET=20", b"", "GET")),
        (("/items?q=a&starting_after=x", b"", "GET"), ("/items?q=a&starting_after=y", b"", "GET")),
        (("/items?page%5Bnumber%5D=2", b"", "GET"), ("/items?page[number]=3", b"", "GET")),
        (("/items?start=25", b"", "GET"), ("/items?start=50", b"", "GET")),
        (("/find", {"q": "a", "cursor": None}, "POST"), ("/find", {"q": "a", "cursor": "x"}, "POST")),
        (("/find", {"q": "a", "pageToken": "x"}, "POST"), ("/find", {"q": "a", "pageToken": "y", "ts": 5}, "POST")),
        (("/g", {"variables": {"after": "x", "n": 9}}, "POST"), ("/g", {"variables": {"after": "y", "n": 9}}, "POST")),
        (("/mcp", called(q="a", page=1), "POST"), ("/mcp", called(q="a", page=2), "POST")),
    ],
)  # fmt: skip
def test_pages_of_one_listing(one: tuple[str, Any, str], other: tuple[str, Any, str]) -> None:
    first, second = read(*one), read(*other)

    assert first.purpose.page == second.purpose.page is not None
    assert first.fingerprint != second.fingerprint
    assert first.purpose.role is Role.TOOL


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/items?q=a", b""),
        ("/items?start=2026-01-01", b""),
        ("/find", {"q": "a"}),
        ("/find", {"start": "2026-01-01", "skip": "me"}),
        ("/find", {"inner": {"cursor": "x"}}),
        ("/find", [{"cursor": "x"}]),
        ("/find", b"cursor=x"),
    ],
)
def test_no_page(path: str, body: Any) -> None:  # noqa: ANN401
    assert purpose(path, body).page is None


def test_pages_of_different_listings() -> None:
    pages = [
        purpose("/items?page=1", method="GET").page,
        purpose("/other?page=1", method="GET").page,
        purpose("/items?page=1&q=a", method="GET").page,
        purpose("/items?page=1", {"q": "a"}, "GET").page,
        purpose("/items", {"page": 1, "q": "a"}).page,
        purpose("/items", {"page": 1, "q": "b"}).page,
    ]
    assert None not in pages
    assert len(set(pages)) == len(pages)


def test_pages_of_a_form() -> None:
    def page(body: bytes) -> str | None:
        return purpose("/x", body, Content_Type=FORM).page

    assert page(b"q=a&cursor=1") == page(b"cursor=2&q=a&nonce=7") is not None
    assert page(b"q=b&cursor=1") != page(b"q=a&cursor=1")
    assert page(b"q=b") is None


# Laws


NAMES = st.sampled_from(
    [
        *("jsonrpc", "id", "method", "params", "arguments", "variables", "requestState", "cursor", "page", "start"),
        *("model", "messages", "input", "prompt", "contents", "parts", "system", "tools", "toolConfig", "role"),
        *("content", "type", "text", "tool_calls", "function", "functionDeclarations", "name", "grant_type"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
PATHS = st.sampled_from(
    ["/mcp", "/x", "/v1/messages", "/v1/responses", "/v1beta/models/a:generateContent", "/model/a/converse", "/token"]
)


@given(PATHS, JSON, st.sampled_from(["POST", "GET", "DELETE"]))
def test_any_body_has_a_purpose(path: str, body: Any, method: str) -> None:  # noqa: ANN401
    by = reader()
    first, again = read(path, body, method, by=by), read(path, body, method, by=by)

    assert again.purpose is first.purpose, "made once"
    assert again.fingerprint == first.fingerprint
    if first.purpose.role is Role.MODEL:
        assert first.purpose.model is not None


@pytest.mark.parametrize("wrap", ['{"params":', '{"model":"a","messages":', "["])
def test_what_is_nested_without_end_is_read_all_the_same(wrap: str) -> None:
    for depth in (200, 700, 5_000):
        body = (wrap * depth + "1" + ("]" if wrap == "[" else "}") * depth).encode()
        assert len(read("/v1/messages", body).fingerprint) == 16
