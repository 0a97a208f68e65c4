"""Where a request goes: its target, read as gateway path or forward URL, against the profile's upstreams and tools.

Answers are remembered, because agents call the same few targets over and over. Knows no loop and opens no socket.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import inet_aton
from urllib.parse import urlsplit

import msgspec

from chaosproxy.core.call import Route, ToolEffect
from chaosproxy.dataplane.http.wire import Malformed
from chaosproxy.engine.matching import Glob, host_glob, path_template
from chaosproxy.profiles.models import Profile, Tool, Upstream

REMEMBERED = 8192
"""Distinct targets whose routing is kept; then the memory starts afresh."""

REMEMBERED_LENGTH = 2048
"""Bytes of a target that is worth remembering: thousands of longer ones would be hundreds of megabytes."""

_DEFAULT_PORT = {"http": 80, "https": 443}

_METADATA = frozenset({"metadata.google.internal", "metadata", "instance-data", "100.100.100.200", "fd00:ec2::254"})
"""Hosts, and addresses as `ipaddress` writes them."""

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
        hosts = profile.safety.hosts
        self._hosts = None if hosts is None else [host_glob(pattern) for pattern in hosts]
        self._own = own_addresses
        self._origins = {(each.scheme, each.host, each.port): each for each, _ in self._upstreams.values()}
        self._open_to_others = open_to_others
        self._remembered: dict[tuple[bytes, bytes], Destination] = {}

    def find(self, method: bytes, target: bytes) -> Destination:
        """Where a request goes.

        Raises:
            Malformed: for a target that names nothing we know, or nothing that we may go to.
        """
        known = self._remembered.get((method, target))
        if known is not None:
            return known
        found = self._find(method.decode("latin-1"), target.decode("latin-1"))
        if len(target) <= REMEMBERED_LENGTH:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[method, target] = found
        return found

    def _find(self, method: str, target: str) -> Destination:
        if target.startswith("/"):
            return self._gateway(method, target)
        if method == "CONNECT":
            raise Malformed(501, "connect", "CONNECT is not supported here: use a gateway path, or plain http")
        if target.lower().startswith(("http://", "https://")):
            return self._forward(method, target)
        raise Malformed(400, "bad_target", "the request target is neither a path nor an http URL")

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
            port = parts.port or _DEFAULT_PORT[parts.scheme]
        except ValueError:
            raise Malformed(400, "bad_target", "the request target is not a URL") from None
        host = parts.hostname or ""
        if not host or parts.username is not None:
            raise Malformed(400, "bad_target", "the request target needs a host, and no user name in it")
        self._may_go_to(host, port)
        name = self._names.get((host, port), f"{host}:{port}")
        origin = self._origins.get((parts.scheme, host, port))
        if origin is None:
            origin = self._origins[parts.scheme, host, port] = Origin(parts.scheme, host, port, _NO_SETTINGS)
        onward = target[len(parts.scheme) + 3 :]
        onward = onward[len(parts.netloc) :].partition("#")[0]
        if not onward.startswith("/"):
            onward = "/" + onward
        return self._destination(method, onward, (name, origin), None)

    def _may_go_to(self, host: str, port: int) -> None:
        address = _address(host)
        known_as = host.rstrip(".") if address is None else str(address)
        if (known_as, port) in self._own or (known_as == "localhost" and ("127.0.0.1", port) in self._own):
            raise Malformed(403, "own_address", "a request to this address would come back here")
        if known_as in _METADATA or (address is not None and address.is_link_local):
            raise Malformed(403, "forbidden_host", f"{host} is a link-local or metadata address")
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


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a resolver takes the host for, however it is written: `2852039166` is one too."""
    try:
        address = ip_address(host)
    except ValueError:
        try:
            return IPv4Address(inet_aton(host.rstrip(".")))
        except (OSError, ValueError):
            return None
    return getattr(address, "ipv4_mapped", None) or address
