"""Which agent run a request belongs to: the first of the profile's sources that yields a name."""

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType
from urllib.parse import unquote

from chaosproxy.dataplane.http.requests.routing import Inside
from chaosproxy.dataplane.http.wire import Request

MAX_NAME = 128
"""Longer names are cut: they are labels of ours, not data of the agent's."""

_TRACE_PARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass
class Peer:
    """What a connection tells about who is calling."""

    address: str
    connection: int
    """Counts the connections of this run, from 1."""
    inside: Inside | None = None
    """The tunnel that its requests come through."""


Source = Callable[[Request, Peer, str | None, str | None], str | None]
"""(request, peer, session named by the path, session that MCP's own id stands for) -> a name, or None."""


class SessionNames:
    """Names the session of each request."""

    def __init__(self, sources: tuple[str, ...]) -> None:
        self._sources = [(name, _source(name)) for name in sources]

    def name(self, request: Request, peer: Peer, in_path: str | None, linked: str | None) -> tuple[str, str]:
        """The session and the source that named it; `default` when no source did."""
        for label, source in self._sources:
            found = source(request, peer, in_path, linked)
            if found:
                return found[:MAX_NAME], label
        return "default", "default"


def _source(name: str) -> Source:
    kind, _, argument = name.partition(":")
    if kind == "header":
        return _header(argument)
    if kind == "baggage":
        return _baggage(argument)
    return _PLAIN[kind]


def _header(name: str) -> Source:
    lowered = name.lower().encode("latin-1")

    def read(request: Request, _peer: Peer, _in_path: str | None, _linked: str | None) -> str | None:
        value = request.found.get(lowered)
        return value.decode("latin-1") if value else None

    return read


def _baggage(key: str) -> Source:
    """W3C Baggage: `key=value;property, key2=value2`, percent-encoded."""

    def read(request: Request, _peer: Peer, _in_path: str | None, _linked: str | None) -> str | None:
        value = request.found.get(b"baggage")
        if value is None:
            return None
        for member in value.decode("latin-1").split(","):
            name, _, rest = member.partition("=")
            if name.strip() == key:
                return unquote(rest.partition(";")[0].strip())
        return None

    return read


def _proxy_user(request: Request, peer: Peer, _in_path: str | None, _linked: str | None) -> str | None:
    """`http://run42:anything@proxy:8080` arrives as Basic credentials for the proxy (RFC 7617).

    In a tunnel they came with its CONNECT: what is said inside is not said to a proxy.
    """
    value = request.found.get(b"proxy-authorization") if peer.inside is None else peer.inside.proxy_user
    if value is None:
        return None
    scheme, _, credentials = value.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        return b64decode(credentials, validate=True).partition(b":")[0].decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None


def _path(_request: Request, _peer: Peer, in_path: str | None, _linked: str | None) -> str | None:
    return in_path


def _mcp(_request: Request, _peer: Peer, _in_path: str | None, linked: str | None) -> str | None:
    return linked


def _trace(request: Request, _peer: Peer, _in_path: str | None, _linked: str | None) -> str | None:
    return trace_id(request.found)


def trace_id(found: dict[bytes, bytes]) -> str | None:
    """From W3C Trace Context: `00-<32 hex>-<16 hex>-<2 hex>`."""
    parent = found.get(b"traceparent")
    match = _TRACE_PARENT.match(parent) if parent is not None else None
    return match[1].decode("ascii") if match else None


def client_of(request: Request, peer: Peer) -> str:
    """Address and User-Agent, because a retry after a broken connection comes on another one."""
    agent = request.found.get(b"user-agent", b"")
    return f"{peer.address}~{blake2b(agent, digest_size=3).hexdigest()}"


def _client(request: Request, peer: Peer, _in_path: str | None, _linked: str | None) -> str | None:
    return client_of(request, peer)


def _connection(_request: Request, peer: Peer, _in_path: str | None, _linked: str | None) -> str | None:
    return f"connection-{peer.connection}"


_PLAIN: Mapping[str, Source] = MappingProxyType(
    {
        "proxy_user": _proxy_user,
        "path": _path,
        "mcp": _mcp,
        "trace": _trace,
        "client": _client,
        "connection": _connection,
    }
)
"""The sources that take no argument, by name."""
