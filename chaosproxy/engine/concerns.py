"""Which hosts some rule could concern, asked before there is a call: when all that is known is where an agent wants to.

Errs on the safe side: it may say yes of a host that no call will ever be hit on, but never no of one where a call could
be. Knows no chance and no past.
"""

import re
from collections.abc import Callable

from chaosproxy.engine.matching import glob, host_glob
from chaosproxy.profiles.models import Match, Profile, Tool

MOST_HOSTS = 4096
"""Answers to remember."""

_MAY_BE_INFERRED = re.compile(r"[A-Z-]*|[A-Z-]+ (/.*)?", re.DOTALL)
"""How a pattern begins, up to its first special character, that the name of an undeclared tool may fit: `GET /v1/*`."""

_SPECIAL = re.compile(r"[*?\[]")


class Concerns:
    """Answers for one profile."""

    def __init__(self, profile: Profile) -> None:
        self._aims = [
            (_aim(rule.match, profile.tools), any(fault.strikes_handshake for fault in rule.fault))
            for rule in profile.rules
        ]
        self._known: dict[tuple[str, str, int], tuple[bool, bool]] = {}

    def about(self, upstream: str, host: str, port: int) -> bool:
        """Could some rule concern what goes to this host?

        Args:
            upstream: the upstream's name in the profile, or `host:port`.
            host: in lower case, without brackets.
            port: its port.
        """
        return self._find(upstream, host, port)[0]

    def about_handshakes(self, upstream: str, host: str, port: int) -> bool:
        """Could some rule strike a TLS handshake with this host? As `about`."""
        return self._find(upstream, host, port)[1]

    def _find(self, upstream: str, host: str, port: int) -> tuple[bool, bool]:
        key = (upstream, host, port)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MOST_HOSTS:
                self._known.clear()
            kinds = [handshakes for aim, handshakes in self._aims if aim(upstream, host, port)]
            known = self._known[key] = (bool(kinds), any(kinds))
        return known


Aim = Callable[[str, str, int], bool]


def _aim(match: Match, tools: dict[str, Tool]) -> Aim:
    """Whether what a rule matches could be a call to (upstream, host, port)."""
    of_upstream = glob(match.upstream) if match.upstream is not None else None
    of_host = host_glob(match.host) if match.host is not None else None
    by_tool = _upstreams_of(match.tool, tools) if match.tool is not None else None

    def aims_at(upstream: str, host: str, port: int) -> bool:
        if of_upstream is not None and not of_upstream(upstream):
            return False
        if by_tool is not None and upstream not in by_tool:
            return False
        return of_host is None or bool(of_host(f"[{host}]:{port}" if ":" in host else f"{host}:{port}"))

    return aims_at


def _upstreams_of(pattern: str, tools: dict[str, Tool]) -> frozenset[str] | None:
    """The upstreams of the declared tools that a pattern names; None if it may name undeclared ones too."""
    beginning = _SPECIAL.split(pattern, maxsplit=1)[0]
    exact = beginning == pattern
    if _MAY_BE_INFERRED.fullmatch(beginning) and not (exact and pattern in tools):
        return None
    fits = glob(pattern)
    return frozenset(tool.upstream for name, tool in tools.items() if fits(name))
