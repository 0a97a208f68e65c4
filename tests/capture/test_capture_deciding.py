"""What a connection carries, by its first bytes, byte by byte where that could make a difference."""

import ssl

import pytest
from mitmproxy.proxy import layer, layers
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.layers.http._upstream_proxy import HttpUpstreamProxy

from chaosproxy.capture.deciding import PREFACE, Deciding, Pipe, Refusal
from chaosproxy.capture.http_layers import CaughtHttp
from tests.capture.conversation import Conversation, a_context

LISTENER = ("127.0.0.1", 8080)


class OnPort443:
    """Looks into covered.example and spoilt.example, and would spoil handshakes with the latter."""

    def looks_into(self, host: str, port: int) -> bool:
        return host in ("covered.example", "spoilt.example") and port == 443

    def spoils_tls(self, host: str, _port: int) -> bool:
        return host == "spoilt.example"


def deciding() -> Deciding:
    """The authority is for covered.example and localhost."""
    found = Deciding(lambda host: host in ("covered.example", "localhost"))
    found.listener = LISTENER
    found.rules = OnPort443()
    return found


def hello(host: str | None, *protocols: str) -> bytes:
    """How a TLS client greets."""
    context = ssl.create_default_context()
    context.check_hostname = False
    if protocols:
        context.set_alpn_protocols(list(protocols))
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=host)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


class Caught:
    """A connection on its way through the layers of a mode."""

    def __init__(self, mode: str, address: tuple[str, int] | None = None, *, by: Deciding | None = None) -> None:
        self.context: Context = a_context(mode)
        self.context.server.address = address
        tops = {"regular": modes.HttpProxy, "reverse": modes.ReverseProxy}
        self.top = tops.get(mode.partition(":")[0], modes.TransparentProxy)(self.context)
        self.deciding = by or deciding()
        self.talk = Conversation(self.top, {"next_layer": self.deciding.next_layer})

    def says(self, data: bytes) -> list[layer.Layer]:
        """The layers above the mode's, after these bytes."""
        self.talk.client_says(data)
        return list(self.context.layers[1:])


TRANSPARENT = ("93.184.216.34", 443)


@pytest.mark.parametrize("step", [1, 4, 1_000])
def test_http2_is_taken_apart_where_the_listener_looks_into_it(step: int) -> None:
    caught = Caught("transparent", TRANSPARENT)
    greeting = hello("covered.example", "h2", "http/1.1")
    found: list[layer.Layer] = []

    for start in range(0, len(greeting), step):
        found = caught.says(greeting[start : start + step])

    assert [type(each) for each in found] == [layers.ClientTLSLayer]
    assert caught.deciding.tally.passed == 0


@pytest.mark.parametrize(("host", "protocols"), [("covered.example", ["http/1.1"]), ("spoilt.example", ["h2"])])
def test_other_tls_is_the_listeners_affair_by_the_clients_name_for_it(host: str, protocols: list[str]) -> None:
    caught = Caught("transparent", TRANSPARENT)
    greeting = hello(host, *protocols)

    found = caught.says(greeting)

    assert [type(each) for each in found] == [HttpUpstreamProxy, Pipe]
    assert caught.talk.to_listener.startswith(b"CONNECT %b:443 HTTP/1.1\r\n" % host.encode())
    caught.talk.listener_says(b"HTTP/1.1 200 Connection established\r\n\r\n")
    assert caught.talk.to_listener.endswith(b"\r\n\r\n" + greeting)
    assert [each.address for each in caught.talk.opened] == [LISTENER]
    assert caught.deciding.tally.passed == 0


@pytest.mark.parametrize("name", ["uncovered.example", None])
def test_tls_to_others_passes_to_the_address_that_was_dialled(name: str | None) -> None:
    caught = Caught("transparent", TRANSPARENT)

    caught.says(hello(name, "h2"))

    assert caught.talk.to_listener.startswith(b"CONNECT 93.184.216.34:443 HTTP/1.1\r\n")
    assert caught.deciding.tally.passed == 1


@pytest.mark.parametrize("step", [1, 7, 1_000])
def test_http2_by_prior_knowledge_is_seen(step: int) -> None:
    caught = Caught("transparent", ("10.0.0.7", 80))

    for start in range(0, len(PREFACE), step):
        assert caught.context.client.alpn is None
        found = caught.says(PREFACE[start : start + step])

    assert isinstance(found[0], CaughtHttp)
    assert caught.context.client.alpn == b"h2"


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n", b"PROPFIND /", b"P /"])
def test_a_request_in_clear_is_taken_apart(said: bytes) -> None:
    caught = Caught("transparent", ("10.0.0.7", 80))

    assert caught.says(said[:1]) == []
    assert isinstance(caught.says(said[1:])[0], CaughtHttp)
    assert caught.context.client.alpn is None


@pytest.mark.parametrize("said", [b"SSH-2.0-client\r\n", b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"*1\r\n$4\r\nPING\r\n"])
def test_what_is_no_http_passes(said: bytes) -> None:
    caught = Caught("transparent", ("10.0.0.7", 5432))

    caught.says(said)
    caught.talk.listener_says(b"HTTP/1.1 200 OK\r\n\r\nhello")

    assert caught.talk.to_listener == (b"CONNECT 10.0.0.7:5432 HTTP/1.1\r\nHost: 10.0.0.7:5432\r\n\r\n" + said)
    assert caught.talk.to_client == b"hello"
    assert caught.deciding.tally.passed == 1


def test_a_client_of_a_proxy_speaks_to_the_listener_itself() -> None:
    caught = Caught("regular")
    said = b"GET http://tool.example/ HTTP/1.1\r\nHost: tool.example\r\n\r\nGARBAGE"

    caught.says(said)

    assert [each.address for each in caught.talk.opened] == [LISTENER]
    assert caught.talk.to_listener == said


@pytest.mark.parametrize("step", [1, 1_000])
def test_what_follows_a_connect_is_looked_at(step: int) -> None:
    caught = Caught("regular")
    asked = b"CONNECT covered.example:443 HTTP/1.1\r\nHost: covered.example:443\r\n\r\n"
    for start in range(0, len(asked), step):
        caught.says(asked[start : start + step])

    caught.says(hello("covered.example", "h2"))

    assert caught.talk.to_client == b"HTTP/1.1 200 Connection established\r\n\r\n"
    assert caught.talk.opened == []
    assert "tls_clienthello" in caught.talk.asked


def test_a_reversed_client_may_speak_tls_if_the_authority_is_for_whom_it_dialled() -> None:
    ours, others = Caught("reverse:https://tool.example"), Caught("reverse:https://tool.example")

    assert isinstance(ours.says(hello("localhost", "http/1.1"))[0], layers.ClientTLSLayer)
    assert isinstance(others.says(hello("else.example", "h2"))[0], HttpUpstreamProxy)


def test_quic_is_refused_so_that_clients_fall_back() -> None:
    found = deciding()
    context = a_context("wireguard", udp=True)
    context.server.address = ("93.184.216.34", 443)
    asked = layer.NextLayer(context)

    found.next_layer(asked)

    assert isinstance(asked.layer, Refusal)
    assert found.tally.refused == 1
    assert Conversation(asked.layer).closed == [context.client]


@pytest.mark.parametrize(
    ("address", "kind"),
    [(("10.0.0.53", 53), layers.DNSLayer), (("10.1.1.1", 53), layers.UDPLayer), (("10.1.1.1", 123), layers.UDPLayer)],
)
def test_other_datagrams_pass(address: tuple[str, int], kind: type[layer.Layer]) -> None:
    context = a_context("wireguard", udp=True)
    context.server.address = address
    asked = layer.NextLayer(context)

    deciding().next_layer(asked)

    assert type(asked.layer) is kind
