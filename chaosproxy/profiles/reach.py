"""Rules that can never fire: they match nothing that is declared, or an earlier rule takes every call of theirs. And
expectations of tools that there are not.

Says so only where it is certain. Knows the sound part of a profile.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import partial

from chaosproxy.faults._base import Fault, RememberingFault
from chaosproxy.profiles.fields import METHODS, parse_span
from chaosproxy.profiles.mistakes import Finding, Path, nearest
from chaosproxy.profiles.models import Match, Profile, Rule, Tool, When
from chaosproxy.profiles.references import fits_host, host_of, wrong_with
from chaosproxy.profiles.salvage import Sound
from chaosproxy.profiles.when import rules_of

_SURE = (When(), When(probability=1.0))
_WIDE = None


def unreachable(sound: Sound) -> Iterator[Finding]:
    """The rules that cannot fire, by path in the sound part of a profile."""
    profile = sound.profile
    in_phases = frozenset[str]().union(*rules_of(profile.phases, [rule.name for rule in profile.rules]))
    takers: defaultdict[str | None, list[tuple[int, Rule]]] = defaultdict(list)
    for nth, rule in enumerate(profile.rules):
        missed = list(_missed(rule.match, sound))
        yield from (finding.moved(partial(_in_match, nth)) for finding in missed)
        told = _told(rule.match, profile.tools)
        candidates = [*takers[_WIDE], *takers[told.tool]] if told.tool else takers[_WIDE]
        taker = next((at for at, each in candidates if covers(each.match, told) and _takes_as_many(each, rule)), None)
        if taker is not None and not missed:
            shown = ("rules", taker, "name")
            yield Finding(("rules", nth), "unreachable: rule {} always fires first", shown=shown)
        certain = sound.all_phases and sound.in_file(("rules", nth)) not in sound.doubtful
        if certain and _always_fires(rule) and rule.name not in in_phases:
            takers[_only_tool(rule.match)].append((nth, rule))


def without_tools(sound: Sound) -> Iterator[Finding]:
    """Expectations of tools that fit none of those declared, by path in the sound part of a profile."""
    for path, pattern in _tools_expected_of(sound.profile):
        if sound.tools and not _names_a_route(pattern):
            yield from (each._replace(path=path, shown=path) for each in _fits_none("tool", pattern, sound.tools))


def hardly_tools(profile: Profile) -> Iterator[Finding]:
    """Expectations of tools by names that tools hardly have where none is declared, by path in a whole profile."""
    for path, pattern in _tools_expected_of(profile):
        if not profile.tools and pattern.strip("*") and not _names_a_route(pattern):
            said = (
                "no tool is declared, so tools go by method and path, such as `GET /v1/items/{id}`; {} fits hardly any"
            )
            yield Finding(path, said, shown=path)


def _tools_expected_of(profile: Profile) -> Iterator[tuple[Path, str]]:
    for measure, several in profile.expect.items():
        for nth, expectation in enumerate(several):
            if expectation.tool is not None:
                yield ("expect", measure, nth, "tool"), expectation.tool


def _in_match(nth: int, path: Path) -> Path:
    return ("rules", nth, "match", *path)


def _handshakes(rule: Rule) -> bool:
    """Is it about handshakes? Rules about those and rules about calls take nothing from each other."""
    return any(fault.strikes_handshake for fault in rule.fault)


def _takes_as_many(taker: Rule, rule: Rule) -> bool:
    """Whether each call that the one rule may hit is one that the other hits too, if it matches it."""
    if _handshakes(taker) is not _handshakes(rule):
        return False
    taken, wanted = (list(map(parse_span, each.when.calls or ())) for each in (taker, rule))
    within = all(any(low <= first and last <= high for low, high in taken) for first, last in wanted)
    return not taken or (bool(wanted) and within)


def _only_tool(match: Match) -> str | None:
    """The one tool that a match is about; `_WIDE` if it may be about several."""
    return match.tool if match.tool and not any(sign in match.tool for sign in "*?[") else _WIDE


def _missed(match: Match, sound: Sound) -> Iterator[Finding]:
    """The patterns that fit nothing declared."""
    profile, upstreams, tools = sound.profile, sound.upstreams, sound.tools
    if match.upstream is not None and upstreams and not _names_a_host(match.upstream, profile):
        yield from _fits_none("upstream", match.upstream, upstreams)
    if match.tool is not None and tools and not _names_a_route(match.tool):
        if not any(fits(tool, match.tool) for tool in tools):
            yield from _fits_none("tool", match.tool, tools)
        elif not any(_can_be(name, match, profile) for name in tools if fits(name, match.tool)):
            yield Finding(("tool",), "unreachable: {} and the rest of this match never hold together", shown=("tool",))
    if match.host is not None:
        yield from _fits_no_host(match.host, sound)


def _fits_no_host(pattern: str, sound: Sound) -> Iterator[Finding]:
    upstreams = sound.profile.upstreams.values()
    hosts = [host_of(upstream) for upstream in upstreams if not wrong_with(upstream.url)]
    all_known = sound.profile.safety.hosts is None and len(hosts) == len(sound.upstreams)
    if hosts and all_known and not any(fits_host(host, pattern) for host in hosts):
        yield Finding(("host",), "unreachable: no upstream is at {}", shown=("host",))


def _fits_none(what: str, pattern: str, names: tuple[str, ...]) -> Iterator[Finding]:
    if not any(fits(name, pattern) for name in names):
        said = f"unreachable: no {what} fits {{}}; declared: {', '.join(names)}"
        yield Finding((what,), said, nearest(pattern, names), shown=(what,))


def _names_a_host(pattern: str, profile: Profile) -> bool:
    """In forward mode a host that is no upstream goes by its `host:port`; it is touched if safety.hosts says so."""
    return profile.safety.hosts is not None and any(sign in pattern for sign in ".:")


def _names_a_route(pattern: str) -> bool:
    """A call of no declared tool goes by its method and path, such as `GET /v1/items/{id}`."""
    return any(sign in pattern for sign in " /") or pattern.startswith(METHODS)


def _can_be(name: str, match: Match, profile: Profile) -> bool:
    """Whether a declared tool agrees with the rest of a match."""
    tool = profile.tools.get(name)
    if tool is None:
        return True
    upstream_fits = match.upstream is None or fits(tool.upstream, match.upstream)
    return upstream_fits and (match.method is None or tool.method in (None, match.method))


def fits(name: str, pattern: str) -> bool:
    """Whether a name fits a pattern with globs."""
    return name == pattern or fnmatchcase(name, pattern)


def _always_fires(rule: Rule) -> bool:
    """Whether it hits each call that it matches and that its `calls` name, and no later rule is asked."""
    besides_counts = {"key": None, "after": rule.when.after or None, "calls": None}
    certain = rule.when.model_copy(update=besides_counts) in _SURE
    return certain and not rule.continue_ and not any(map(_may_pass, rule.fault))


def _may_pass(fault: Fault) -> bool:
    """Whether it may let a call pass on which its rule fires, by what it remembers."""
    return isinstance(fault, RememberingFault) and not fault.always_strikes


def _told(match: Match, tools: Mapping[str, Tool]) -> Match:
    """A match with what its tool tells about its calls."""
    tool = tools.get(match.tool or "")
    if tool is None:
        return match
    told = {"upstream": match.upstream or tool.upstream, "method": match.method or tool.method}
    return match.model_copy(update=told)


def covers(wide: Match, narrow: Match) -> bool:
    """Whether each call that `narrow` matches is matched by `wide` too; False if there is no telling."""
    return (
        _covers_text(wide.tool, narrow.tool)
        and _covers_text(wide.upstream, narrow.upstream)
        and _covers_text(wide.host, narrow.host)
        and _covers_text(wide.session, narrow.session)
        and wide.method in (None, narrow.method)
        and _covers_path(wide.path, narrow.path)
        and _covers_values(wide.query, narrow.query)
        and _covers_values(_lowered(wide.header), _lowered(narrow.header))
        and all(name in narrow.body and _same(value, narrow.body[name]) for name, value in wide.body.items())
    )


def _lowered(header: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in header.items()}


def _same(one: object, other: object) -> bool:
    """To JSON, 1 is not true."""
    return type(one) is type(other) and one == other


def _covers_values(wide: Mapping[str, str], narrow: Mapping[str, str]) -> bool:
    return all(name in narrow and _covers_text(value, narrow[name]) for name, value in wide.items())


def _covers_text(wide: str | None, narrow: str | None) -> bool:
    """A `*` takes in whatever a pattern in its place could stand for; of `?` and `[…]` that cannot be said."""
    if wide in (None, "*", narrow):
        return True
    if wide is None or narrow is None:
        return False
    return not any(sign in wide for sign in "?[") and fnmatchcase(narrow, wide)


def _covers_path(wide: str | None, narrow: str | None) -> bool:
    if wide is None or wide == narrow:
        return True
    return narrow is not None and wide.endswith("*") and narrow.startswith(wide.removesuffix("*"))
