"""Whether the parts of a profile fit together: names that refer to each other, hosts, faults that share a call.

Knows the sound part of a profile; says by path what is wrong in it.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from ipaddress import ip_address
from urllib.parse import urlsplit

from chaosproxy.core.failures import Phase
from chaosproxy.core.measures import BY_FAULT, OF_THE_AGENT
from chaosproxy.faults._base import Fault, RememberingFault
from chaosproxy.profiles.mistakes import Finding, Path, listing, nearest
from chaosproxy.profiles.models import Profile, Rule, Upstream
from chaosproxy.profiles.salvage import Sound

_HOST_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")


def unfitting(sound: Sound) -> Iterator[Finding]:
    """What does not fit, by path in the sound part of a profile."""
    profile, upstreams = sound.profile, sound.upstreams
    for name, upstream in profile.upstreams.items():
        yield from _address(name, upstream, profile)
    for name, tool in profile.tools.items():
        if tool.upstream not in upstreams:
            known = (
                f"one of the upstreams ({listing(upstreams, 'and')})" if upstreams else "an upstream; none is declared"
            )
            path = ("tools", name, "upstream")
            yield Finding(path, f"expected {known}, got {{}}", nearest(tool.upstream, upstreams), shown=path)
    yield from _same_tools(sound)
    for nth, rule in enumerate(profile.rules):
        if sound.in_file(("rules", nth)) not in sound.doubtful:
            yield from _crowded(nth, rule)
            yield from _before_any_request(nth, rule)
            yield from _goes_on(nth, rule)
    yield from _phases(sound)
    yield from _tools_named(sound)
    yield from _of_parts(profile)


def _tools_named(sound: Sound) -> Iterator[Finding]:
    """What a tool says of other tools: each must be declared."""
    for name, tool in sound.profile.tools.items():
        for key, named in (("fallback_for", tool.fallback_for), ("checks", tool.checks)):
            for nth, other in enumerate(named):
                path: Path = ("tools", name, key, nth)
                others = [each for each in sound.tools if each != name]
                if other not in others:
                    said = f"expected another of the tools ({listing(others, 'and')}), got {{}}"
                    yield Finding(
                        path,
                        said if others else "expected another tool; none is declared, got {}",
                        nearest(other, others),
                        shown=path,
                    )


def _of_parts(profile: Profile) -> Iterator[Finding]:
    """Expectations of a part of what cannot be measured in parts."""
    for measure, several in profile.expect.items():
        for nth, expectation in enumerate(several):
            path: Path = ("expect", measure, nth)
            if measure in OF_THE_AGENT:
                for key in ("of", "tool", "session"):
                    if getattr(expectation, key):
                        said = "expected nothing here: there is one value for the whole run"
                        yield Finding((*path, key), said)
            elif expectation.of and measure not in BY_FAULT:
                yield Finding((*path, "of"), "expected nothing here: this is not measured by fault")


def _address(name: str, upstream: Upstream, profile: Profile) -> Iterator[Finding]:
    path = ("upstreams", name, "url")
    if problem := wrong_with(upstream.url):
        yield Finding(path, problem, shown=path)
        return
    hosts = profile.safety.hosts
    host = host_of(upstream)
    if hosts is not None and not any(fits_host(host, pattern) for pattern in hosts):
        yield Finding(path, "expected a host that safety.hosts allows, got {}", shown=path)


def wrong_with(url: str) -> str | None:
    """What is wrong with an upstream's URL. Its text is left out (`{}`), or not repeated if it may hold a password."""
    expected = "expected a URL such as http://127.0.0.1:9001 or https://api.example/v1"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"{expected}, got one that is malformed"
    shown = "{}" if "@" not in url else "one with an @ in it"
    reasons = {
        "got one with a user name in it: credentials are the agent's to send": "@" in parts.netloc,
        "got one with spaces, or beyond ASCII": not url.isascii() or not url.isprintable() or " " in url,
        f"got {shown}": parts.scheme not in ("http", "https"),
        f"got {shown}, which names no host": not _is_host(host, parts.netloc) or port == 0,
        "got one with a query or fragment": "?" in url or "#" in url,
    }
    reason = next((each for each, holds in reasons.items() if holds), None)
    return f"{expected}, {reason}" if reason else None


def _is_host(host: str, netloc: str) -> bool:
    if netloc.startswith("["):
        try:
            return ip_address(host).version == 6
        except ValueError:
            return False
    return bool(host) and _HOST_CHARACTERS.issuperset(host)


def host_of(upstream: Upstream) -> str:
    """Host and port, as rules and safety.hosts name them, of an upstream whose URL is not wrong."""
    parts = urlsplit(upstream.url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def fits_host(host: str, pattern: str) -> bool:
    """Whether a pattern, with a port or without, is about this `host:port`."""
    whole, wanted = host.lower(), pattern.lower()
    name = whole.rpartition(":")[0]
    return any(each == wanted or fnmatchcase(each, wanted) for each in (whole, name, name.strip("[]")))


def _same_tools(sound: Sound) -> Iterator[Finding]:
    seen: dict[tuple[str, str | None, str], str] = {}
    certain = {name: tool for name, tool in sound.profile.tools.items() if ("tools", name) not in sound.doubtful}
    for name, tool in certain.items():
        calls = (tool.upstream, tool.method, tool.path)
        if calls in seen:
            yield Finding(("tools", name), f"unreachable: tool `{seen[calls]}` names the same calls", on_key=True)
        seen.setdefault(calls, name)


def same_names(sound: Sound) -> Iterator[Finding]:
    """Rules that are called like an earlier one, by path in the file."""
    seen: set[object] = {None}
    for nth, name in enumerate(sound.rules):
        if name in seen and name is not None:
            path = ("rules", nth, "name")
            yield Finding(path, "expected a name of its own, got {} again", shown=path)
        seen.add(name)


_NOT_KNOWN_YET = ("tool", "method", "path", "query", "header", "body")
"""What a match may ask of a request, and cannot ask of a handshake."""


def _before_any_request(nth: int, rule: Rule) -> Iterator[Finding]:
    """What a rule about TLS handshakes cannot have, because there is no request yet."""
    first = next((fault for fault in rule.fault if fault.strikes_handshake), None)
    if first is None:
        return
    for position, fault in enumerate(rule.fault):
        if not fault.strikes_handshake:
            message = f"cannot share a rule with `{first.type}`: that one strikes before there is a call"
            yield Finding(("rules", nth, "fault", position, "type"), message)
    for field in _NOT_KNOWN_YET:
        if getattr(rule.match, field):
            message = f"`{first.type}` strikes before a request is sent; match by upstream, host or session"
            yield Finding(("rules", nth, "match", field), message, on_key=True)


def _phases(sound: Sound) -> Iterator[Finding]:
    """What is wrong with the phases of the run, if all of them are there to be looked at."""
    if not sound.all_phases:
        return
    names = [name for name in sound.rules if isinstance(name, str)]
    seen: set[str] = set()
    for nth, phase in enumerate(sound.profile.phases):
        if phase.for_ is None and nth < len(sound.profile.phases) - 1:
            yield Finding(("phases", nth), "expected `for`: only the last phase may last for ever")
        if phase.name in seen:
            path: Path = ("phases", nth, "name")
            yield Finding(path, "expected a name of its own, got {} again", shown=path)
        seen.add(phase.name)
        for position, pattern in enumerate(phase.rules):
            if not any(pattern == name or fnmatchcase(name, pattern) for name in names):
                path = ("phases", nth, "rules", position)
                meant = nearest(pattern, names)
                known = f" ({listing(names)})" if names and not meant else ""
                yield Finding(path, f"expected the name of a rule{known}, got {{}}", meant, shown=path)


def _goes_on(nth: int, rule: Rule) -> Iterator[Finding]:
    """A rule that goes on although nothing is left for those after it."""
    ending = next((fault for fault in rule.fault if fault.ends_call), None)
    if rule.continue_ and ending is not None:
        message = f"cannot go on: `{ending.type}` answers or ends the call, so later rules would have nothing to strike"
        yield Finding(("rules", nth, "continue"), message)


def _crowded(nth: int, rule: Rule) -> Iterator[Finding]:
    """Faults of one rule that cannot all happen to one call."""
    ending: Fault | None = None
    for position, fault in enumerate(rule.fault):
        if not fault.ends_call:
            continue
        if ending is not None:
            message = f"cannot share a call with `{ending.type}`: each of them answers or ends it"
            yield Finding(("rules", nth, "fault", position, "type"), message)
        ending = ending or fault
    if ending is None or ending.strikes is not Phase.BEFORE_UPSTREAM:
        return
    if isinstance(ending, RememberingFault) and not ending.always_strikes:
        return
    for position, fault in enumerate(rule.fault):
        if fault.strikes is not Phase.BEFORE_UPSTREAM and not fault.ends_call:
            message = f"unreachable: `{ending.type}` ends the call before the upstream, so nothing happens after it"
            yield Finding(("rules", nth, "fault", position), message)
