"""How a call ended: what the agent got, and what the tool really did."""

from enum import StrEnum

import msgspec

from chaosproxy.core.failures import Outcome


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


class Hint(msgspec.Struct, frozen=True):
    """How long the answer asked the agent to wait."""

    seconds: float
    source: str
    """`retry-after`, `retry-after-ms`."""
    granularity: float = 0.0
    """Seconds of slack the format itself needs: 1 for an HTTP date."""


class Reply(msgspec.Struct, frozen=True):
    """A whole HTTP answer, as a value: made up by a dialect, or taken from the upstream to be rewritten."""

    status: int
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The end of one attempt."""

    outcome: Outcome
    origin: Origin
    truth: UpstreamTruth
    status: int
    """The status the agent saw; 0 if none reached it."""
    first_byte: float
    """Monotonic seconds of the first byte sent to the agent; 0 if there was none."""
    ended: float
    """Monotonic seconds of the last byte sent, or of the end of the connection."""
    bytes_out: int = 0
    """Body bytes sent to the agent."""
    upstream_status: int = 0
    upstream_seconds: float = 0.0
    """From the request's going out to the end of the upstream's answer."""
    injected_seconds: float = 0.0
    """Time that faults added."""
    hint: Hint | None = None
    body_digest: str | None = None
    """Of the upstream's reply to a write, to tell a replay from a second execution."""
    replayed: bool = False
    """The upstream said that it replayed a stored reply instead of acting."""
    skipped: str | None = None
    """Why a decided fault could not be applied; the call passed unharmed."""
    problem: str | None = None
    """What went wrong by itself, in a few words, when `origin` is `proxy` or the upstream broke off."""
