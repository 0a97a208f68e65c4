"""What a caught connection carries, told from its first bytes: a conversation to take apart, or to pass on whole."""

import re
from collections.abc import Callable
from typing import Protocol

import msgspec
from mitmproxy import connection
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy import commands, events, layer, layers, mode_specs
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.layers.http._upstream_proxy import HttpUpstreamProxy
from mitmproxy.proxy.layers.tls import parse_client_hello
from mitmproxy.tls import ClientHello

from chaosproxy.capture.breaking import BrokeOff, BrokeOffHook
from chaosproxy.capture.certificates import presented
from chaosproxy.capture.http_layers import CaughtHttp

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""How HTTP/2 begins (RFC 9113, 3.4)."""

_REQUEST_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40} \S")
_PART_OF_ONE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{0,40} ?")

_TLS_RECORD = b"\x16"
"""The first byte of a greeting (RFC 8446, 5.1)."""

_NAMESERVER = ("10.0.0.53", 53)
"""The one that mitmproxy gives to WireGuard's clients."""


class Rules(Protocol):
    """What our listener knows of hosts."""

    def looks_into(self, host: str, port: int) -> bool:
        """Is TLS to there intercepted?"""

    def spoils_tls(self, host: str, port: int) -> bool:
        """Could a handshake with this host be spoiled? Then the listener has to make it, and it speaks HTTP/1.1."""


class Tally(msgspec.Struct):
    """What became of connections that are not ours."""

    passed: int = 0
    """Passed on untouched."""
    refused: int = 0
    """Closed, because they could be neither taken apart nor passed on."""


class Deciding:
    """An addon of mitmproxy's: finds the next layer of each connection."""

    def __init__(self, covers: Callable[[str], bool]) -> None:
        """`covers`: can a client be shown a certificate for this host?"""
        self._covers = covers
        self.listener = ("127.0.0.1", 0)
        """Where our listener is."""
        self.rules: Rules | None = None
        """What our listener would do."""
        self.tally = Tally()

    def next_layer(self, asked: layer.NextLayer) -> None:
        """Called by mitmproxy with what has come so far; no answer asks it to wait for more."""
        context, data = asked.context, asked.data_client()
        if asked.layer is not None:
            return
        if context.client.transport_protocol == "udp":
            asked.layer = self._datagrams(context)
        elif isinstance(context.layers[-1], modes.HttpProxy):
            asked.layer = self._of_a_proxy(context, data)
        elif isinstance(context.layers[-1], layers.ClientTLSLayer):
            asked.layer = self._inside_tls(context, data)
        elif data[:1] == _TLS_RECORD and len(data) < 3:
            return
        elif starts_like_tls_record(data):
            asked.layer = self._greeted(context, data)
        else:
            asked.layer = self._plain(context, data)

    def _of_a_proxy(self, context: Context, data: bytes) -> layer.Layer | None:
        """CONNECT is mitmproxy's affair, because of what may follow it; all else our listener understands as it is."""
        if b"CONNECT ".startswith(data[:8]) and len(data) < 8:
            return None
        if data.startswith(b"CONNECT "):
            return CaughtHttp(context, HTTPMode.regular)
        context.server.address = self.listener
        return Pipe(context)

    def _greeted(self, context: Context, data: bytes) -> layer.Layer | None:
        try:
            hello = parse_client_hello(data)
        except ValueError:
            return self.pass_on(context)
        if hello is None:
            return None
        return self._with_tls(context, hello)

    def _with_tls(self, context: Context, hello: ClientHello) -> layer.Layer:
        """Only HTTP/2 is taken apart here: with all other TLS our listener knows what to do."""
        host = presented(context, hello.sni)
        if isinstance(context.client.proxy_mode, mode_specs.ReverseMode):
            return layers.ClientTLSLayer(context) if self._covers(host) else self.pass_on(context)
        address = context.server.address
        if self.rules is None or address is None or not self.rules.looks_into(host, address[1]):
            return self.pass_on(context)
        if b"h2" in hello.alpn_protocols and not self.rules.spoils_tls(host, address[1]):
            return layers.ClientTLSLayer(context)
        return self.hand_on(context, (host, address[1]))

    def _inside_tls(self, context: Context, data: bytes) -> layer.Layer | None:
        if context.client.alpn in (b"h2", b"http/1.1"):
            return CaughtHttp(context, HTTPMode.transparent)
        if _REQUEST_LINE.match(data):
            return CaughtHttp(context, HTTPMode.transparent)
        if _PART_OF_ONE.fullmatch(data):
            return None
        self.tally.refused += 1
        return Refusal(context)

    def _plain(self, context: Context, data: bytes) -> layer.Layer | None:
        if PREFACE.startswith(data[: len(PREFACE)]):
            if len(data) < len(PREFACE):
                return None
            context.client.alpn = b"h2"
            return CaughtHttp(context, HTTPMode.transparent)
        if _REQUEST_LINE.match(data) or isinstance(context.client.proxy_mode, mode_specs.ReverseMode):
            return CaughtHttp(context, HTTPMode.transparent)
        if _PART_OF_ONE.fullmatch(data):
            return None
        return self.pass_on(context)

    def pass_on(self, context: Context) -> layer.Layer:
        """To where it was going, untouched."""
        self.tally.passed += 1
        return self.hand_on(context, context.server.address)

    def hand_on(self, context: Context, address: connection.Address | None) -> layer.Layer:
        """Byte for byte, through a tunnel of our listener's, which has a say in who may be reached."""
        if address is None:
            return Refusal(context)
        context.server.address = address
        tunnel = HttpUpstreamProxy(context, connection.Server(address=self.listener), send_connect=True)
        tunnel.child_layer = Pipe(context, tunnel.tunnel_connection)
        return tunnel

    def _datagrams(self, context: Context) -> layer.Layer:
        if isinstance(context.client.proxy_mode, mode_specs.WireGuardMode) and context.server.address == _NAMESERVER:
            return layers.DNSLayer(context)
        if context.server.address is not None and context.server.address[1] == 443:
            self.tally.refused += 1
            return Refusal(context)  # QUIC: the client falls back to TCP, where it can be seen
        return layers.UDPLayer(context, ignore=True)


class Pipe(layers.TCPLayer):
    """Bytes, both ways, and the way in which they ended."""

    def __init__(self, context: Context, tunnel: connection.Server | None = None) -> None:
        """`tunnel`: the connection that they go through, if it is not the server's own."""
        super().__init__(context, ignore=True)
        self._onward = tunnel or context.server

    def relay_messages(self, event: events.Event) -> layer.CommandGenerator[None]:
        """As mitmproxy's, but a connection that was reset ends the other one so too."""
        if isinstance(event, events.ConnectionClosed) and event.connection == self.context.server:
            yield BrokeOffHook(BrokeOff(self._onward, self.context.client))
        yield from super().relay_messages(event)


class Refusal(layer.Layer):
    """Closes the connection."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Start):
            yield commands.CloseConnection(self.context.client)
