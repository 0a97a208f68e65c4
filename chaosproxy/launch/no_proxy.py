"""NO_PROXY: what stays of a list of hosts that are to be reached directly, when some of them are the profile's.

Machines often have `NO_PROXY=localhost,127.0.0.1`, by which a tool on this machine would never be met through us.
Pure.
"""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network

from chaosproxy.profiles.models import Profile
from chaosproxy.profiles.references import host_of

_ENTRY = re.compile(r"(?P<host>\[[^\]]*\]|[^:]+|[0-9a-fA-F:]+)(:(?P<port>\d+))?")


def concerned(profile: Profile) -> list[str]:
    """What must not be reached directly: hosts with their ports, and patterns of hosts, with a port or without."""
    return [*map(host_of, profile.upstreams.values()), *(profile.safety.hosts or ())]


def entries(value: str) -> list[str]:
    """Of a list as clients read it: separated by commas, or by spaces."""
    return [each for each in re.split(r"[\s,]+", value) if each]


def sort_out(listed: Iterable[str], hosts: Sequence[str]) -> tuple[list[str], list[str]]:
    """The entries that may stay, and those by which one of these hosts would be reached directly."""
    stay: list[str] = []
    go: list[str] = []
    for entry in listed:
        (go if any(_covers(entry, host) for host in hosts) else stay).append(entry)
    return stay, go


def _covers(entry: str, host: str) -> bool:
    """Would a client that reads this entry go directly to a host, or to one that a pattern fits? In doubt yes."""
    if entry == "*":
        return True
    (name, port), (wanted, wanted_port) = _parts(entry), _parts(host)
    if port and wanted_port.isdecimal() and port != wanted_port:
        return False
    name = name.removeprefix("*").removeprefix(".")
    tail = wanted.removeprefix("*.")
    if is_loopback(name) and is_loopback(tail):
        return True
    below = tail == name or tail.endswith(f".{name}") or fnmatchcase(name, wanted)
    return below or _in_network(name, tail)


def _parts(text: str) -> tuple[str, str]:
    """Host, in lower case and without brackets, and port."""
    found = _ENTRY.fullmatch(text)
    host, port = (found["host"], found["port"] or "") if found else (text, "")
    return host.lower().strip("[]"), port


def _in_network(entry: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Is it this machine, by the names, addresses and networks that stand in such lists?"""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_network(host, strict=False).is_loopback
    except ValueError:
        return False
