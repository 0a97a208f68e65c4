"""What a call is aimed at. Shared by all calls with the same aim; must not know any one of them."""

from enum import StrEnum

import msgspec


class ToolEffect(StrEnum):
    """What running the tool does to the world; it decides whether running it twice is a duplicate."""

    READ = "read"
    WRITE = "write"
    """Each execution is a new effect: a second charge, a second message."""
    IDEMPOTENT = "idempotent"
    """It changes the world, but twice is the same as once (PUT, DELETE)."""


class Route(msgspec.Struct, frozen=True, cache_hash=True):
    """What a call is aimed at. Made once for each distinct target and shared by its calls."""

    upstream: str
    """The upstream's name in the profile; in forward mode, for a host the profile does not name, `host:port`."""
    tool: str
    """The tool's declared name, or an inferred `GET /v1/items/{id}`."""
    transport: str
    """`http`; or `tls`, if it is the opening of a tunnel (CONNECT) in which a handshake may be struck."""
    method: str
    host: str
    """Host and port of the upstream."""
    path: str
    """Path as the upstream gets it, without the query."""
    query: str
    effect: ToolEffect
    touchable: bool
    """May any fault touch it? False for hosts outside `safety.hosts`, whatever the rules say."""
