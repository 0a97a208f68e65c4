"""Which agent run a request belongs to: the first of the profile's sources that yields a name."""

import binascii
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import unquote

from chaosproxy.dataplane.http.requests.routing import Inside
from chaosproxy.dataplane.http.wire import Request

MAX_NAME = 128
"""Longer names are cut: they are labels of ours, not data of the agent's."""


@dataclass
class Peer:
    """What a connection tells about who is calling."""

    address: str
    connection: int
    """Counts the connections of this run, from 1."""
    inside: Inside | None = None
    """The tunnel that its requests come through."""


Source = Callable[[Request, Peer, str | None], str | None]
"""(request, peer, session named by the path) -> a name, or None."""


class SessionNames:
    """Names the session of each request."""

    def __init__(self, sources: tuple[str, ...]) -> None:
        self._sources = [(name, _source(name)) for name in sources]

    def name(self, request: Request, peer: Peer, in_path: str | None) -> tuple[str, str]:
        """The session and the source that named it; `default` when no source did."""
        for label, source in self._sources:
            found = source(request, peer, in_path)
            if found:
                return found[:MAX_NAME], label
        return "default", "default"


def _source(name: str) -> Source:
    kind, _, argument = name.partition(":")
    if kind == "header":
        return _header(argument)
    if kind == "baggage":
        return _baggage(argument)
    return {"proxy_user": _proxy_user, "path": _path, "client": _client, "connection": _connection}[kind]


def _header(name: str) -> Source:
    lowered = name.lower().encode("latin-1")

    def read(request: Request, _peer: Peer, _in_path: str | None) -> str | None:
        value = request.found.get(lowered)
        return value.decode("latin-1") if value else None

    return read


def _baggage(key: str) -> Source:
    """W3C Baggage: `key=value;property, key2=value2`, percent-encoded."""

    def read(request: Request, _peer: Peer, _in_path: str | None) -> str | None:
        value = request.found.get(b"baggage")
        if value is None:
            return None
        for member in value.decode("latin-1").split(","):
            name, _, rest = member.partition("=")
            if name.strip() == key:
                return unquote(rest.partition(";")[0].strip())
        return None

    return read


def _proxy_user(request: Request, peer: Peer, _in_path: str | None) -> str | None:
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


def _path(_request: Request, _peer: Peer, in_path: str | None) -> str | None:
    return in_path


def _client(request: Request, peer: Peer, _in_path: str | None) -> str | None:
    """Address and User-Agent, because a retry after a broken connection comes on another one."""
    agent = request.found.get(b"user-agent", b"")
    return f"{peer.address}~{blake2b(agent, digest_size=3).hexdigest()}"


def _connection(_request: Request, peer: Peer, _in_path: str | None) -> str | None:
    return f"connection-{peer.connection}"
