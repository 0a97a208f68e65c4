"""How our listener ended a connection, passed on to the client: mitmproxy would make a FIN of every RST."""

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import cast
from weakref import WeakKeyDictionary

from mitmproxy import connection, http
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy import commands, server_hooks

from chaosproxy.dataplane.http.endings import reset, unsent

FLUSH_TIME = 1.0
"""Seconds that what is on its way to the client may take; a reset throws away the rest."""


@dataclass
class BrokeOff:
    """A pipe to our listener has ended."""

    server: connection.Server
    client: connection.Client


@dataclass
class BrokeOffHook(commands.StartHook):
    """Asks whoever can (`Breaking.broke_off`) to let the client feel how."""

    data: BrokeOff


class Breaking:
    """An addon of mitmproxy's: resets the clients of calls that our listener reset."""

    def __init__(self, proxyserver: Proxyserver) -> None:
        self._proxyserver = proxyserver
        self._readers: WeakKeyDictionary[connection.Server, asyncio.StreamReader] = WeakKeyDictionary()
        """They know how a connection ended, also when mitmproxy has forgotten it."""

    def server_connected(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Called by mitmproxy when our listener has accepted."""
        reader = self._proxyserver.connections[data.client.id].transports[data.server].reader
        if isinstance(reader, asyncio.StreamReader):
            self._readers[data.server] = reader

    async def error(self, flow: http.HTTPFlow) -> None:
        """Called by mitmproxy when a request failed, before it closes the client's connection."""
        if flow.client_conn.alpn != b"h2":  # there, one stream of many has failed, and is reset as such
            await self._pass_on(flow.server_conn, flow.client_conn)

    async def broke_off(self, broken: BrokeOff) -> None:
        """Called by our pipe when it has ended."""
        await self._pass_on(broken.server, broken.client)

    async def _pass_on(self, server: connection.Server, client: connection.Client) -> None:
        reader = self._readers.get(server)
        handler = self._proxyserver.connections.get(client.id)
        if handler is None or reader is None or not isinstance(reader.exception(), ConnectionResetError):
            return
        writer = handler.transports[client].writer if client in handler.transports else None
        if not isinstance(writer, asyncio.StreamWriter) or writer.transport.is_closing():
            return  # WireGuard's and a caught process's connections are no sockets of ours
        transport = cast("asyncio.Transport", writer.transport)
        until = monotonic() + FLUSH_TIME
        while unsent(transport) and monotonic() < until:
            await asyncio.sleep(0.001)
        if not transport.is_closing():
            reset(transport)
