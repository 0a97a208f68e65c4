"""mitmproxy in our own loop: started with what it needs and no more, and stopped without a trace."""

import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic
from types import MappingProxyType

from mitmproxy import exceptions, options
from mitmproxy.addons.dns_resolver import DnsResolver
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.addons.strip_dns_https_records import StripDnsHttpsRecords
from mitmproxy.master import Master
from mitmproxy.net.local_ip import get_local_ip
from mitmproxy.proxy import mode_specs
from mitmproxy.proxy.mode_servers import WireGuardServerInstance

from chaosproxy.capture.aim import EVERYWHERE, is_here
from chaosproxy.capture.breaking import Breaking
from chaosproxy.capture.certificates import Certificates
from chaosproxy.capture.deciding import Deciding, Rules, Tally
from chaosproxy.capture.handing import Handing
from chaosproxy.capture.modes import Mode, cannot, placed
from chaosproxy.capture.redirector import Redirector
from chaosproxy.core.errors import UsageError
from chaosproxy.dataplane.tls.authority import Authority

FAITHFUL: Mapping[str, object] = MappingProxyType(
    {
        "connection_strategy": "lazy",  # nothing goes to a server beside our listener
        "upstream_cert": False,
        "websocket": False,  # as bytes, not as frames that are written anew
        "keep_host_header": True,
    }
)
"""mitmproxy's options, so that it changes as little as it can."""

REDIRECTOR_TIME = 1.0
"""Seconds that the process which `local` mode needs is watched for whether it lives."""

LEAVING_TIME = 2.0
"""Seconds that clients' connections have to go in when we stop."""


class Catcher:
    """Catches in all modes, for one listener. mitmproxy's state is the process's: there is one catcher at a time."""

    def __init__(self, modes: Sequence[Mode], catch: tuple[str, int], authority: Authority | None) -> None:
        """`catch`: where modes listen that do not say so themselves. Without an authority all TLS passes untouched."""
        self._modes = {placed(mode, catch): mode for mode in modes}
        self._proxyserver = Proxyserver()
        self._handing = Handing(self._proxyserver)
        self._deciding = Deciding(authority.covers if authority is not None else lambda _: False)
        self._certificates = None if authority is None else Certificates(authority)
        self._redirector = Redirector()
        self._master: Master | None = None
        self._folder = Path()

    @property
    def tally(self) -> Tally:
        """What became of connections that are not ours."""
        return self._deciding.tally

    async def start(self, listener: tuple[str, int], rules: Rules) -> None:
        """Catch, and hand over to the listener at this address, which goes by these rules.

        Raises:
            UsageError: for modes that exclude each other.
            StartError: for a mode that this machine, or our rights on it, do not allow.
        """
        self._handing.listener = self._deciding.listener = listener
        self._handing.is_ours = self._is_ours
        self._deciding.rules = rules
        self._folder = Path(mkdtemp(prefix="capture-"))  # where WireGuard's keys go, unless the mode names a file
        self._master = Master(options.Options(), event_loop=asyncio.get_running_loop())
        addons = [self._proxyserver, DnsResolver(), StripDnsHttpsRecords(), Breaking(self._proxyserver)]
        self._master.addons.add(*addons, self._handing, self._deciding)
        if self._certificates is not None:
            self._master.addons.add(self._certificates)
        try:
            self._configure(self._master)
            await self._open()
            await self._master.running()
        except BaseException:
            await self.stop()
            raise

    def _configure(self, master: Master) -> None:
        try:
            master.options.update(confdir=str(self._folder), http3=False, mode=list(self._modes), **FAITHFUL)
        except exceptions.OptionsError as error:
            raise UsageError(f"--mode: {error}") from None

    async def _open(self) -> None:
        self._redirector.install()
        await self._proxyserver.setup_servers()
        for server in self._proxyserver.servers:
            if server.last_exception is not None:
                raise cannot(
                    self._modes[server.mode.full_spec],
                    str(server.last_exception) or type(server.last_exception).__name__,
                )
        for mode in self._modes.values():
            if isinstance(mode, mode_specs.LocalMode):
                await self._lives(mode)

    async def _lives(self, mode: Mode) -> None:
        """Give `local` mode's process time to fail."""
        until = monotonic() + REDIRECTOR_TIME
        while monotonic() < until and self._redirector.problem is None:
            await asyncio.sleep(0.02)
        if self._redirector.problem is not None:
            raise cannot(mode, self._redirector.problem)
        self._redirector.expected = False

    def addresses(self) -> dict[str, list[tuple[str, int]]]:
        """Where each mode listens, by the mode as it was written; nowhere, for those that need no address."""
        return {
            self._modes[server.mode.full_spec].full_spec: sorted(
                {(str(each[0]), int(each[1])) for each in server.listen_addrs}
            )
            for server in self._proxyserver.servers
        }

    def _is_ours(self, host: str, port: int) -> bool:
        """Do we listen there? Also for a socket that listens on every address of this machine."""
        listening = [each for addresses in self.addresses().values() for each in addresses if each[1] == port]
        return any(host in (each, "localhost") or (each in EVERYWHERE and is_here(host)) for each, _ in listening)

    def wireguard(self) -> str:
        """The configuration of a WireGuard client; empty if there is no such mode."""
        for server in self._proxyserver.servers:
            if isinstance(server, WireGuardServerInstance):
                host, port, *_ = server.listen_addrs[0]
                endpoint = (get_local_ip() or host) if host in EVERYWHERE else host
                # As mitmproxy writes it, the port is the one that was asked for, which may be 0.
                return re.sub(r"(?m)^Endpoint = .*$", f"Endpoint = {endpoint}:{port}", server.client_conf() or "")
        return ""

    async def close(self) -> None:
        """Catch no more; what has been caught goes on."""
        if self._master is None:
            return
        await self._proxyserver.servers.update([])

    async def stop(self) -> None:
        """Let go of all clients, and leave nothing behind."""
        if self._master is None:
            return
        await self.close()
        master, self._master = self._master, None
        until = monotonic() + LEAVING_TIME
        while self._proxyserver.connections and monotonic() < until:
            for handler in tuple(self._proxyserver.connections.values()):
                io = handler.transports.get(handler.client)
                if io is not None and io.handler is not None:
                    io.handler.cancel()
            await asyncio.sleep(0.01)
        await master.done()
        self._redirector.uninstall()
        shutil.rmtree(self._folder, ignore_errors=True)
