"""Which calls a rule is about: the `match` of a profile, compiled.

It has two halves. A `Target` asks what a route alone can answer, so its answer is remembered for each route. A
`Condition` asks about the one call: its session, its headers, its body. Nothing here counts or knows of chance.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from urllib.parse import parse_qs

from chaosproxy.core.call import Call, Route
from chaosproxy.profiles.models import Match

Glob = Callable[[str], object]
"""Says by its truth value whether a text fits."""

Heard = Mapping[bytes, Sequence[str]]
"""Header values by lower-case name: those that some rule asks for."""

HANDSHAKE = "tls"
"""The transport of calls that are no more than the opening of a tunnel."""

_MISSING = object()
_PARAMETER = re.compile(r"\{[^{}/]*\}")


def glob(pattern: str) -> Glob:
    """A test for texts: `*` is any run of characters, `?` any one, `[ab]` one of these. Case counts.

    A text that equals the pattern to the letter always fits, so `[::1]:80` finds what it names.
    """
    if not any(special in pattern for special in "*?["):
        return pattern.__eq__
    fits = re.compile(translate(pattern)).match
    return (lambda text: text == pattern or fits(text)) if "[" in pattern else fits


def host_glob(pattern: str) -> Glob:
    """A test for `host:port`: a pattern without a port is about every port of the host. Case does not count."""
    fits = glob(pattern.lower())

    def fits_host(host: str) -> bool:
        whole = host.lower()
        name, _, port = whole.rpartition(":")
        return bool(fits(whole) or (port.isdecimal() and fits(name)))

    return fits_host


def path_template(template: str) -> Glob:
    """A test for paths: `{name}` is one segment, or a part of one; a `*` at the end takes the rest, also none."""
    open_ended = template.endswith("*")
    literals = _PARAMETER.split(template.removesuffix("*") if open_ended else template)
    pattern = "[^/]+".join(re.escape(literal) for literal in literals)
    return re.compile(pattern + (".*" if open_ended else ""), re.DOTALL).fullmatch


@dataclass(frozen=True, eq=False)
class Target:
    """The half of a match that a route answers. None: anything will do."""

    upstream: Glob | None
    tool: Glob | None
    method: str | None
    host: Glob | None
    path: Glob | None
    query: tuple[tuple[str, Glob], ...]
    handshake: bool = False
    """Is it about TLS handshakes, and about nothing else?"""

    @classmethod
    def of(cls, match: Match, *, handshake: bool = False) -> "Target":
        """The target that a profile's `match` describes."""
        return cls(
            upstream=glob(match.upstream) if match.upstream is not None else None,
            tool=glob(match.tool) if match.tool is not None else None,
            method=match.method.upper() if match.method is not None else None,
            host=host_glob(match.host) if match.host is not None else None,
            path=path_template(match.path) if match.path is not None else None,
            query=tuple((name, glob(value)) for name, value in match.query.items()),
            handshake=handshake,
        )

    @property
    def particular(self) -> bool:
        """Does it ask for more than `aims_at` answers?"""
        return self.path is not None or bool(self.query)

    def aims_at(self, route: Route) -> bool:
        """Do transport, upstream, tool, method and host fit? A program calls few different ones of these."""
        return bool(
            self.handshake is (route.transport == HANDSHAKE)
            and (self.upstream is None or self.upstream(route.upstream))
            and (self.tool is None or self.tool(route.tool))
            and (self.method is None or self.method == route.method.upper())
            and (self.host is None or self.host(route.host))
        )

    def covers(self, route: Route) -> bool:
        """Do path and query fit? Of a parameter that is given more than once, one value must fit."""
        if self.path is not None and not self.path(route.path):
            return False
        if not self.query:
            return True
        given = parse_qs(route.query, keep_blank_values=True)
        return all(any(map(fits, given.get(name, ()))) for name, fits in self.query)


class Listener:
    """Picks out of a call's headers those that some rule asks for."""

    __slots__ = ("_lengths", "_names")

    def __init__(self, names: frozenset[bytes]) -> None:
        self._names = names
        self._lengths = frozenset(map(len, names))

    def hear(self, headers: Sequence[tuple[bytes, bytes]]) -> Heard:
        """The values of the headers that are asked for, as ISO 8859-1: in that encoding no value is invalid."""
        heard: dict[bytes, list[str]] = {}
        for name, value in headers:
            # Most names are told apart by their length, at half the price of lowering their case.
            if len(name) in self._lengths and (lower := name.lower()) in self._names:
                heard.setdefault(lower, []).append(value.decode("latin-1"))
        return heard


Condition = Callable[[Call, Heard], bool]
"""Says whether a call is one of those that a rule is about, given its headers."""


def wanted_headers(match: Match) -> frozenset[bytes]:
    """The headers that the conditions of a profile's `match` ask for, in lower case."""
    return frozenset(name.lower().encode("latin-1") for name in match.header)


def condition(match: Match) -> Condition | None:
    """The half of a profile's `match` that only the call itself answers; None if it asks nothing of the call."""
    conditions = [
        *([_of_session(glob(match.session))] if match.session is not None else []),
        *(_of_header(name.lower().encode("latin-1"), glob(value)) for name, value in match.header.items()),
        *(_of_field(tuple(path.split(".")), _value_test(value)) for path, value in match.body.items()),
    ]
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return lambda call, heard: all(holds(call, heard) for holds in conditions)


def _of_session(fits: Glob) -> Condition:
    return lambda call, _: bool(fits(call.session))


def _of_header(name: bytes, fits: Glob) -> Condition:
    """Of a header that is given more than once, one value must fit."""

    def holds(_: Call, heard: Heard) -> bool:
        for value in heard.get(name, ()):  # noqa: SIM110 - `any` takes twice as long for the usual one value
            if fits(value):
                return True
        return False

    return holds


def _of_field(path: tuple[str, ...], is_wanted: Callable[[object], object]) -> Condition:
    return lambda call, _: bool(is_wanted(_field(call.body, path)))


def _value_test(wanted: str | float | bool | None) -> Callable[[object], object]:
    """A test for a JSON value, by JSON's types: 1 is not true and "1" is not 1, but 1.0 is; missing is not null."""
    if isinstance(wanted, str):
        fits = glob(wanted)
        return lambda value: isinstance(value, str) and fits(value)
    if wanted is None or isinstance(wanted, bool):
        return lambda value: value is wanted
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value == wanted


def _field(body: object, path: tuple[str, ...]) -> object:
    """What is at this path of a JSON value: keys of objects, and places in lists counted from 0."""
    found = body
    for step in path:
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return _MISSING
    return found
