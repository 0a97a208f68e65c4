"""What happened, as frozen records. Whoever wants to know subscribes; whoever acts publishes and does not look back."""

from enum import StrEnum

import msgspec

from chaosproxy.core.call import Call, Layer
from chaosproxy.core.decision import Decision
from chaosproxy.core.passing import CallAnswered, CallReceived

__all__ = [
    "CallAnswered",
    "CallReceived",
    "ConnectionCounted",
    "DuplicateEffect",
    "EpisodeClosed",
    "EpisodeOpened",
    "Event",
    "FaultInjected",
    "OperationClosed",
    "OperationResult",
    "RequestRefused",
    "Resolution",
    "RetryAfterJudged",
    "RetryAfterVerdict",
    "RetryWaited",
    "SessionEnded",
    "TunnelClosed",
    "TunnelMode",
    "TunnelOpened",
    "TunnelReason",
    "Verdict",
]


class Resolution(StrEnum):
    """How an episode ended."""

    RECOVERED_RETRY = "recovered_retry"
    RECOVERED_REAUTH = "recovered_reauth"
    FAILED_FAST = "failed_fast"
    EXHAUSTED = "exhausted"
    ABANDONED = "abandoned"
    UNDETECTED = "undetected"
    CENSORED = "censored"

    @property
    def recovered(self) -> bool:
        """Did the operation succeed in the end?"""
        return self.value.startswith("recovered")


class Verdict(StrEnum):
    """Whether the way it ended was the right way to react to that fault."""

    APPROPRIATE = "appropriate"
    INAPPROPRIATE = "inappropriate"
    UNKNOWN = "unknown"


class RetryAfterVerdict(StrEnum):
    """What became of a Retry-After."""

    COMPLIANT = "compliant"
    EARLY = "early"
    LATE = "late"
    CAPPED = "capped"
    NO_RETRY = "no_retry"


class OperationResult(StrEnum):
    """How an operation ended."""

    CLEAN = "clean"
    RECOVERED = "recovered"
    FAILED = "failed"
    CENSORED = "censored"


class FaultInjected(msgspec.Struct, frozen=True):
    """A rule fired; its faults begin now."""

    call: Call
    decision: Decision


class RetryWaited(msgspec.Struct, frozen=True):
    """An attempt followed a failed one of the same operation."""

    call: Call
    layer: Layer
    wait: float
    """Seconds from the end of the failed attempt to the start of this one."""


class RetryAfterJudged(msgspec.Struct, frozen=True):
    """A hint was obeyed, or not."""

    session: str
    tool: str
    verdict: RetryAfterVerdict
    hint: str
    """The hint's source."""
    asked: float
    waited: float | None
    """None if no attempt followed."""


class DuplicateEffect(msgspec.Struct, frozen=True):
    """The upstream executed a write more than once for one operation: seen, not guessed."""

    call: Call
    certainty: str
    """`confirmed`."""


class OperationClosed(msgspec.Struct, frozen=True):
    """All attempts of one intention are over."""

    session: str
    tool: str
    result: OperationResult
    attempts: int


class EpisodeOpened(msgspec.Struct, frozen=True):
    """An operation met its first failure."""

    episode: int
    session: str
    tool: str
    fault: str
    """The fault's type; `upstream` or `proxy` when nobody injected it."""


class EpisodeClosed(msgspec.Struct, frozen=True, kw_only=True):
    """An episode was decided, or we stopped before it was."""

    episode: int
    session: str
    tool: str
    fault: str
    rule: str | None
    operation: int
    resolution: Resolution
    verdict: Verdict
    attempts: int
    opened: float
    """Monotonic seconds: when the first failure reached the agent."""
    closed: float
    """Monotonic seconds: when the success reached it, or when the episode was given up."""
    detection_seconds: float
    """How long the first failing attempt took to fail; for a hang that is the agent's own timeout."""
    wait_seconds: float
    """Between attempts."""
    service_seconds: float
    """In attempts after the first."""


class SessionEnded(msgspec.Struct, frozen=True):
    """An agent run is over: it said so, or has been idle for too long, or we stop."""

    session: str
    source: str
    calls: int
    operations: int
    episodes: int
    started: float
    ended: float


class RequestRefused(msgspec.Struct, frozen=True):
    """Bytes came that are not a call: half a request, a head too large, a bad chunk size, an unknown upstream."""

    reason: str
    """From a bounded set: it becomes a metric label."""
    detail: str
    status: int
    """What we answered; 0 if nothing."""


class TunnelMode(StrEnum):
    """What is done with what passes through a tunnel."""

    BLIND = "blind"
    """Nothing: bytes that nobody looks at."""
    INTERCEPTED = "intercepted"
    """We end the agent's TLS (or read plain HTTP), and what comes through are calls."""
    UPGRADE = "upgrade"
    """A call's own connection after a 101, such as a WebSocket."""


class TunnelReason(StrEnum):
    """Why a tunnel has its mode."""

    RULE = "rule"
    """Some rule may concern what goes to this host."""
    NO_RULE = "no_rule"
    """No rule can concern this host, or it must not be touched."""
    NO_CA = "no_ca"
    """A rule could concern it, but there is no certificate authority."""
    NOT_COVERED = "not_covered"
    """A rule could concern it, but the authority does not speak for this host."""
    NOT_HTTP = "not_http"
    """A rule could concern it, but what came through was neither TLS nor HTTP."""
    SILENT = "silent"
    """A rule could concern it, but the agent said nothing: the other end may have to speak first."""
    UPGRADE = "upgrade"
    """The upstream switched protocols, as the agent had asked."""


class TunnelOpened(msgspec.Struct, frozen=True):
    """An agent has a way through."""

    host: str
    """Host and port."""
    mode: TunnelMode
    reason: TunnelReason


class TunnelClosed(msgspec.Struct, frozen=True, kw_only=True):
    """It is closed again: once for each that was opened."""

    host: str
    mode: TunnelMode
    reason: TunnelReason
    bytes_up: int
    """From the agent; 0 for an intercepted one, whose calls are counted instead."""
    bytes_down: int
    """To the agent; 0 likewise."""
    seconds: float


class ConnectionCounted(msgspec.Struct, frozen=True):
    """An agent's connection came (+1) or went (-1)."""

    change: int


Event = (
    CallReceived
    | FaultInjected
    | CallAnswered
    | RetryWaited
    | RetryAfterJudged
    | DuplicateEffect
    | OperationClosed
    | EpisodeOpened
    | EpisodeClosed
    | SessionEnded
    | RequestRefused
    | TunnelOpened
    | TunnelClosed
    | ConnectionCounted
)
