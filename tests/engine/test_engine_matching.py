"""Which calls a match is about, as tables of what fits and what does not."""

from typing import Any

import pytest

from chaosproxy.core.call import Call
from chaosproxy.engine.matching import Listener, Target, condition, glob, host_glob, path_template, wanted_headers
from chaosproxy.profiles.models import Match
from tests.engine.doubles import call, route


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("find", ["find"], ["Find", "find2", "refind", ""]),
        ("f*", ["f", "find", "f\n"], ["", "off"]),
        ("*", ["", "anything"], []),
        ("f?nd", ["find", "fond"], ["fnd", "fiind"]),
        ("v[12]", ["v1", "v2", "v[12]"], ["v3", "v12"]),
        ("v[!1]", ["v2", "v[!1]"], ["v1"]),
        ("GET /v1/items/{id}", ["GET /v1/items/{id}"], ["GET /v1/items/7"]),
        ("a.b", ["a.b"], ["axb"]),
        ("", [""], ["a"]),
    ],
)
def test_glob(pattern: str, fitting: list[str], others: list[str]) -> None:
    assert [text for text in fitting + others if glob(pattern)(text)] == fitting


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("127.0.0.1", ["127.0.0.1", "127.0.0.1:9001"], ["127.0.0.10:80"]),
        ("127.0.0.1:9001", ["127.0.0.1:9001"], ["127.0.0.1", "127.0.0.1:9002"]),
        ("*.staging.example", ["a.staging.example:443", "A.Staging.Example"], ["staging.example", "a.example:443"]),
        ("API.example", ["api.example:80"], ["api.example.org"]),
        ("[::1]", ["[::1]", "[::1]:80"], ["[::2]:80"]),
        ("[::1]:80", ["[::1]:80"], ["[::1]:81", "[::1]"]),
    ],
)
def test_host(pattern: str, fitting: list[str], others: list[str]) -> None:
    assert [host for host in fitting + others if host_glob(pattern)(host)] == fitting


@pytest.mark.parametrize(
    ("template", "fitting", "others"),
    [
        ("/v1/items", ["/v1/items"], ["/v1/items/", "/v1/items/7", "/V1/items", "/x/v1/items"]),
        ("/v1/items/{id}", ["/v1/items/7", "/v1/items/a%2Fb"], ["/v1/items/", "/v1/items/7/x", "/v1/items"]),
        ("/v1/{a}/x/{b}", ["/v1/1/x/2"], ["/v1/1/y/2", "/v1//x/2"]),
        ("/files/{name}.json", ["/files/a.json"], ["/files/.json", "/files/a.xml", "/files/ajson"]),
        ("/v1/*", ["/v1/", "/v1/items/7"], ["/v1", "/v2/x"]),
        ("/v1*", ["/v1", "/v12", "/v1/items"], ["/v2"]),
        ("/*/items", ["/*/items"], ["/v1/items"]),
    ],
)
def test_path(template: str, fitting: list[str], others: list[str]) -> None:
    assert [path for path in fitting + others if path_template(template)(path)] == fitting


ROUTE = route(
    upstream="search", tool="find", method="GET", host="127.0.0.1:9001", path="/v1/search", query="q=a&q=b&x="
)


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({}, True),
        ({"upstream": "search"}, True),
        ({"upstream": "se*"}, True),
        ({"upstream": "payments"}, False),
        ({"tool": "f*"}, True),
        ({"tool": "charge"}, False),
        ({"method": "GET"}, True),
        ({"method": "get"}, True),
        ({"method": "POST"}, False),
        ({"host": "127.0.0.1"}, True),
        ({"host": "localhost"}, False),
        ({"path": "/v1/{what}"}, True),
        ({"path": "/v2/{what}"}, False),
        ({"query": {"q": "a"}}, True),
        ({"query": {"q": "b"}}, True),
        ({"query": {"q": "c"}}, False),
        ({"query": {"x": ""}}, True),
        ({"query": {"y": "*"}}, False),
        ({"query": {"q": "*", "x": "?"}}, False),
        ({"upstream": "search", "tool": "find", "method": "GET", "path": "/v1/*", "query": {"q": "a"}}, True),
        ({"upstream": "search", "tool": "find", "method": "PUT", "path": "/v1/*", "query": {"q": "a"}}, False),
    ],
)
def test_a_route_is_asked_for_all_that_is_given(match: dict[str, Any], fits: bool) -> None:
    target = Target.of(Match.model_validate(match))
    assert (target.aims_at(ROUTE) and target.covers(ROUTE)) is fits


def test_a_query_is_compared_as_it_is_meant() -> None:
    target = Target.of(Match.model_validate({"query": {"the city": "Zürich*"}}))
    assert target.covers(route(query="the+city=Z%C3%BCrich+HB"))


def holds(match: dict[str, Any], asked: Call) -> bool:
    wanted = Match.model_validate(match)
    compiled = condition(wanted)
    assert compiled is not None
    return compiled(asked, Listener(wanted_headers(wanted)).hear(asked.headers))


HEADERS = ((b"X-Team", b"shopping"), (b"x-TEAM", b"caf\xe9"), (b"Accept", b"*/*"), (b"X-Taem", b"other"))


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"header": {"X-Team": "shopping"}}, True),
        ({"header": {"x-team": "shop*"}}, True),
        ({"header": {"X-Team": "Shopping"}}, False),
        ({"header": {"X-Team": "café"}}, True),
        ({"header": {"X-Team": "other"}}, False),
        ({"header": {"X-Nope": "*"}}, False),
        ({"header": {"X-Team": "*", "Accept": "[*]/[*]"}}, True),
        ({"header": {"X-Team": "*", "Accept": "text/*"}}, False),
        ({"session": "s1"}, True),
        ({"session": "s?"}, True),
        ({"session": "t*"}, False),
        ({"session": "s1", "header": {"X-Team": "shopping"}}, True),
        ({"session": "s2", "header": {"X-Team": "shopping"}}, False),
    ],
)
def test_headers_and_session(match: dict[str, Any], fits: bool) -> None:
    assert holds(match, call(headers=HEADERS)) is fits


BODY = {"city": "Zürich", "n": 1, "half": 0.5, "yes": True, "none": None, "deep": {"list": [{"a": "x"}, "y"]}, "1": 2}


@pytest.mark.parametrize(
    ("path", "value", "fits"),
    [
        ("city", "Zürich", True),
        ("city", "Z*", True),
        ("city", "Bern", False),
        ("n", 1, True),
        ("n", 1.0, True),
        ("n", 2, False),
        ("n", "1", False),
        ("n", True, False),
        ("half", 0.5, True),
        ("yes", True, True),
        ("yes", False, False),
        ("yes", 1, False),
        ("yes", "*", False),
        ("none", None, True),
        ("none", False, False),
        ("missing", None, False),
        ("missing", "*", False),
        ("deep.list.0.a", "x", True),
        ("deep.list.1", "y", True),
        ("deep.list.2", "*", False),
        ("deep.list.a", "*", False),
        ("deep.list", "*", False),
        ("city.0", "*", False),
        ("1", 2, True),
    ],
)
def test_body(path: str, value: str | float | bool | None, fits: bool) -> None:
    assert holds({"body": {path: value}}, call(body=BODY)) is fits


def test_body_that_is_no_object_or_was_not_read() -> None:
    assert holds({"body": {"0": "x"}}, call(body=["x"]))
    assert not holds({"body": {"0": "x"}}, call(body=None))
    assert not holds({"body": {"0": "x"}}, call(body="x"))


def test_nothing_asked_of_a_call_is_no_condition() -> None:
    assert condition(Match.model_validate({"tool": "find", "path": "/v1/*", "query": {"q": "a"}})) is None


def test_rules_about_handshakes_and_rules_about_calls_are_about_nothing_in_common() -> None:
    match = Match.model_validate({"upstream": route().upstream})
    connect = route(transport="tls", tool="CONNECT search.example:443", method="CONNECT")
    for handshake in (False, True):
        target = Target.of(match, handshake=handshake)
        assert (target.aims_at(route()), target.aims_at(connect)) == (not handshake, handshake)
