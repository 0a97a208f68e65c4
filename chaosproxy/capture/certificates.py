"""What a caught TLS client is shown: a leaf of the same authority that our listener uses, and the choice of HTTP/2."""

import time
from collections.abc import Callable

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from mitmproxy import tls
from mitmproxy.proxy import mode_specs
from mitmproxy.proxy.context import Context
from OpenSSL import SSL

from chaosproxy.dataplane.tls.authority import Authority

KEPT = 1024
"""Hosts whose contexts are kept; then all are made afresh."""

_OFFERED = (b"h2", b"http/1.1")
"""Protocols, the better one first (RFC 7301)."""


class _Kept(msgspec.Struct, frozen=True):
    context: SSL.Context
    expires: float


class Certificates:
    """An addon of mitmproxy's: makes the TLS of clients whose hosts the authority covers."""

    def __init__(self, authority: Authority, wall: Callable[[], float] = time.time) -> None:
        self._authority = authority
        self._wall = wall
        self._kept: dict[str, _Kept] = {}

    def tls_start_client(self, start: tls.TlsData) -> None:
        """Called by mitmproxy when a client has greeted."""
        host = presented(start.context, start.conn.sni)
        start.ssl_conn = SSL.Connection(self._context(host))
        start.ssl_conn.set_accept_state()

    def _context(self, host: str) -> SSL.Context:
        kept = self._kept.get(host)
        if kept is not None and kept.expires > self._wall() + 3600:
            return kept.context
        if len(self._kept) >= KEPT:
            self._kept.clear()
        leaf = self._authority.leaf(host)
        self._kept[host] = _Kept(_server_context(leaf.chain, leaf.key), leaf.expires)
        return self._kept[host].context


def presented(context: Context, server_name: str | None) -> str:
    """The host that a TLS client believes to talk to; empty if it cannot be known."""
    if server_name:
        return server_name
    if isinstance(context.client.proxy_mode, mode_specs.ReverseMode):
        return str(context.client.sockname[0]) if context.client.sockname else ""
    return str(context.server.address[0]) if context.server.address else ""


def _server_context(chain: bytes, key: bytes) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    own, *others = x509.load_pem_x509_certificates(chain)
    context.use_certificate(own)
    for each in others:
        context.add_extra_chain_cert(each)
    private = serialization.load_pem_private_key(key, None)
    assert isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    context.use_privatekey(private)
    context.set_alpn_select_callback(_choose)  # type: ignore[arg-type]  # annotated as if it chose nothing
    return context


def _choose(_connection: SSL.Connection, offered: list[bytes]) -> bytes | object:
    """Of the client's protocols, the best that is caught here; none, and it speaks HTTP/1.1 by itself."""
    return next((each for each in _OFFERED if each in offered), SSL.NO_OVERLAPPING_PROTOCOLS)
