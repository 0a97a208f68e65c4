"""Hosts as certificates name them, and the constraints that keep an authority to some of them (RFC 5280, 4.2.1.10).

A constraint `api.example.com` permits that name and all below it: the standard knows no other. Whoever owns the name
owns those too. It is not so for a name of one label, such as that of a container: taken for a top-level domain, it
would be a key to everybody's sites. So what is below it is excluded, unless the name is reserved for private use.

Knows no keys.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from cryptography import x509

from chaosproxy.core.errors import StartError
from chaosproxy.profiles.models import Profile
from chaosproxy.profiles.references import host_of

Address = IPv4Address | IPv6Address

PRIVATE = frozenset({"internal", "local", "localhost", "test", "example", "invalid"})
"""Top-level names that nobody can own: RFC 2606, 6761, 6762, and ICANN's board in 2024."""

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*):(?P<port>[0-9*]*)")
_ALL_NAMES = x509.DNSName("")
_ALL_ADDRESSES = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


def hosts_of_profile(profile: Profile) -> list[str]:
    """The hosts that agents may speak TLS to: those of the https upstreams, and the patterns of `safety.hosts`."""
    upstreams = [host_of(each) for each in profile.upstreams.values() if each.url.lower().startswith("https:")]
    return list(dict.fromkeys([*upstreams, *(profile.safety.hosts or ())]))


def parse_host(text: str) -> str | Address | None:
    """The host that `text` names, with a port or without: a DNS name in lower-case ASCII, or an address.

    The first label of a name may be `*`. None for what is no host.
    """
    bare = text if _parse_address(text) else _without_port(text)
    address = _parse_address(bare.removeprefix("[").removesuffix("]"))
    if address is not None:
        return address
    name = _ascii(bare.removesuffix("."))
    return name if _is_name(name.removeprefix("*.")) else None


def _without_port(text: str) -> str:
    found = _PORT.fullmatch(text)
    return found["host"] if found else text


def _parse_address(text: str) -> Address | None:
    try:
        return ip_address(text) if "%" not in text else None
    except ValueError:
        return None


def _ascii(name: str) -> str:
    """As it stands in certificates: IDNs as `xn--…`; empty if that cannot be said."""
    if name.isascii():
        return name.lower()
    try:
        return name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""


def _is_name(name: str) -> bool:
    """A name whose last label is a number is an address that is written wrongly."""
    labels = name.split(".")
    return len(name) <= 253 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()


def general_name(host: str | Address) -> x509.GeneralName:
    """As it stands in a certificate's list of names."""
    return x509.DNSName(host) if isinstance(host, str) else x509.IPAddress(host)


# Constraints


def constraints_for(patterns: Iterable[str]) -> x509.NameConstraints:
    """The constraints that permit these hosts (`api.example.com`, `*.staging.example`, addresses) and no other.

    Raises:
        StartError: for a pattern that a certificate cannot say.
    """
    permitted = list(dict.fromkeys(_permitted(pattern) for pattern in patterns))
    if not permitted:
        raise StartError("an authority needs a host to speak for, such as api.example.com")
    names = [each for each in permitted if isinstance(each, str)]
    networks = [ip_network(each) for each in permitted if not isinstance(each, str)]
    excluded: list[x509.GeneralName] = [x509.DNSName(f".{name}") for name in names if _excludes_below(name, names)]
    # A kind of name of which nothing is permitted would be free to all (RFC 5280, 4.2.1.10).
    excluded += [] if names else [_ALL_NAMES]
    excluded += [x509.IPAddress(of) for of in _ALL_ADDRESSES if of.version not in {each.version for each in networks}]
    return x509.NameConstraints([*map(x509.DNSName, names), *map(x509.IPAddress, networks)], excluded or None)


def _permitted(pattern: str) -> str | Address:
    host = parse_host(pattern)
    if isinstance(host, str) and host.startswith("*."):
        name = host.removeprefix("*.")
        if "." in name or name in PRIVATE:
            return name
        raise StartError(
            f"{pattern}: an authority for all of .{name} would be a key to other people's sites; "
            f"name a domain, such as *.staging.{name}, or each host"
        )
    if host is not None:
        return host
    if set(_without_port(pattern)) <= set("*."):
        raise StartError(
            f"{pattern}: an authority for every host is not made, for its key would be a key to everything; "
            "name the hosts, or a domain as *.staging.example"
        )
    if any(sign in pattern for sign in "*?["):
        raise StartError(
            f"{pattern}: a certificate cannot say this pattern; name each host, or a whole domain as *.staging.example"
        )
    raise StartError(f"{pattern}: this is no host: expected a name such as api.example.com, or an address")


def _excludes_below(name: str, names: Sequence[str]) -> bool:
    if "." in name or name in PRIVATE:
        return False
    below = next((other for other in names if other.endswith(f".{name}")), None)
    if below is not None:
        raise StartError(
            f"{name} and {below}: a certificate that permits both permits all of .{name}; leave one of them out"
        )
    return True


# What constraints allow


class Allowed:
    """What the constraints of a certificate let it speak for."""

    def __init__(self, constraints: x509.NameConstraints) -> None:
        self._permitted = constraints.permitted_subtrees or []
        self._excluded = constraints.excluded_subtrees or []

    def covers(self, host: str | Address) -> bool:
        """Whether a certificate for this host would stand."""
        if any(_within(host, each) for each in self._excluded):
            return False
        kind = x509.DNSName if isinstance(host, str) else x509.IPAddress
        of_its_kind = [each for each in self._permitted if isinstance(each, kind)]
        return not of_its_kind or any(_within(host, each) for each in of_its_kind)

    def hosts(self) -> Iterator[str]:
        """What is permitted, as people write it."""
        for each in self._permitted:
            if isinstance(each, x509.DNSName):
                yield each.value
            elif isinstance(each, x509.IPAddress):
                network = each.value
                one = isinstance(network, IPv4Network | IPv6Network) and network.num_addresses == 1
                yield str(network).partition("/")[0] if one else str(network)


def _within(host: str | Address, base: x509.GeneralName) -> bool:
    if isinstance(host, str):
        if not isinstance(base, x509.DNSName):
            return False
        suffix = base.value.lower()
        return suffix in (host, "") or host.endswith(suffix if suffix.startswith(".") else f".{suffix}")
    if not isinstance(base, x509.IPAddress) or not isinstance(base.value, IPv4Network | IPv6Network):
        return False
    return host.version == base.value.version and host in base.value
