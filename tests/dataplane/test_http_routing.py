"""Where requests go: gateway paths, forward URLs, tools and their names, and hosts that nobody is let through to."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.call import ToolEffect
from chaosproxy.dataplane.http.requests.routing import (
    REMEMBERED,
    REMEMBERED_LENGTH,
    Destination,
    Inside,
    Router,
    effect_of_method,
    infer_template,
)
from chaosproxy.dataplane.http.wire import Malformed
from chaosproxy.engine.matching import path_template
from chaosproxy.profiles.models import Profile

OWN = {("127.0.0.1", 8080)}


def router(*, open_to_others: bool = False, **profile: Any) -> Router:  # noqa: ANN401  a part of a profile
    given_profile = {
        "version": 1,
        "name": "a test",
        "upstreams": {
            "search": "http://search.test:9000/api/",
            "pay": "https://pay.test",
            "six": "http://[::1]:9001",
        },
        "tools": {
            "find": {"upstream": "search", "method": "GET", "path": "/api/v1/items/{id}"},
            "anything": {"upstream": "search", "path": "/api/files/*", "effect": "idempotent"},
            "charge": {"upstream": "pay", "path": "/v1/charges", "effect": "write"},
        },
        **profile,
    }
    return Router(Profile.model_validate(given_profile), OWN, open_to_others=open_to_others)


def find(target: str, method: str = "GET", **more: Any) -> Destination:  # noqa: ANN401
    return router(**more).find(method.encode(), target.encode("latin-1"))


@pytest.mark.parametrize(
    ("target", "upstream", "onward", "host"),
    [
        ("/search/v1/x", "search", "/api/v1/x", "search.test:9000"),
        ("/search/v1/x?a=1&b=%20", "search", "/api/v1/x?a=1&b=%20", "search.test:9000"),
        ("/search", "search", "/api", "search.test:9000"),
        ("/search/", "search", "/api/", "search.test:9000"),
        ("/search?q=1", "search", "/api?q=1", "search.test:9000"),
        ("/pay", "pay", "/", "pay.test"),
        ("/pay?q=a/b", "pay", "/?q=a/b", "pay.test"),
        ("/pay//x/../y", "pay", "//x/../y", "pay.test"),
        ("/pay/a%2Fb;c", "pay", "/a%2Fb;c", "pay.test"),
        ("/six/x", "six", "/x", "[::1]:9001"),
        ("http://search.test:9000/api/v1/x", "search", "/api/v1/x", "search.test:9000"),
        ("HTTP://SEARCH.test:9000/Api?Q", "search", "/Api?Q", "search.test:9000"),
        ("https://pay.test/x", "pay", "/x", "pay.test"),
        ("https://pay.test:443/x", "pay", "/x", "pay.test"),
        ("http://elsewhere.test", "elsewhere.test:80", "/", "elsewhere.test"),
        ("http://elsewhere.test?q=1", "elsewhere.test:80", "/?q=1", "elsewhere.test"),
        ("http://elsewhere.test:81/x#part", "elsewhere.test:81", "/x", "elsewhere.test:81"),
        ("http://[2001:db8::1]:81/x", "2001:db8::1:81", "/x", "[2001:db8::1]:81"),
    ],
)
def test_target_leads_to(target: str, upstream: str, onward: str, host: str) -> None:
    found = find(target)

    assert (found.route.upstream, found.target, found.host) == (upstream, onward.encode(), host.encode())
    assert found.route.path + (f"?{found.route.query}" if found.route.query else "") == onward


def test_scheme_and_port_of_the_connection() -> None:
    gateway, forward = find("/pay/x").origin, find("http://elsewhere.test/x").origin

    assert (gateway.scheme, gateway.host, gateway.port) == ("https", "pay.test", 443)
    assert (forward.scheme, forward.host, forward.port) == ("http", "elsewhere.test", 80)


def test_gateway_and_forward_share_connections() -> None:
    routes = router()

    assert routes.find(b"GET", b"/search/x").origin is routes.find(b"GET", b"http://search.test:9000/y").origin
    assert routes.find(b"GET", b"http://a.test/x").origin is routes.find(b"GET", b"http://a.test/y").origin


@pytest.mark.parametrize(
    ("target", "session", "onward"),
    [
        ("/~run42/search/v1/x", "run42", b"/api/v1/x"),
        ("/~run42/pay", "run42", b"/"),
        ("/~/pay/x", "", b"/x"),
        ("/search/~run42/x", None, b"/api/~run42/x"),
        ("http://pay.test/~run42/x", None, b"/~run42/x"),
    ],
)
def test_path_may_name_the_session(target: str, session: str | None, onward: bytes) -> None:
    found = find(target)

    assert (found.session, found.target) == (session, onward)


@pytest.mark.parametrize(
    ("method", "target", "status", "reason"),
    [
        ("GET", "/nobody/x", 404, "unknown_upstream"),
        ("GET", "/", 404, "unknown_upstream"),
        ("GET", "//search/x", 404, "unknown_upstream"),
        ("GET", "/~run42", 404, "unknown_upstream"),
        ("CONNECT", "pay.test:443", 400, "bad_target"),
        ("OPTIONS", "*", 400, "bad_target"),
        ("GET", "ftp://a.test/x", 400, "bad_target"),
        ("GET", "search/x", 400, "bad_target"),
        ("GET", "http:///x", 400, "bad_target"),
        ("GET", "http://user@a.test/x", 400, "bad_target"),
        ("GET", "http://a.test:port/x", 400, "bad_target"),
        ("GET", "http://a.test:99999/x", 400, "bad_target"),
        ("GET", "http://[::1/x", 400, "bad_target"),
        ("GET", "http://127.0.0.1:8080/search", 403, "own_address"),
        ("GET", "http://localhost:8080/search", 403, "own_address"),
        ("GET", "http://169.254.169.254/latest", 403, "forbidden_host"),
        ("GET", "http://169.254.169.254./latest", 403, "forbidden_host"),
        ("GET", "http://2852039166/latest", 403, "forbidden_host"),
        ("GET", "http://0xa9fea9fe/latest", 403, "forbidden_host"),
        ("GET", "http://0xa9.254.0251.0376/latest", 403, "forbidden_host"),
        ("GET", "http://169.254.43518/latest", 403, "forbidden_host"),
        ("GET", "http://[::ffff:169.254.169.254]/latest", 403, "forbidden_host"),
        ("GET", "http://[fe80::1]/x", 403, "forbidden_host"),
        ("GET", "http://[fd00:ec2::254]/latest", 403, "forbidden_host"),
        ("GET", "http://[fd00:0ec2:0::254]/latest", 403, "forbidden_host"),
        ("GET", "http://Metadata.Google.Internal/x", 403, "forbidden_host"),
        ("GET", "http://metadata.google.internal./x", 403, "forbidden_host"),
    ],
)
def test_target_is_refused(method: str, target: str, status: int, reason: str) -> None:
    with pytest.raises(Malformed) as refusal:
        find(target, method)

    assert (refusal.value.status, refusal.value.reason) == (status, reason)


def test_unknown_upstream_says_which_there_are() -> None:
    with pytest.raises(Malformed, match="pay, search, six"):
        find("/nobody")


def test_a_proxy_open_to_others_goes_only_where_the_profile_says() -> None:
    with pytest.raises(Malformed) as refusal:
        find("http://elsewhere.test/x", open_to_others=True)

    assert refusal.value.reason == "forbidden_host"
    assert find("http://search.test:9000/x", open_to_others=True).route.upstream == "search"
    safety = {"hosts": ["*.friendly.test"]}
    assert find("http://a.friendly.test/x", open_to_others=True, safety=safety).route.touchable


@pytest.mark.parametrize(
    ("hosts", "target", "touchable"),
    [
        (None, "/search/x", True),
        (None, "http://elsewhere.test/x", False),
        (["*.test"], "http://elsewhere.test/x", True),
        (["pay.test"], "/search/x", False),
        (["search.test:9000"], "/search/x", True),
        (["search.test:80"], "/search/x", False),
    ],
)
def test_only_named_hosts_may_be_touched(hosts: list[str] | None, target: str, touchable: bool) -> None:
    assert find(target, safety={"hosts": hosts}).route.touchable is touchable


@pytest.mark.parametrize(
    ("method", "target", "tool", "effect"),
    [
        ("GET", "/search/v1/items/a-b", "find", ToolEffect.READ),
        ("POST", "/search/v1/items/a-b", "POST /api/v1/items/a-b", ToolEffect.WRITE),
        ("GET", "/search/v1/items/a/b", "GET /api/v1/items/a/b", ToolEffect.READ),
        ("GET", "/search/v1/items/", "GET /api/v1/items/", ToolEffect.READ),
        ("POST", "/search/files/a/b", "anything", ToolEffect.IDEMPOTENT),
        ("GET", "/pay/v1/charges?x=1", "charge", ToolEffect.WRITE),
        ("GET", "/pay/v1/charges/ch_1", "GET /v1/charges/ch_1", ToolEffect.READ),
        ("DELETE", "/pay/v1/charges/ch_3MqLiJ2eZv", "DELETE /v1/charges/{id}", ToolEffect.IDEMPOTENT),
    ],
)
def test_tool_of_a_request(method: str, target: str, tool: str, effect: ToolEffect) -> None:
    found = find(target, method)

    assert (found.route.tool, found.route.effect) == (tool, effect)
    assert (found.tool is not None) is (tool in ("find", "anything", "charge"))


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/v1/items/42", "/v1/items/{id}"),
        ("/v1/items/42/parts/7", "/v1/items/{id}/parts/{id}"),
        ("/c/9b2f1c9e-8a4e-4c29-9d3b-2f6f0a1b2c3d", "/c/{id}"),
        ("/c/deadbeef01", "/c/{id}"),
        ("/c/deadbeef", "/c/deadbeef"),
        ("/c/cus_9s6XKzkNRiz8i3", "/c/{id}"),
        ("/c/A1b2C3d4E5f6G7h8I9j0", "/c/{id}"),
        ("/search_results/list-of-all-the-things-here", "/search_results/list-of-all-the-things-here"),
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/", "/"),
    ],
)
def test_inferred_template(path: str, template: str) -> None:
    assert infer_template(path) == template


@pytest.mark.parametrize(
    ("template", "path", "fits"),
    [
        ("/a/{id}", "/a/b", True),
        ("/a/{id}", "/a/", False),
        ("/a/{id}", "/a/b/c", False),
        ("/a/{id}.json", "/a/b.json", True),
        ("/a/{id}.json", "/a/bxjson", False),
        ("/a/*", "/a/", True),
        ("/a/*", "/a/b/c", True),
        ("/a/*", "/ab", False),
        ("/a.b", "/aXb", False),
    ],
)
def test_templates(template: str, path: str, fits: bool) -> None:
    assert bool(path_template(template)(path)) is fits


@pytest.mark.parametrize(
    ("method", "effect"),
    [
        ("HEAD", ToolEffect.READ),
        ("PUT", ToolEffect.IDEMPOTENT),
        ("POST", ToolEffect.WRITE),
        ("PATCH", ToolEffect.WRITE),
    ],
)
def test_effect_of_a_method(method: str, effect: ToolEffect) -> None:
    assert effect_of_method(method) is effect


def test_answers_are_remembered_but_not_without_bound() -> None:
    routes = router()

    assert routes.find(b"GET", b"/search/x") is routes.find(b"GET", b"/search/x")
    assert routes.find(b"GET", b"/search/x") is not routes.find(b"POST", b"/search/x")
    for number in range(REMEMBERED + 10):
        routes.find(b"GET", b"/search/%d" % number)
    assert len(routes._remembered) <= REMEMBERED


def test_an_agent_that_asks_for_ever_new_hosts_does_not_make_us_grow() -> None:
    routes = router()
    declared = routes.find(b"GET", b"/search/x").origin
    for number in range(REMEMBERED + 10):
        routes.find(b"GET", b"http://%d.test/%s" % (number, b"x" * REMEMBERED_LENGTH))

    assert len(routes._origins) <= REMEMBERED
    assert routes.find(b"GET", b"http://search.test:9000/").origin is declared


def test_long_targets_are_not_remembered() -> None:
    routes = router()
    routes.find(b"GET", b"/search/" + b"x" * 60_000)

    assert not routes._remembered, "thousands of them would be hundreds of megabytes"


def test_what_a_long_word_to_the_proxy_came_with_is_not_remembered() -> None:
    routes = router()
    for user in (None, b"Basic cnVuNDI6"):
        routes.find(b"GET", b"/x", Inside("https", "pay.test", 443, user))
    assert len(routes._remembered) == 2
    routes.find(b"GET", b"/x", Inside("https", "pay.test", 443, b"Basic " + b"x" * 60_000))

    assert len(routes._remembered) == 2


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60))
def test_any_target_is_found_or_refused(target: str) -> None:
    routes = router()
    for each in (target, "/" + target, "/search/" + target, "http://" + target, "http://a.test/" + target):
        with suppress(Malformed):
            assert routes.find(b"GET", each.encode()).target.startswith(b"/")


@pytest.mark.parametrize("target", ["/bot-s3cret/send", "http://user:s3cret@[::1/x", "http://u:s3cret@host/x"])
def test_what_is_refused_is_not_repeated(target: str) -> None:
    with pytest.raises(Malformed) as refused:
        find(target)

    assert "s3cret" not in refused.value.detail


# Our own URL, as a client with a proxy asks for it


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080"])
def test_a_url_of_our_own_is_a_gateway_path(host: str) -> None:
    here = router()
    here.here.add(("127.0.0.1", 8080))

    found = here.find(b"GET", f"http://{host}/~run42/search/v1/x?q=1".encode())
    assert (found.session, found.route.upstream, found.target) == ("run42", "search", b"/api/v1/x?q=1")
    assert found.host == b"search.test:9000"
    with pytest.raises(Malformed, match="the name of no upstream"):
        here.find(b"GET", f"http://{host}/elsewhere".encode())


@pytest.mark.parametrize("target", ["http://127.0.0.1:8081/search", "https://127.0.0.1:8080/search"])
def test_the_admin_port_and_tls_to_ourselves_are_none(target: str) -> None:
    own = {("127.0.0.1", 8080), ("127.0.0.1", 8081)}
    here = Router(
        Profile.model_validate({"version": 1, "name": "n", "upstreams": {"search": "http://search.test"}}), own
    )
    here.here.add(("127.0.0.1", 8080))

    with pytest.raises(Malformed) as refused:
        here.find(b"GET", target.encode())
    assert refused.value.reason == "own_address"
