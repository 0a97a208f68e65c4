"""Which addresses connections may go to: never back to ourselves, and never to where a machine keeps its secrets.

A name is judged twice: as it is written, and by the addresses that it stands for. What was judged is what is connected
to: the name is not asked for again in between, since its owner could answer otherwise. Knows no profile and no HTTP.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from socket import inet_aton
from typing import Any, TypeVar, cast

from aiohappyeyeballs import AddrInfoType, start_connection

from chaosproxy.dataplane.http.wire import Malformed

NEXT_ADDRESS_AFTER = 0.25
"""Seconds that an address of a host has before the next one is tried beside it (RFC 8305, 5)."""

METADATA = frozenset(
    {
        "metadata.google.internal",
        "metadata",
        "instance-data",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
    }
)
"""Where clouds tell a machine its credentials: names, and addresses as `ipaddress` writes them."""

_NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address
P = TypeVar("P")
"""A protocol by what it does: one that descends from asyncio's could not be compiled."""


class Reach:
    """Judges hosts, and makes connections to those that may be reached."""

    def __init__(self, own: set[tuple[str, int]], look_up: "LookUp | None" = None) -> None:
        """`own` are the addresses that we listen on ourselves; they may be added later."""
        self._own = own
        self.look_up = look_up or _look_up
        """Who knows the addresses of names: the system, unless somebody knows better."""

    def check(self, host: str, port: int, *, declared: bool) -> None:
        """Refuse a host that must not be reached, as far as its name tells.

        Args:
            host: a name, or an address in any notation.
            port: its port.
            declared: the profile itself names this very host, so its owner wants it.

        Raises:
            Malformed: 403, with why.
        """
        address = address_of(host)
        if address is not None:
            self._check_address(address, port, declared=declared)
            return
        name = host.rstrip(".")
        if (name, port) in self._own or (name == "localhost" and ("127.0.0.1", port) in self._own):
            raise _own_address()
        if name in METADATA and not declared:
            raise _forbidden(host)

    def _check_address(self, address: Address, port: int, *, declared: bool) -> None:
        if self._is_own(address, port):
            raise _own_address()
        if not declared and (str(address) in METADATA or address.is_link_local):
            raise _forbidden(str(address))

    def _is_own(self, address: Address, port: int) -> bool:
        ours = {host for host, own_port in self._own if own_port == port}
        if not ours:
            return False
        if str(address) in ours:
            return True
        everywhere = any(each.is_unspecified for each in map(address_of, ours) if each is not None)
        if address.is_unspecified:  # the kernel takes it for this machine
            return True
        return everywhere and (address.is_loopback or _is_here(address))

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host that `check` has let pass, without those that it must not stand for.

        Raises:
            Malformed: 403, if none is left.
            OSError: if the name cannot be found.
        """
        if address_of(host) is not None:
            return [host]
        # Who names such a host in a profile means it.
        declared = host.rstrip(".") in METADATA
        allowed: list[str] = []
        refusal: Malformed | None = None
        for text in dict.fromkeys(await self.look_up(host, port)):
            try:
                self._check_address(_plain(ip_address(text)), port, declared=declared)
            except Malformed as error:
                refusal = error
            else:
                allowed.append(text)
        if not allowed:
            raise refusal or OSError(f"{host} has no address")
        return allowed

    async def connect(
        self, made: Callable[[], P], host: str, port: int, context: ssl.SSLContext | None = None
    ) -> tuple[asyncio.Transport, P]:
        """A connection to the first address of the host that accepts one; a slow one does not hold up the next.

        Raises:
            Malformed: 403, if the host has only addresses that must not be reached.
            OSError: as the loop does; also for TLS that fails.
        """
        loop = asyncio.get_running_loop()
        name = host if context is not None else None
        protocol = cast("Callable[[], Any]", made)
        first, *others = await self.addresses(host, port)
        if not others:
            return await loop.create_connection(protocol, first, port, ssl=context, server_hostname=name)
        places = [_place(address, port) for address in (first, *others)]
        sock = await start_connection(places, happy_eyeballs_delay=NEXT_ADDRESS_AFTER, interleave=1)
        return await loop.create_connection(protocol, sock=sock, ssl=context, server_hostname=name)


def _place(address: str, port: int) -> AddrInfoType:
    """An address as `getaddrinfo` has it."""
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)


LookUp = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) -> its addresses, those to be tried first in front; raises OSError if there are none."""


async def _look_up(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:  # a part of it is empty, or longer than 63 bytes: nobody was asked
        raise socket.gaierror(socket.EAI_NONAME, "no host can have it") from None
    return [str(each[4][0]) for each in found]


def address_of(host: str) -> Address | None:
    """The address that a resolver takes the host for, however it is written: `2852039166` is one too."""
    try:
        return _plain(ip_address(host))
    except ValueError:
        try:
            return IPv4Address(inet_aton(host.rstrip(".")))
        except (OSError, ValueError):
            return None


def _plain(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one, if there is one: packets to the one arrive at the other."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_here(address: Address) -> bool:
    """Is it an address of this machine? Then the kernel would talk from it to it; no packet is sent to find out."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(address), 9))
        except OSError:
            return False
        return bool(probe.getsockname()[0] == str(address))


def _own_address() -> Malformed:
    return Malformed(403, "own_address", "a request to this address would come back here")


def _forbidden(host: str) -> Malformed:
    return Malformed(403, "forbidden_host", f"{host} is a link-local or metadata address")
