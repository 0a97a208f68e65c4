import pytest
from mitmproxy import http
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Server
from mitmproxy.proxy import server_hooks
from mitmproxy.test import tutils

from chaosproxy.capture.handing import Handing, aim_of
from tests.capture.conversation import a_context

LISTENER = ("127.0.0.1", 8080)
USER = "Basic cnVuNDI6"


def handing() -> Handing:
    found = Handing(Proxyserver())
    found.listener = LISTENER
    return found


def flow(mode: str = "transparent", *, peer: str = "127.0.0.1", **request: object) -> http.HTTPFlow:
    """A request to 10.0.0.7:8000 of a client that may have used a name for it."""
    context = a_context(mode, peer=peer)
    asked = {"host": "10.0.0.7", "port": 8000, "path": b"/find", "headers": http.Headers([(b"Host", b"tool.example")])}
    made = http.HTTPFlow(context.client, context.server)
    made.request = tutils.treq(content=None, authority=b"", **(asked | request))
    return made


@pytest.mark.parametrize(
    ("mode", "tls", "url"),
    [
        ("transparent", False, b"http://tool.example:8000/"),
        ("transparent", True, b"https://sni.example:8000/"),
        ("wireguard", False, b"http://tool.example:8000/"),
        ("socks5", True, b"https://sni.example:8000/"),
        ("reverse:https://real.example", False, b"https://real.example/"),
        ("reverse:http://real.example:81", True, b"http://real.example:81/"),
    ],
)
def test_a_request_goes_where_the_client_meant(mode: str, tls: bool, url: bytes) -> None:
    asked = flow(mode)
    asked.client_conn.tls = tls
    asked.client_conn.sni = "sni.example"

    assert aim_of(asked).url(b"/") == url


def test_it_is_handed_over_in_absolute_form_and_else_unchanged() -> None:
    asked = flow(headers=http.Headers([(b"hOst", b"tool.example"), (b"X", b"1"), (b"x", b"2")]))

    handing().requestheaders(asked)

    assert asked.request.data.path == b"http://tool.example:8000/find"
    assert (asked.request.data.host, asked.request.data.port, asked.request.data.scheme) == (*LISTENER, b"http")
    assert asked.request.headers.fields == ((b"hOst", b"tool.example"), (b"X", b"1"), (b"x", b"2"))
    assert asked.request.stream is True


def test_what_would_come_back_is_not_handed_over() -> None:
    found, asked = handing(), flow()
    asked.live = True
    found.is_ours = lambda host, port: (host, port) == ("tool.example", 8000)

    found.requestheaders(asked)

    assert asked.error is not None
    assert asked.request.data.host == "10.0.0.7"


def test_who_asked_for_a_tunnel_asks_for_what_goes_through_it() -> None:
    found, connect = handing(), flow()
    connect.request.headers["Proxy-Authorization"] = USER
    found.http_connect(connect)
    inside = http.HTTPFlow(connect.client_conn, connect.server_conn)
    inside.request = flow().request
    onward = http.HTTPFlow(connect.client_conn, connect.server_conn)
    onward.request = flow().request

    found.requestheaders(inside)
    found.http_connect_upstream(onward)

    assert inside.request.headers["Proxy-Authorization"] == onward.request.headers["Proxy-Authorization"] == USER


def test_nobody_else_does() -> None:
    found, connect, other = handing(), flow(), flow()
    connect.request.headers["Proxy-Authorization"] = USER
    found.http_connect(connect)

    found.requestheaders(other)
    found.client_disconnected(connect.client_conn)
    later = http.HTTPFlow(connect.client_conn, connect.server_conn)
    later.request = flow().request
    found.requestheaders(later)

    for each in (other, later):
        assert "Proxy-Authorization" not in each.request.headers


@pytest.mark.parametrize(
    ("peer", "address", "stands"),
    [
        ("10.20.30.40", LISTENER, ("127.20.30.40", 0)),
        ("10.20.30.40", ("10.0.0.7", 8000), None),
        ("127.0.0.1", LISTENER, None),
    ],
)
def test_clients_elsewhere_come_from_addresses_of_their_own(
    peer: str, address: tuple[str, int], stands: tuple[str, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")  # elsewhere, 127/8 is not all this machine's
    asked = flow(peer=peer)
    data = server_hooks.ServerConnectionHookData(server=Server(address=address), client=asked.client_conn)

    handing().server_connect(data)

    assert data.server.sockname == stands
