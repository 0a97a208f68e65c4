"""What happened, as frozen records. Whoever wants to know subscribes; whoever acts publishes and does not look back."""

from enum import StrEnum

import msgspec

from chaosproxy.core.call import Call, Layer, ToolEffect
from chaosproxy.core.conclusions import (
    BackoffShape,
    Because,
    Certainty,
    KeyVerdict,
    LoopKind,
    OperationResult,
    Resolution,
    RetryAfterVerdict,
    Verdict,
    WasteReason,
)
from chaosproxy.core.decision import Decision
from chaosproxy.core.failures import Outcome
from chaosproxy.core.passing import CallAnswered, CallReceived

__all__ = [
    "BackoffSeen",
    "BackoffShape",
    "Because",
    "CallAnswered",
    "CallReceived",
    "CallWasted",
    "CanaryFound",
    "Certainty",
    "ConnectionCounted",
    "DuplicateEffect",
    "EpisodeClosed",
    "EpisodeOpened",
    "Event",
    "FaultInjected",
    "KeyJudged",
    "KeyVerdict",
    "LoopFound",
    "LoopKind",
    "OperationClosed",
    "OperationResult",
    "RequestRefused",
    "Resolution",
    "RetryAfterJudged",
    "RetryAfterVerdict",
    "RetryOverBudget",
    "RetryWaited",
    "SessionEnded",
    "TunnelClosed",
    "TunnelMode",
    "TunnelOpened",
    "TunnelReason",
    "Verdict",
    "WasteReason",
]


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
    ordinal: int = 1
    """Which retry of its episode it is, from 1."""
    hinted: bool = False
    """Had anybody said how long to wait?"""


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
    number: int = 0
    """The call that came back, or (`no_retry`) that was told; 0 if unknown."""
    operation: int = 0


class DuplicateEffect(msgspec.Struct, frozen=True):
    """A write that may have had, had, or was kept from having its effect more than once."""

    call: Call
    certainty: Certainty
    operation: int = 0
    times: int = 1
    """Executions beyond the first that this call was (`confirmed`): more than 1 if a fault repeated it."""


class KeyJudged(msgspec.Struct, frozen=True):
    """A retry of a write, and what it did with the key."""

    call: Call
    verdict: KeyVerdict


class CallWasted(msgspec.Struct, frozen=True):
    """A call was made in vain; once a call, for the first reason that holds."""

    call: Call
    reason: WasteReason


class LoopFound(msgspec.Struct, frozen=True):
    """An agent goes round in a circle; once a loop, however long it goes on."""

    session: str
    tools: tuple[str, ...]
    """Those that take part, in turn."""
    kind: LoopKind
    calls: tuple[int, ...]
    """Numbers of the calls by which it was seen, oldest first."""
    seconds: float
    """How long these took."""


class BackoffSeen(msgspec.Struct, frozen=True):
    """The waits of one episode's retries, those that a hint had asked for left out."""

    session: str
    tool: str
    operation: int
    layer: Layer
    """Who waited last."""
    shape: BackoffShape
    waits: tuple[float, ...]
    """Seconds, in order, less the time that a language model took; 64 at most."""


class RetryOverBudget(msgspec.Struct, frozen=True):
    """A retry that a retry budget would have refused. Nothing is refused: this is what there would have been."""

    call: Call


class CanaryFound(msgspec.Struct, frozen=True):
    """A false value that a fault planted turned up in what the agent sent later."""

    call: Call
    """Where it turned up: in a prompt if its role is `model`, else in a tool's arguments."""
    episode: int
    planted: int
    """The number of the call whose reply it was planted in."""


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
    because: Because
    attempts: int
    opened: float
    """Monotonic seconds: when the first failure reached the agent."""
    closed: float
    """Monotonic seconds: when the success reached it, or when the episode was given up."""
    detection_seconds: float
    """How long the first failing attempt took to fail; for a hang that is the agent's own timeout."""
    wait_seconds: float
    """Between attempts, less `model_seconds`."""
    service_seconds: float
    """In attempts after the first."""
    model_seconds: float = 0.0
    """Of the time between attempts: what language models took to answer this session."""
    outcome: Outcome
    """Of the first failure."""
    calls: tuple[int, ...]
    """Numbers of its attempts, the first failed one first; 64 at most."""
    ended_by: int = 0
    """The call that succeeded, fell back, escalated or showed that the agent went on; 0 if there is none."""
    effect: ToolEffect
    trace_id: str | None = None
    """Of the first failed call."""


class SessionEnded(msgspec.Struct, frozen=True):
    """An agent run is over: it said so, or has been idle for too long, or we stop."""

    session: str
    source: str
    calls: int
    operations: int
    episodes: int
    started: float
    ended: float
    forgotten: int = 0
    """Things about it that were dropped because there were too many (failures, keys): what is known of it has gaps."""


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
    | KeyJudged
    | CallWasted
    | LoopFound
    | BackoffSeen
    | RetryOverBudget
    | CanaryFound
    | OperationClosed
    | EpisodeOpened
    | EpisodeClosed
    | SessionEnded
    | RequestRefused
    | TunnelOpened
    | TunnelClosed
    | ConnectionCounted
)
