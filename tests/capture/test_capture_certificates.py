"""A TLS handshake in memory: what a caught client is shown."""

import ssl
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from mitmproxy import tls
from OpenSSL import SSL

from chaosproxy.capture.certificates import Certificates, presented
from chaosproxy.core.errors import StartError
from chaosproxy.dataplane.tls.authority import Authority
from tests.capture.conversation import a_context


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create(["tool.example", "127.0.0.1"])


class Shaken:
    """A handshake with a client that trusts the authority."""

    def __init__(self, made: Certificates, authority: Authority, host: str, protocols: Sequence[str]) -> None:
        context = a_context("transparent")
        context.server.address = (host, 443)
        name = host if host[0].isalpha() else None
        context.client.sni = name
        data = tls.TlsData(context.client, context=context)
        made.tls_start_client(data)
        assert isinstance(data.ssl_conn, SSL.Connection)
        trust = ssl.create_default_context(cadata=authority.certificate_pem.decode())
        trust.set_alpn_protocols(list(protocols))
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = trust.wrap_bio(incoming, outgoing, server_hostname=host)
        self.server = data.ssl_conn
        for _ in range(4):
            with suppress(ssl.SSLWantReadError):
                self.client.do_handshake()
            if outgoing.pending:
                self.server.bio_write(outgoing.read())
            with suppress(SSL.WantReadError):
                self.server.do_handshake()
            with suppress(SSL.WantReadError):
                incoming.write(self.server.bio_read(65_536))

    @property
    def leaf(self) -> x509.Certificate:
        found = self.client.getpeercert(binary_form=True)
        assert found is not None
        return x509.load_der_x509_certificate(found)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(("h2", "http/1.1"), "h2"), (("http/1.1", "h2"), "h2"), (("http/1.1",), "http/1.1"), (("spdy/3",), None)],
)
def test_http2_is_chosen_where_it_is_offered(authority: Authority, offered: Sequence[str], chosen: str | None) -> None:
    shaken = Shaken(Certificates(authority), authority, "tool.example", offered)

    assert shaken.client.selected_alpn_protocol() == chosen
    assert shaken.client.version() == "TLSv1.3"


@pytest.mark.parametrize("host", ["tool.example", "127.0.0.1"])
def test_the_leaf_is_the_authoritys(authority: Authority, host: str) -> None:
    shaken = Shaken(Certificates(authority), authority, host, ["h2"])

    ours = x509.load_pem_x509_certificate(authority.leaf(host).chain)
    assert shaken.leaf.issuer == ours.issuer
    assert shaken.leaf.subject == ours.subject
    assert [each.oid for each in shaken.leaf.extensions] == [each.oid for each in ours.extensions]


def test_a_leaf_is_kept_until_it_is_about_to_expire(authority: Authority) -> None:
    now = [0.0]
    made = Certificates(authority, lambda: now[0])
    expires = authority.leaf("tool.example").expires

    first = Shaken(made, authority, "tool.example", ["h2"]).leaf.serial_number
    now[0] = expires - 7200
    kept = Shaken(made, authority, "tool.example", ["h2"]).leaf.serial_number
    now[0] = expires - 1800
    renewed = Shaken(made, authority, "tool.example", ["h2"]).leaf.serial_number

    assert (first == kept, kept == renewed) == (True, False)


def test_there_is_none_for_a_host_that_is_not_covered(authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(StartError):
        Shaken(Certificates(authority), authority, "other.example", ["h2"])


@pytest.mark.parametrize(
    ("mode", "named", "host"),
    [
        ("transparent", "sni.example", "sni.example"),
        ("transparent", None, "10.0.0.7"),
        ("reverse:https://real.example", "sni.example", "sni.example"),
        ("reverse:https://real.example", None, "127.0.0.1"),  # whom the client dialled: us
    ],
)
def test_a_client_is_shown_the_host_that_it_dialled(mode: str, named: str | None, host: str) -> None:
    context = a_context(mode)
    context.server.address = ("10.0.0.7", 443)

    assert presented(context, named) == host
