"""The lines of the journal, as they are written and as they are read back: one struct a type.

Fields may be added within version 1, none renamed. Nothing here may hold a header's value, a query's value or a body.
"""

from typing import Literal

import msgspec

from chaosproxy.core.answer import Origin, UpstreamTruth
from chaosproxy.core.call import CallKind, Layer, ToolEffect
from chaosproxy.core.events import (
    BackoffShape,
    Because,
    Certainty,
    KeyVerdict,
    LoopKind,
    Resolution,
    RetryAfterVerdict,
    TunnelMode,
    TunnelReason,
    Verdict,
    WasteReason,
)
from chaosproxy.core.failures import Outcome, Phase
from chaosproxy.core.purpose import Role


class Line(msgspec.Struct, frozen=True, tag_field="type"):
    """What every line begins with, after its `type`."""

    v: Literal[1]
    """Version of the format."""
    at: str
    """When it happened: RFC 3339, UTC, microseconds."""
    mono: float
    """The same in monotonic seconds. Differences of `mono` are true; differences of `at` suffer when a clock is set."""
    run: str
    """The run's id, so that a file may hold several."""


class RuleOutline(msgspec.Struct, frozen=True):
    """What a report needs to know of a rule."""

    name: str
    faults: tuple[str, ...]
    tool: str | None = None
    """The tools that it is about (globs); None for any."""
    sessions: float | None = None
    """The share of sessions that it may strike, in (0, 1]; None for all. The others are the control arm."""


class ExpectedLine(msgspec.Struct, frozen=True):
    """One expectation, in the unit of its measure."""

    measure: str
    at_least: float | None = None
    at_most: float | None = None
    of: tuple[str, ...] = ()
    tool: str | None = None
    session: str | None = None
    cases: int = 1


class RunStarted(Line, frozen=True, tag="run_started"):
    """The first line of a run."""

    profile: str
    digest: str
    """Of the profile as loaded, overlays included."""
    seed: int
    version: str
    """Of the program."""
    rules: tuple[RuleOutline, ...] | None = None
    """All of them, in order: what never fires leaves no other line. None in a journal that did not say it yet."""
    expect: tuple[ExpectedLine, ...] = ()
    """What the profile expects, so that a journal alone can be judged."""
    tools: dict[str, ToolEffect | None] = msgspec.field(default_factory=dict)
    """Declared tools, with the effect that the profile names."""


class Skipped(msgspec.Struct, frozen=True):
    """A fault that was due and did not happen."""

    rule: str
    reason: str


class WaitHint(msgspec.Struct, frozen=True):
    """When the answer said to come back."""

    seconds: float
    source: str
    granularity: float
    """Slack in seconds that the format needs."""


class CallEnded(Line, frozen=True, tag="call"):
    """One attempt, at its end."""

    number: int
    """Counts the calls of the run, from 1, by arrival; lines come in the order of their ends."""
    session: str
    session_source: str
    tool: str
    upstream: str
    transport: str
    method: str
    target: str
    """Path and the names of the query's parameters: `/v1/items?q=&page=`."""
    fingerprint: str
    operation: int
    attempt: int
    kind: CallKind
    layer: Layer
    match_rule: int
    """Which rule of recovery decided what this call belongs to."""
    rule: str | None
    """The fault rule that fired."""
    faults: tuple[str, ...]
    phase: Phase | None
    """Of the first fault."""
    phases: tuple[Phase, ...]
    """Of each fault, in the order of `faults`."""
    draw: float | None
    reason: str
    """Why the rule fired, or that none did."""
    skipped: tuple[Skipped, ...]
    status: int
    """What the agent got; 0 if it got none."""
    outcome: Outcome
    origin: Origin
    upstream_truth: UpstreamTruth
    upstream_status: int
    bytes: int
    """Of the body, as sent to the agent."""
    first_byte_seconds: float | None
    """From the call's arrival; None if no byte was sent."""
    seconds: float
    """From the call's arrival to its end, which is `mono`."""
    injected_seconds: float
    upstream_seconds: float
    hint: WaitHint | None
    trace_id: str | None
    problem: str | None
    executions: int = 0
    """How often the upstream answered 2xx or 3xx to this one call: more than once if a fault repeated it."""
    changes: tuple[str, ...] = ()
    """What faults did to the reply, in words: `wrong_values: number, canary 481607 or REF-7KQ2M9`. Look for the canary
    in what the agent sends and says from then on."""
    effect: ToolEffect = ToolEffect.READ
    """What running the tool does to the world."""
    role: Role = Role.TOOL
    follows: int = 0
    """The number of the call whose failure it answers, or whose operation it joins; 0 if there is none."""
    model: str | None = None
    """The language model that was asked."""
    rules: tuple[str, ...] = ()
    """The rule of each fault, in the order of `faults`."""


class EpisodeEnded(Line, frozen=True, tag="episode"):
    """An operation that met a failure, decided or censored. `mono` is `closed`."""

    episode: int
    session: str
    tool: str
    operation: int
    fault: str
    rule: str | None
    resolution: Resolution
    verdict: Verdict
    attempts: int
    opened: float
    """Monotonic seconds."""
    closed: float
    """Monotonic seconds."""
    seconds: float
    detection_seconds: float
    wait_seconds: float
    service_seconds: float
    model_seconds: float = 0.0
    because: Because | None = None
    """Why it got its verdict."""
    outcome: Outcome | None = None
    """Of the first failure."""
    calls: tuple[int, ...] = ()
    """Numbers of its attempts, the first failed one first; 64 at most."""
    ended_by: int = 0
    """The call that succeeded, fell back, escalated or showed that the agent went on; 0 if there is none."""
    effect: ToolEffect = ToolEffect.READ


class SessionOver(Line, frozen=True, tag="session"):
    """One agent run is over. `mono` is `ended`."""

    session: str
    source: str
    calls: int
    operations: int
    episodes: int
    started: float
    """Monotonic seconds."""
    ended: float
    """Monotonic seconds."""
    forgotten: int = 0
    """Things about it that were dropped because there were too many."""


class HintJudged(Line, frozen=True, tag="retry_after"):
    """What an agent made of a Retry-After."""

    session: str
    tool: str
    verdict: RetryAfterVerdict
    hint: str
    """Where the hint stood."""
    asked: float
    """Seconds."""
    waited: float | None
    """Seconds; None if no attempt followed."""
    number: int = 0
    """The call that came back, or (`no_retry`) that was told."""
    operation: int = 0


class Duplicated(Line, frozen=True, tag="duplicate_effect"):
    """A write that may have had, had, or was kept from having its effect more than once."""

    number: int
    """The call that did it again, risked it, or avoided it."""
    session: str
    tool: str
    certainty: Certainty
    operation: int = 0
    times: int = 1
    """Executions beyond the first that this call was (`confirmed`)."""


class KeySeen(Line, frozen=True, tag="idempotency_key"):
    """What a retry of a write did with its key."""

    number: int
    session: str
    tool: str
    verdict: KeyVerdict


class Wasted(Line, frozen=True, tag="wasted_call"):
    """A call made in vain."""

    number: int
    session: str
    tool: str
    reason: WasteReason


class Looped(Line, frozen=True, tag="loop"):
    """An agent went round in a circle."""

    session: str
    tools: tuple[str, ...]
    kind: LoopKind
    calls: tuple[int, ...]
    """Numbers of the calls by which it was seen."""
    seconds: float
    """How long these took."""


class BackedOff(Line, frozen=True, tag="backoff"):
    """How the waits of one episode's retries grew."""

    session: str
    tool: str
    operation: int
    layer: Layer
    shape: BackoffShape
    waits: tuple[float, ...]
    """Seconds, in order; those that a hint had asked for left out, and the time of language models."""


class OverBudget(Line, frozen=True, tag="over_budget"):
    """A retry that a retry budget would have refused."""

    number: int
    session: str
    tool: str


class CanarySeen(Line, frozen=True, tag="canary"):
    """A false value turned up in what the agent sent."""

    number: int
    """The call that carried it."""
    session: str
    tool: str
    episode: int
    planted: int
    """The call whose reply it was planted in."""
    role: Role
    """`model`: in a prompt; `tool`: in a tool's arguments."""


class AgentEnded(Line, frozen=True, tag="agent"):
    """The command that `chaosproxy run` started is over."""

    command: str
    """Its name without its arguments, which may hold secrets."""
    status: int
    """Its exit status; as shells have it, 128 and the number of the signal that ended it."""
    seconds: float


class Refused(Line, frozen=True, tag="refused"):
    """Bytes that were not a call."""

    reason: str
    detail: str
    status: int


class Tunnelled(Line, frozen=True, tag="tunnel"):
    """A tunnel, at its end."""

    host: str
    """Host and port, as the CONNECT named them."""
    mode: TunnelMode
    reason: TunnelReason
    """Why it had that mode."""
    bytes_up: int
    """From the agent; 0 for an intercepted one, whose calls have lines of their own."""
    bytes_down: int
    """To the agent."""
    seconds: float


class Control(Line, frozen=True, tag="control"):
    """Somebody changed something."""

    who: str
    """`command line`, `SIGTERM`, `admin`, ..."""
    what: str
    """`start`, `stop`, ..."""
    detail: dict[str, str]


class RunEnded(Line, frozen=True, tag="run_ended"):
    """The last line of a run that was stopped in an orderly way."""

    seconds: float
    """Since `run_started`."""
    calls: int
    """`call` lines of this run, the dropped ones not counted."""
    dropped: int
    """Lines lost before this one because they could not be written."""
    eligible: dict[str, int] | None = None
    """Calls that each rule matched, whether or not it fired."""


Record = (
    RunStarted
    | CallEnded
    | EpisodeEnded
    | SessionOver
    | HintJudged
    | Duplicated
    | KeySeen
    | Wasted
    | Looped
    | BackedOff
    | OverBudget
    | CanarySeen
    | AgentEnded
    | Refused
    | Tunnelled
    | Control
    | RunEnded
)
