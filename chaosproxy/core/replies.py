"""Parts of an answer, as values: whose it was, what the tool did, when to come back, and a whole reply."""

from enum import StrEnum

import msgspec


class Origin(StrEnum):
    """Whose answer the agent saw."""

    UPSTREAM = "upstream"
    INJECTED = "injected"
    PROXY = "proxy"
    """Our own word on an upstream that failed (502, 504) or a request we refused (400, 404, 431)."""


class UpstreamTruth(StrEnum):
    """What the tool did, whatever the agent was told."""

    NOT_SENT = "not_sent"
    SENT_UNKNOWN = "sent_unknown"
    """It got the request; nobody can say whether it acted (it died, was cut off, or answered 5xx)."""
    REJECTED = "rejected"
    """It answered 4xx."""
    EXECUTED = "executed"
    """It answered 2xx or 3xx."""


HINT_SOURCES = (
    "retry-after-ms",
    "x-ms-retry-after-ms",
    "x-amz-retry-after",
    "grpc-retry-pushback-ms",
    "retry-after",
    "retry-info",
    "text",
    "ratelimit",
    "ratelimit-reset",
    "x-ratelimit-reset",
    "x-rate-limit-reset",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-tokens-reset",
    "anthropic-ratelimit-input-tokens-reset",
    "anthropic-ratelimit-output-tokens-reset",
)
"""Where a hint can come from, the more telling first: headers, google.rpc.RetryInfo in a body, a sentence there."""


class Hint(msgspec.Struct, frozen=True):
    """How long the answer asked the agent to wait."""

    seconds: float
    source: str
    """One of HINT_SOURCES."""
    granularity: float = 0.0
    """Seconds of slack the format itself needs: 1 for an HTTP date."""


class Reply(msgspec.Struct, frozen=True):
    """A whole HTTP answer, as a value: made up by a dialect, or taken from the upstream to be rewritten."""

    status: int
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
