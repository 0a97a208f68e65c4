"""What `capture` runs beside a proxy: the catcher, what it announces, and its last words."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from chaosproxy.app import Proxy
from chaosproxy.capture.catcher import Catcher
from chaosproxy.capture.modes import check_addresses, how_to, parse_modes
from chaosproxy.dataplane.tls.authority import Authority


class Catching:
    """A `Companion` of the proxy's."""

    def __init__(self, modes: Sequence[str], catch: tuple[str, int], ca: tuple[Path, Authority] | None) -> None:
        """`ca`: an authority, and where its certificate is.

        Raises:
            UsageError: for a mode that does not exist, or two at one address.
        """
        self._modes = parse_modes(modes)
        check_addresses(self._modes, catch)
        self._ca = ca
        self._catcher = Catcher(self._modes, catch, None if ca is None else ca[1])
        # What it has to say about a mode that does not start, we say.
        logging.getLogger("mitmproxy.addons.proxyserver").setLevel(logging.CRITICAL)

    async def start(self, proxy: Proxy) -> None:
        """Catch, and hand over to this proxy."""
        host, _, port = proxy.listen.rpartition(":")
        await self._catcher.start((_reachable(host.strip("[]")), int(port)), proxy)
        for addresses in self._catcher.addresses().values():
            for each in addresses:
                proxy.also_at(*each)

    def announce(self) -> Iterable[str]:
        """A line a mode, and the WireGuard client's configuration, and what clients must trust."""
        found = self._catcher.addresses()
        for mode in self._modes:
            address = _written(*found[mode.full_spec][0]) if found[mode.full_spec] else ""
            yield f"catch    {how_to(mode, address)}"
        yield from (f"         {line}" for line in self._catcher.wireguard().splitlines() if line)
        if self._ca is not None:
            yield f"trust    {self._ca[0]}"

    def addresses(self) -> Mapping[str, object]:
        """`catch`: the first mode's first address; `catches`: those of each mode."""
        found = {mode: [_written(*each) for each in addresses] for mode, addresses in self._catcher.addresses().items()}
        first = next((each[0] for each in found.values() if each), "")
        return {"catch": first, "catches": found}

    async def close(self) -> None:
        """Catch no more."""
        await self._catcher.close()

    async def stop(self) -> None:
        """Let go of all clients."""
        await self._catcher.stop()

    def summarise(self) -> Iterable[str]:
        """What was caught and was not ours."""
        tally = self._catcher.tally
        if tally.passed:
            yield f"passed   {tally.passed} connections untouched"
        if tally.refused:
            yield f"closed   {tally.refused} connections that were neither HTTP nor could be passed on"


def _reachable(host: str) -> str:
    """Where we reach ourselves, if we listen everywhere."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is what is listened on, by request


def _written(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
