"""Which agent run a request belongs to, by each source, and by the first that yields a name."""

from base64 import b64encode

import pytest

from chaosproxy.dataplane.http.requests.sessions import MAX_NAME, Peer, SessionNames
from chaosproxy.dataplane.http.wire import Request
from chaosproxy.profiles.models import Sessions

PEER = Peer("10.0.0.7", 3)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def name(
    sources: tuple[str, ...], *headers: tuple[bytes, bytes], path: str | None = None, link: str | None = None
) -> tuple[str, str]:
    return SessionNames(sources).name(Request(b"GET", b"/", list(headers), "1.1"), PEER, path, link)


def basic(user: bytes) -> tuple[bytes, bytes]:
    return b"Proxy-Authorization", b"Basic " + b64encode(user)


@pytest.mark.parametrize(
    ("source", "header", "found"),
    [
        ("proxy_user", basic(b"run42:"), "run42"),
        ("proxy_user", basic(b"run42:secret"), "run42"),
        ("proxy_user", basic("läuft:x".encode()), "läuft"),
        ("proxy_user", (b"proxy-authorization", b"bAsIc " + b64encode(b"run42:")), "run42"),
        ("header:X-Run", (b"x-rUN", b"seven"), "seven"),
        ("baggage:session.id", (b"Baggage", b"a=1, session.id = run%2042 ;p=1,b=2"), "run 42"),
        ("baggage:session.id", (b"baggage", b"session.id=x"), "x"),
        ("trace", (b"Traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), TRACE),
        ("connection", (b"A", b"1"), "connection-3"),
    ],
)
def test_source_names_the_session(source: str, header: tuple[bytes, bytes], found: str) -> None:
    assert name((source,), header) == (found, source)


@pytest.mark.parametrize(
    ("source", "header"),
    [
        ("proxy_user", (b"Proxy-Authorization", b"Bearer abc")),
        ("proxy_user", (b"Proxy-Authorization", b"Basic !!!")),
        ("proxy_user", (b"Proxy-Authorization", b"Basic")),
        ("proxy_user", basic(b"\xff\xfe:x")),
        ("proxy_user", basic(b":only a password")),
        ("header:X-Run", (b"X-Other", b"1")),
        ("header:X-Run", (b"X-Run", b"")),
        ("baggage:session.id", (b"Baggage", b"other=1")),
        ("baggage:session.id", (b"Baggage", b",,=;")),
        ("trace", (b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736")),
        ("trace", (b"A", b"1")),
        ("mcp", (b"A", b"1")),
        ("path", (b"A", b"1")),
    ],
)
def test_source_that_yields_nothing_is_passed_over(source: str, header: tuple[bytes, bytes]) -> None:
    assert name((source,), header) == ("default", "default")


def test_path_names_the_session() -> None:
    assert name(("path",), path="run42") == ("run42", "path")
    assert name(("path",), path="") == ("default", "default")


def test_mcps_own_id_names_the_session() -> None:
    assert name(("mcp", "client"), link="mcp-1") == ("mcp-1", "mcp")
    assert name(("path", "mcp"), path="run42", link="mcp-1") == ("run42", "path")


def test_client_is_address_and_user_agent() -> None:
    one, source = name(("client",), (b"User-Agent", b"a"))

    assert source == "client"
    assert one.startswith("10.0.0.7~")
    assert one == name(("client",), (b"User-Agent", b"a"), (b"X", b"1"))[0]
    assert one != name(("client",), (b"User-Agent", b"b"))[0]


def test_first_source_in_order_decides() -> None:
    headers = (basic(b"user:"), (b"X-Session-Id", b"header"), (b"Baggage", b"session.id=baggage"))
    order = Sessions().from_

    assert name(order, *headers, path="path") == ("user", "proxy_user")
    assert name(order, *headers[1:], path="path") == ("path", "path")
    assert name(order, *headers[1:]) == ("header", "header:X-Session-Id")
    assert name(order, *headers[2:]) == ("baggage", "baggage:session.id")
    assert name(order)[1] == "client"
    assert name(tuple(reversed(order)), *headers, path="path")[1] == "client"


def test_long_names_are_cut() -> None:
    assert name(("path",), path="x" * 500) == ("x" * MAX_NAME, "path")
