"""Which reads show whether a write has run."""

import pytest

from chaosproxy.core.call import Route, ToolEffect
from chaosproxy.profiles.models import Profile
from chaosproxy.recovery.following.checking import lies_along, shows
from chaosproxy.recovery.following.tools import Tools

TOOLS = Tools(
    Profile.model_validate(
        {
            "version": 1,
            "name": "checking",
            "upstreams": {"mail": "http://mail.test"},
            "tools": {"sent": {"upstream": "mail", "path": "/folders/sent", "checks": ["send"]}},
        }
    )
)


def route(tool: str, method: str, path: str, upstream: str = "mail") -> Route:
    return Route(upstream, tool, "http", method, "h:80", path, "", ToolEffect.READ, touchable=True)


@pytest.mark.parametrize(
    ("read", "write", "along"),
    [
        ("/v1/charges", "/v1/charges", True),
        ("/v1/charges/ch_1", "/v1/charges", True),
        ("/v1/charges/", "/v1/charges", True),
        ("/orders/7", "/orders/7/pay", True),
        ("/orders", "/orders/7/pay", True),
        ("/orders/7/pay/receipt", "/orders/7/pay", True),
        ("/orders/8", "/orders/7/pay", False),
        ("/v1/charge", "/v1/charges", False),
        ("/v1/refunds", "/v1/charges", False),
        ("/v1", "/v1/charges", False),
        ("/", "/v1/charges", False),
        ("/repos/o", "/repos/o/r/issues", False),
        ("/v1", "/v1", False),
        ("/", "/", False),
        ("/api/v2/x", "/api/v2", False),
        ("/7", "/7/pay", False),
    ],
)
def test_by_the_path(read: str, write: str, along: bool) -> None:
    assert lies_along(read, write) is along


def test_only_on_the_same_upstream_and_with_a_safe_method() -> None:
    write = route("charge", "POST", "/charges")
    assert shows(route("look", "GET", "/charges/1"), write, TOOLS)
    assert shows(route("look", "HEAD", "/charges/1"), write, TOOLS)
    assert not shows(route("look", "GET", "/charges/1", "other"), write, TOOLS)
    assert not shows(route("look", "POST", "/charges"), write, TOOLS)  # MCP: all tools have one path


def test_by_declaration() -> None:
    assert shows(route("sent", "POST", "/x", "elsewhere"), route("send", "POST", "/messages"), TOOLS)
    assert not shows(route("sent", "POST", "/x"), route("charge", "POST", "/charges"), TOOLS)
