"""Where a caught request was going, as a URL for our listener. Knows nothing of mitmproxy."""

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - where someone else may have chosen to listen
"""Every address of this machine."""

_USUAL_PORT = {"http": 80, "https": 443}


class Aim(msgspec.Struct, frozen=True):
    """A scheme, a host and a port."""

    scheme: str
    """`http` or `https`."""
    host: str
    port: int

    @property
    def authority(self) -> str:
        """As a Host header says it."""
        host = self.host if self.host.isascii() else self.host.encode("idna").decode()
        if ":" in host:
            host = f"[{host}]"
        return host if self.port == _USUAL_PORT.get(self.scheme) else f"{host}:{self.port}"

    def named(self, name: str | None) -> "Aim":
        """With an address replaced by the name that the client itself used for it: rules, certificates and Host headers
        are about names. A port in `name` does not count: the connection had one.
        """
        host = host_of(name or "")
        if not host or is_address(host) or not is_address(self.host):
            return self
        return Aim(self.scheme, host, self.port)

    def url(self, target: bytes) -> bytes:
        """The request target in absolute form; `target` is in origin form, or `*` (RFC 9112, 3.2.4)."""
        path = b"" if target == b"*" else target
        return f"{self.scheme}://{self.authority}".encode() + path


def host_of(authority: str) -> str:
    """The host of `host`, `host:port`, `[::1]:port`; empty for what is none."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


def is_address(host: str) -> bool:
    """An IP address, and no name?"""
    try:
        ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


def is_here(host: str) -> bool:
    """An address of this machine's? It is, if a socket can have it."""
    if not is_address(host):
        return False
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


def stand_in(address: str) -> str | None:
    """An address of this machine that stands for a client elsewhere, so that our listener tells clients apart.

    All of 127/8 is this machine's: 10.20.30.40 comes as 127.20.30.40. None for a client on this machine, and for IPv6.
    """
    parts = address.split(".")
    if len(parts) != 4 or parts[0] == "127" or not is_address(address):
        return None
    return ".".join(["127", *parts[1:]])
