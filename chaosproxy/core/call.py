"""One request seen by the proxy, in words that no wire owns."""

from collections.abc import Sequence
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


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. Everything the engine and recovery may judge by, and no more."""

    number: int
    """Counts the calls of this run, from 1."""
    session: str
    """The agent run it belongs to."""
    session_source: str
    """Which source named the session (`proxy_user`, `path`, `header:…`, `client`, ...)."""
    route: Route
    fingerprint: str
    """16 hex digits over tool, method, route template and canonical arguments. Same intention, same fingerprint."""
    headers: Sequence[tuple[bytes, bytes]]
    """As they came: order, case and duplicates."""
    received: float
    """Monotonic seconds at which the request was complete."""
    body: object = None
    """The decoded JSON body, when it was JSON and small enough to be read."""
    body_bytes: int = 0
    operation_key: str | None = None
    """Keyed hash of an explicit operation id (Idempotency-Key, SDK invocation id)."""
    credential: str | None = None
    """Keyed hash of the credentials the call carried."""
    sdk_retry: int = 0
    """The SDK's own word on which retry this is (`x-stainless-retry-count`); 0 is a first try or no word."""
    trace_id: str | None = None


class CallKind(StrEnum):
    """What a call is to the operation it belongs to."""

    FIRST = "first"
    RETRY = "retry"
    MODIFIED_RETRY = "modified_retry"
    FALLBACK = "fallback"
    CONTINUATION = "continuation"
    POLL = "poll"
    PAGE = "page"
    HEDGE = "hedge"
    PARALLEL = "parallel"


class Layer(StrEnum):
    """Who decided to try again."""

    NONE = "none"
    """Nobody: it is not a retry."""
    SDK = "sdk"
    FRAMEWORK = "framework"
    MODEL = "model"
    UNKNOWN = "unknown"
    """Without the agent's LLM traffic, framework and model cannot be told apart."""


class Match(msgspec.Struct, frozen=True):
    """Which operation a call belongs to, and by which rule that was found."""

    operation: int
    attempt: int
    """1 for the first attempt of the operation."""
    kind: CallKind
    layer: Layer
    rule: int
    """The number of the rule in recovery.md that decided (1, 2, 5, 6 or 9)."""
