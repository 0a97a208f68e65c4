"""The environment that an agent is started with."""

from pathlib import Path

import pytest

from chaosproxy.dataplane.http.requests.routing import Router
from chaosproxy.launch.environment import Way, environment
from tests.launch.profiles import profile

WAY = Way("127.0.0.1:40123", "127.0.0.1:40124", "agent")
PROXY = "http://agent:x@127.0.0.1:40123"
UPSTREAMS = {"my-search": "http://127.0.0.1:9001", "llm": "https://api.openai.com"}


def test_every_spelling_leads_to_the_proxy_and_names_the_session() -> None:
    found = environment({"PATH": "/bin"}, profile(upstreams=UPSTREAMS), WAY)

    assert found.variables == {
        "PATH": "/bin",
        **dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"), PROXY),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1:40124"),
        **dict.fromkeys(("OPENAI_BASE_URL", "OPENAI_API_BASE"), "http://127.0.0.1:40123/~agent/llm/v1"),
        "NODE_USE_ENV_PROXY": "1",
        "GIT_HTTP_PROXY_AUTHMETHOD": "basic",
        "CHAOSPROXY_URL": "http://127.0.0.1:40123",
        "CHAOSPROXY_SESSION": "agent",
        "CHAOSPROXY_ADMIN_URL": "http://127.0.0.1:40124",
        "CHAOSPROXY_UPSTREAM_MY_SEARCH": "http://127.0.0.1:40123/~agent/my-search",
        "CHAOSPROXY_UPSTREAM_LLM": "http://127.0.0.1:40123/~agent/llm",
    }
    assert found.notes == ()


def test_gateway_urls_lead_to_their_upstreams() -> None:
    given = profile(upstreams=UPSTREAMS)
    router = Router(given, set())
    for name, url in environment({}, given, WAY).variables.items():
        if name.startswith("CHAOSPROXY_UPSTREAM_") or name.endswith(("_BASE_URL", "_API_BASE")):
            found = router.find(b"GET", (url.removeprefix(WAY.url) + "/x").encode())
            assert found.session == "agent"
            assert f"{found.origin.scheme}://{found.origin.authority}" in UPSTREAMS.values()


def test_what_was_set_before_stays_unless_it_hides_a_tool() -> None:
    before = {"NO_PROXY": "localhost,.corp.example", "HOME": "/home/me"}
    found = environment(before, profile(upstreams=UPSTREAMS), WAY)

    assert found.variables["HOME"] == "/home/me"
    assert found.variables["NO_PROXY"] == found.variables["no_proxy"] == ".corp.example,127.0.0.1:40124"
    assert found.notes == ("NO_PROXY: taken out localhost, which would hide hosts of the profile from the proxy",)


def test_the_small_spelling_of_no_proxy_wins_as_it_does_in_clients() -> None:
    found = environment({"NO_PROXY": "a.example", "no_proxy": "b.example"}, profile(), WAY)

    assert found.variables["NO_PROXY"] == "b.example,127.0.0.1:40124"


def test_another_proxy_is_told_of_without_its_password() -> None:
    found = environment({"https_proxy": "http://me:secret@proxy.corp.example:3128"}, profile(), WAY)

    assert found.variables["https_proxy"] == PROXY
    assert found.notes == (
        "HTTP_PROXY and HTTPS_PROXY were set (proxy.corp.example): the tools are reached directly instead",
    )


@pytest.mark.parametrize("trusted", [None, {"SSL_CERT_FILE": Path("/tmp/x/roots.pem")}])  # noqa: S108  a name
def test_roots_are_named_if_there_is_something_to_trust(trusted: dict[str, Path] | None) -> None:
    found = environment({"SSL_CERT_FILE": "mine.pem"}, profile(), WAY, trusted)

    assert found.variables["SSL_CERT_FILE"] == ("mine.pem" if trusted is None else "/tmp/x/roots.pem")  # noqa: S108


def test_names_that_are_too_alike_are_told_of() -> None:
    found = environment({}, profile(upstreams={"a-b": "http://x.example", "a.b": "http://y.example"}), WAY)

    assert found.variables["CHAOSPROXY_UPSTREAM_A_B"].endswith("/a-b")
    assert found.notes == (
        "CHAOSPROXY_UPSTREAM_A_B is the URL of another upstream than a.b: their names are too alike",
    )
