"""Where a request goes: its target, read as gateway path or forward URL, against the profile's upstreams and tools.

Answers are remembered, because agents call the same few targets over and over. Knows no loop and opens no socket.
"""

import re
from ipaddress import IPv6Address
from urllib.parse import urlsplit

import msgspec

from chaosproxy.core.call import Route, ToolEffect
from chaosproxy.dataplane.http.requests.reach import Reach
from chaosproxy.dataplane.http.wire import Malformed
from chaosproxy.engine.matching import Glob, host_glob, path_template
from chaosproxy.profiles.models import Profile, Tool, Upstream

REMEMBERED = 8192
"""Distinct targets whose routing is kept, and distinct hosts; then the memory starts afresh."""

REMEMBERED_LENGTH = 2048
"""Bytes of what is worth remembering: thousands of longer ones would be hundreds of megabytes."""

_DEFAULT_PORT = {"http": 80, "https": 443}

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
"""What may stand before `://` in a target. Some clients name what they wish to upgrade to; the request is HTTP all the
same (RFC 6455, 3)."""

_AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.-]{1,254})):([1-9][0-9]{0,4})")
"""What CONNECT asks for (RFC 9112, 3.2.3): no user, no empty port, and no name that would need decoding first."""

_ID = re.compile(
    r"\d+"  # 42
    r"|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"  # a UUID
    r"|(?=[^/]*\d)[0-9a-fA-F]{8,}"  # a hash
    r"|(?=[^/]*\d)[A-Za-z]{2,8}_[A-Za-z0-9]{6,}"  # cus_9s6XKzkNRiz8i3
    r"|(?=[^/]*\d)(?=[^/]*[A-Za-z])[A-Za-z0-9_-]{20,}"  # opaque
)
"""Path segments that name one thing of many, and so belong to no tool's name."""


class Origin(msgspec.Struct, frozen=True, eq=False):
    """Where connections go. One for each scheme, host and port: known by what it is, not by what it holds."""

    scheme: str
    host: str
    port: int
    settings: Upstream

    @property
    def authority(self) -> str:
        """Host and, unless it is the scheme's own, port: as a Host header says it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORT[self.scheme] else f"{host}:{self.port}"


class Destination(msgspec.Struct, frozen=True):
    """All that the target and method of a request say."""

    route: Route
    origin: Origin
    target: bytes
    """Origin form, as the upstream gets it."""
    host: bytes
    """Host header's value, as the upstream gets it."""
    session: str | None
    """The session that the target itself names: `/~run42/...`."""
    template: str
    """Of the path: the declared tool's, or inferred."""
    tool: Tool | None
    """The declared tool, if it is one."""
    keeps_host: bool = False
    """Does the upstream get the agent's own Host header, not `host`?"""


class Inside(msgspec.Struct, frozen=True, cache_hash=True):
    """The tunnel that a request came through."""

    scheme: str
    """`https` if we ended the agent's TLS, else `http`."""
    host: str
    port: int
    proxy_user: bytes | None
    """What the CONNECT said in Proxy-Authorization; it counts for all that comes through."""


class TunnelEnd(msgspec.Struct, frozen=True):
    """What a CONNECT asks for."""

    host: str
    """In lower case, without brackets."""
    port: int
    upstream: str
    """The upstream's name in the profile, or `host:port`."""
    touchable: bool
    """May any fault touch what goes there?"""
    settings: Upstream
    """The named upstream's, or the defaults."""

    @property
    def authority(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def origin(self) -> Origin:
        """The same as a place that connections go to."""
        return Origin("https", self.host, self.port, self.settings)


class _ToolPattern(msgspec.Struct, frozen=True):
    name: str
    tool: Tool
    path: Glob


def infer_template(path: str) -> str:
    """A path with what looks like an id replaced by `{id}`."""
    return "/".join("{id}" if _ID.fullmatch(segment) else segment for segment in path.split("/"))


def effect_of_method(method: str) -> ToolEffect:
    """What a method does, unless its tool says otherwise (RFC 9110, 9.2)."""
    if method in ("GET", "HEAD", "OPTIONS", "TRACE"):
        return ToolEffect.READ
    return ToolEffect.IDEMPOTENT if method in ("PUT", "DELETE") else ToolEffect.WRITE


def _origin_of(url: str, settings: Upstream) -> tuple[Origin, str]:
    parts = urlsplit(url)
    port = parts.port or _DEFAULT_PORT[parts.scheme]
    return Origin(parts.scheme, parts.hostname or "", port, settings), parts.path.rstrip("/")


_NO_SETTINGS = Upstream(url="")


class Router:
    """Finds the destination of each request."""

    def __init__(self, profile: Profile, own_addresses: set[tuple[str, int]], *, open_to_others: bool = False) -> None:
        self._upstreams = {name: _origin_of(item.url, item) for name, item in profile.upstreams.items()}
        self._names = {(origin.host, origin.port): name for name, (origin, _) in self._upstreams.items()}
        self._tools = [
            _ToolPattern(name, tool, path_template(tool.path.partition("?")[0])) for name, tool in profile.tools.items()
        ]
        self._patterns = profile.safety.hosts
        self._hosts = None if self._patterns is None else [host_glob(pattern) for pattern in self._patterns]
        self.reach = Reach(own_addresses)
        """Which addresses connections may go to."""
        self.here: set[tuple[str, int]] = set()
        """Where agents connect. A URL of there is a gateway path: clients with a proxy ask for all URLs in absolute
        form, also for the proxy's own (RFC 9112, 3.2.2)."""
        self._declared = {(each.scheme, each.host, each.port): each for each, _ in self._upstreams.values()}
        self._origins = dict(self._declared)
        self._open_to_others = open_to_others
        self._remembered: dict[tuple[bytes, bytes, Inside | None], Destination] = {}
        self.known = self._remembered.get
        """The destination of (method, target, tunnel), if it has been found before."""

    def find(self, method: bytes, target: bytes, inside: Inside | None = None) -> Destination:
        """Where a request goes; one that came through a tunnel goes to the tunnel's end.

        Raises:
            Malformed: for a target that names nothing we know, or nothing that we may go to.
        """
        known = self.known((method, target, inside))
        if known is not None:
            return known
        if inside is None:
            found = self._find(method.decode("latin-1"), target.decode("latin-1"))
        else:
            found = self._find_inside(method.decode("latin-1"), target.decode("latin-1"), inside)
        if len(target) + (len(inside.proxy_user or b"") if inside is not None else 0) <= REMEMBERED_LENGTH:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[method, target, inside] = found
        return found

    def tunnel_end(self, target: bytes) -> TunnelEnd:
        """Where a CONNECT with this target wants to go.

        Raises:
            Malformed: if that is not `host:port`, or not a host that we may go to.
        """
        match = _AUTHORITY.fullmatch(target.decode("latin-1"))
        port = int(match[3]) if match else 0
        if match is None or port > 65535 or (match[1] and not _is_ipv6(match[1])):
            raise Malformed(400, "bad_target", "CONNECT needs host:port, and nothing else")
        host = match[1] or match[2].lower().removesuffix(".")
        self._may_go_to(host, port)
        name = self._names.get((host, port))
        settings = _NO_SETTINGS if name is None else self._upstreams[name][0].settings
        return TunnelEnd(host, port, name or f"{host}:{port}", self._touchable(host, port), settings)

    def _find(self, method: str, target: str) -> Destination:
        if target.startswith("/"):
            return self._gateway(method, target)
        if target.partition("://")[0].lower() in _SCHEMES:
            return self._forward(method, target)
        raise Malformed(400, "bad_target", "the request target is neither a path nor an http URL")

    def known_ends(self) -> list[TunnelEnd]:
        """The ends of tunnels that the profile names itself: its https upstreams, and its patterns of hosts."""
        known = [
            TunnelEnd(origin.host, origin.port, name, self._touchable(origin.host, origin.port), origin.settings)
            for name, (origin, _) in self._upstreams.items()
            if origin.scheme == "https"
        ]
        for pattern in self._patterns or ():
            fits = host_glob(pattern)
            if not any(fits(f"{end.host}:{end.port}") for end in known):
                host, _, port = pattern.rpartition(":")
                named = (host, int(port)) if host and port.isdecimal() else (pattern, _DEFAULT_PORT["https"])
                known.append(TunnelEnd(*named, pattern, touchable=True, settings=_NO_SETTINGS))
        return known

    def _gateway(self, method: str, target: str) -> Destination:
        session = None
        rest = target
        if target.startswith("/~"):
            named, _, after = target[2:].partition("/")
            session, rest = named, "/" + after
        whole_path, question, query = rest[1:].partition("?")
        name, slash, path = whole_path.partition("/")
        if name not in self._upstreams:
            known = ", ".join(sorted(self._upstreams)) or "none"
            # Its name is not repeated: a detail is written to the journal, and agents put secrets into paths too.
            detail = f"the path begins with the name of no upstream (there are: {known})"
            raise Malformed(404, "unknown_upstream", detail)
        origin, base = self._upstreams[name]
        onward = base + slash + path + question + query
        if not onward.startswith("/"):
            onward = "/" + onward
        return self._destination(method, onward, (name, origin), session)

    def _forward(self, method: str, target: str) -> Destination:
        try:
            parts = urlsplit(target)
            scheme = _SCHEMES[parts.scheme]
            port = parts.port or _DEFAULT_PORT[scheme]
        except ValueError:
            raise Malformed(400, "bad_target", "the request target is not a URL") from None
        host = parts.hostname or ""
        if not host or parts.username is not None:
            raise Malformed(400, "bad_target", "the request target needs a host, and no user name in it")
        onward = target[len(parts.scheme) + 3 :]
        onward = onward[len(parts.netloc) :].partition("#")[0]
        if not onward.startswith("/"):
            onward = "/" + onward
        if scheme == "http" and self._is_here(host, port):
            return self._gateway(method, onward)
        self._may_go_to(host, port)
        return self._destination(method, onward, self._origin(scheme, host, port), None)

    def _find_inside(self, method: str, target: str, inside: Inside) -> Destination:
        """The tunnel says where to, and only how the agent writes the rest is left to it.

        In origin form the Host header belongs to the agent and the upstream: it passes as it came, as though nobody
        stood between them, also if it names another host than the tunnel (RFC 9112, 3.3). In absolute form the target
        takes the place of the Host header (RFC 9112, 3.2.2), so there must be no doubt that it means the tunnel's end.
        """
        if target.startswith("/") or (target == "*" and method == "OPTIONS"):
            found = self._destination(method, target, self._origin(inside.scheme, inside.host, inside.port), None)
            return msgspec.structs.replace(found, keeps_host=True)
        if not target.lower().startswith(("http://", "https://")):
            raise Malformed(400, "bad_target", "the request target is neither a path nor an http URL")
        found = self._forward(method, target)
        if (found.origin.scheme, found.origin.host, found.origin.port) != (inside.scheme, inside.host, inside.port):
            raise Malformed(421, "other_host", "the request is for another host than the tunnel it came through")
        return found

    def _origin(self, scheme: str, host: str, port: int) -> tuple[str, Origin]:
        """The upstream's name, and where it is."""
        origin = self._origins.get((scheme, host, port))
        if origin is None:
            if len(self._origins) >= REMEMBERED:
                self._origins = dict(self._declared)
            origin = self._origins[scheme, host, port] = Origin(scheme, host, port, _NO_SETTINGS)
        return self._names.get((host, port), f"{host}:{port}"), origin

    def _is_here(self, host: str, port: int) -> bool:
        return (host, port) in self.here or (host == "localhost" and ("127.0.0.1", port) in self.here)

    def _may_go_to(self, host: str, port: int) -> None:
        self.reach.check(host, port, declared=(host, port) in self._names)
        if self._open_to_others and not self._touchable(host, port):
            raise Malformed(403, "forbidden_host", f"{host} is not among the hosts that may be reached from here")

    def _touchable(self, host: str, port: int) -> bool:
        if self._hosts is None:
            return (host, port) in self._names
        return any(fits(f"{host}:{port}") for fits in self._hosts)

    def _destination(self, method: str, onward: str, upstream: tuple[str, Origin], session: str | None) -> Destination:
        name, origin = upstream
        path, _, query = onward.partition("?")
        pattern = next((p for p in self._tools if _is_tool(p, name, method, path)), None)
        template = pattern.tool.path if pattern else infer_template(path)
        effect = (pattern.tool.effect if pattern else None) or effect_of_method(method)
        route = Route(
            upstream=name,
            tool=pattern.name if pattern else f"{method} {template}",
            transport="http",
            method=method,
            host=origin.authority,
            path=path,
            query=query,
            effect=effect,
            touchable=self._touchable(origin.host, origin.port),
        )
        return Destination(
            route=route,
            origin=origin,
            target=onward.encode("latin-1"),
            host=origin.authority.encode("latin-1"),
            session=session,
            template=template,
            tool=pattern.tool if pattern else None,
        )


def _is_tool(pattern: _ToolPattern, upstream: str, method: str, path: str) -> bool:
    tool = pattern.tool
    return tool.upstream == upstream and tool.method in (None, method) and bool(pattern.path(path))


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True
