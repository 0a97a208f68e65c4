"""Hands each caught request to our listener, as the client of a forward proxy would: absolute form, over HTTP/1.1."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Callable

from mitmproxy import connection, http
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy import mode_specs, server_hooks

from chaosproxy.capture.aim import Aim, host_of, stand_in

AT_ONCE = 10_000
"""Connections to our listener that one client may have open; mitmproxy would let the sixth wait."""

IDLE_TIME = 24 * 3600
"""Seconds without a byte after which mitmproxy gives a client up; a call may hang for longer than its ten minutes."""

_OWN_FRAMING = "chunked_by_us"


class Handing:
    """An addon of mitmproxy's. Keeps nothing of a call."""

    def __init__(self, proxyserver: Proxyserver) -> None:
        self._proxyserver = proxyserver
        self._users: dict[str, str] = {}
        """Proxy-Authorization of the CONNECT that a client's requests came through, by client."""
        self.listener = ("127.0.0.1", 0)
        """Where our listener is."""
        self.is_ours: Callable[[str, int], bool] = lambda _host, _port: False
        """Is that where traffic is caught?"""

    # Clients

    def client_connected(self, client: connection.Client) -> None:
        """Called by mitmproxy."""
        handler = self._proxyserver.connections[client.id]
        handler.max_conns = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
        handler.timeout_watchdog.timeout = IDLE_TIME

    def client_disconnected(self, client: connection.Client) -> None:
        """Called by mitmproxy."""
        self._users.pop(client.id, None)

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Called by mitmproxy before it connects to our listener: from an address that tells clients apart."""
        address = stand_in(data.client.peername[0]) if sys.platform == "linux" else None
        if address is not None and data.server.address == self.listener and self.listener[0].startswith("127."):
            data.server.sockname = (address, 0)

    # Who is asking

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """Called by mitmproxy when a client asks for a tunnel."""
        user = flow.request.headers.get("proxy-authorization")
        if user is not None:
            self._users[flow.client_conn.id] = user

    def http_connect_upstream(self, flow: http.HTTPFlow) -> None:
        """Called by mitmproxy when it asks our listener for a tunnel."""
        user = self._users.get(flow.client_conn.id)
        if user is not None:
            flow.request.headers["Proxy-Authorization"] = user

    # Requests and responses

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Called by mitmproxy when a request's head is there."""
        request = flow.request
        aim = aim_of(flow)
        if self.is_ours(aim.host, aim.port):
            flow.kill()  # it would come back here, for ever
            return
        user = self._users.get(flow.client_conn.id)
        if user is not None and "proxy-authorization" not in request.headers:
            request.headers["Proxy-Authorization"] = user
        if "host" not in request.headers:  # HTTP/2 has :authority instead
            request.headers.insert(0, "Host", aim.authority)
        framed = "content-length" in request.headers or "transfer-encoding" in request.headers
        if request.is_http2 and not framed:
            # Whether there is a body is not known yet: if there is, HTTP/1 has to be told where it ends.
            request.headers["Transfer-Encoding"] = "chunked"
            flow.metadata[_OWN_FRAMING] = True
        # Not by `request.host = ...`, which would change the Host header along.
        request.data.path = aim.url(request.data.path)
        request.data.authority = b""
        request.data.scheme = b"http"
        request.data.host, request.data.port = self.listener
        request.stream = True

    def request(self, flow: http.HTTPFlow) -> None:
        """Called by mitmproxy at the end of a request. One that is only a head has not been sent on yet."""
        if flow.metadata.pop(_OWN_FRAMING, False) and flow.request.raw_content is not None:
            del flow.request.headers["Transfer-Encoding"]

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Called by mitmproxy when a response's head is there."""
        if flow.response is not None:
            flow.response.stream = True


def aim_of(flow: http.HTTPFlow) -> Aim:
    """Where a request was going, by the name that the client used for it if it did."""
    client, request = flow.client_conn, flow.request
    mode = client.proxy_mode
    if isinstance(mode, mode_specs.ReverseMode):
        return Aim(mode.scheme, *mode.address[:2])
    aim = Aim("https" if client.tls else request.scheme, request.host, request.port)
    return aim.named(client.sni if client.tls else host_of(request.host_header or request.authority))
