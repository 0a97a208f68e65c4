"""The environment of an agent that is to be met without a change to it. Pure: what was set, in; what to set, out.

These names are the launcher's, and an agent may see them; on the wire nothing names us.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import msgspec

from chaosproxy.launch.base_urls import base_urls, variable_part
from chaosproxy.launch.no_proxy import concerned, entries, sort_out
from chaosproxy.profiles.models import Profile

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY")
_MANNERS: Mapping[str, str] = MappingProxyType(
    {
        "NODE_USE_ENV_PROXY": "1",  # Node.js 22.21 and 24 look at proxy variables only if they are told to
        "GIT_HTTP_PROXY_AUTHMETHOD": "basic",  # git names its user (the session) only if it is asked, or told to
    }
)
OWN_URL = "CHAOSPROXY_URL"
"""By this variable and its value the processes of one run are known."""


class Way(msgspec.Struct, frozen=True):
    """How the proxy is reached."""

    listen: str
    """`127.0.0.1:40123`"""
    admin: str
    session: str
    """Of letters, digits, `.`, `_` and `-`, so that it can stand in a URL."""

    @property
    def url(self) -> str:
        """Of the proxy, without a session."""
        return f"http://{self.listen}"

    @property
    def proxy(self) -> str:
        """As proxy variables say it; the session is the user, and the password is there because clients want one."""
        return f"http://{self.session}:x@{self.listen}"

    def gateway(self, upstream: str) -> str:
        """The URL that stands for an upstream's."""
        return f"{self.url}/~{self.session}/{upstream}"


class Environment(msgspec.Struct, frozen=True):
    """What an agent is started with."""

    variables: dict[str, str]
    """All of them."""
    notes: tuple[str, ...]
    """What the user should know of it, a line each."""


def environment(
    before: Mapping[str, str], profile: Profile, way: Way, trusted: Mapping[str, Path] | None = None
) -> Environment:
    """The environment for an agent.

    Args:
        before: what was set for us.
        profile: names the upstreams.
        way: to us.
        trusted: the file of roots for each of `TRUST_VARIABLES`; None if there is nothing to trust.
    """
    notes: list[str] = []
    added = {
        **_proxies(before, way, notes),
        **_direct(before, profile, way, notes),
        **{name: str(path) for name, path in (trusted or {}).items()},
        **_upstreams(before, profile, way, notes),
        OWN_URL: way.url,
        "CHAOSPROXY_SESSION": way.session,
        "CHAOSPROXY_ADMIN_URL": f"http://{way.admin}",
    }
    return Environment({**before, **added}, tuple(notes))


def _proxies(before: Mapping[str, str], way: Way, notes: list[str]) -> dict[str, str]:
    spelt = [each for name in PROXIES for each in (name, name.lower())]
    others = {before[name] for name in spelt if before.get(name)}
    if others:
        hosts = ", ".join(sorted({urlsplit(each).hostname or each for each in others}))
        notes.append(f"HTTP_PROXY and HTTPS_PROXY were set ({hosts}): the tools are reached directly instead")
    return {**dict.fromkeys(spelt, way.proxy), **_MANNERS}


def _direct(before: Mapping[str, str], profile: Profile, way: Way, notes: list[str]) -> dict[str, str]:
    """NO_PROXY, without the profile's hosts; and with the admin port, which is reached through no proxy."""
    listed = before.get("no_proxy") or before.get("NO_PROXY") or ""
    stay, gone = sort_out(entries(listed), concerned(profile))
    if gone:
        notes.append(f"NO_PROXY: taken out {', '.join(gone)}, which would hide hosts of the profile from the proxy")
    return dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join([*stay, way.admin]))


def _upstreams(before: Mapping[str, str], profile: Profile, way: Way, notes: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in profile.upstreams:
        variable = f"CHAOSPROXY_UPSTREAM_{variable_part(name)}"
        if variable in found:
            notes.append(f"{variable} is the URL of another upstream than {name}: their names are too alike")
        found.setdefault(variable, way.gateway(name))
    for each in base_urls(profile, before):
        if each.upstream is None:
            notes.append(f"{each.variable} stays as it is: {each.left}")
        else:
            found[each.variable] = way.gateway(each.upstream) + each.path
    return found
