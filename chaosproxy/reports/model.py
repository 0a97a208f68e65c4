"""A report as a value: all that any format shows, and nothing that only one of them could know.

This is also the published JSON format: fields may be added within version 1, none renamed. Shares are in [0, 1], times
in seconds; times of day are RFC 3339, and `start` is in seconds since the run began. Long lists are capped, and say so.
"""

from typing import Literal

import msgspec

from chaosproxy.core.answer import Origin, UpstreamTruth
from chaosproxy.core.call import CallKind, Layer, ToolEffect
from chaosproxy.core.events import (
    Because,
    Certainty,
    LoopKind,
    Resolution,
    RetryAfterVerdict,
    Verdict,
)
from chaosproxy.core.failures import Outcome
from chaosproxy.core.measures import Unit
from chaosproxy.core.purpose import Role


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Any part of a report."""


class Rate(Part, frozen=True, kw_only=True):
    """A share of cases, with its Wilson 95 % interval."""

    hits: int
    cases: int
    value: float | None
    """hits / cases; None if there is no case."""
    low: float
    high: float


class RunView(Part, frozen=True, kw_only=True):
    """Which run it is about."""

    id: str
    profile: str
    digest: str
    seed: int
    version: str
    """Of the program that made the journal."""
    started: str | None
    """None if the journal has lost its first line."""
    seconds: float
    """Until it ended, or until the journal's last line."""
    complete: bool
    """Was it stopped in an orderly way?"""
    journals: tuple[str, ...]
    """Names of the files, without folders."""
    command: str | None
    """The agent's command, if `chaosproxy run` started it."""
    agent_status: int | None
    """Its exit status."""


class CheckView(Part, frozen=True, kw_only=True):
    """One expectation, judged."""

    measure: str
    unit: Unit
    of: tuple[str, ...]
    tool: str | None
    session: str | None
    at_least: float | None
    at_most: float | None
    value: float | None
    low: float | None
    high: float | None
    """The 95 % interval, of shares."""
    cases: int
    needed: int
    result: Literal["pass", "fail", "inconclusive"]
    reason: str
    """A sentence with the figures."""


class VerdictView(Part, frozen=True, kw_only=True):
    """The verdict of the run."""

    result: Literal["pass", "fail", "inconclusive"]
    exit_code: int
    """0, 1 or 3."""
    reasons: tuple[str, ...]
    """Why it is not PASS, the failures first."""
    checks: tuple[CheckView, ...]


class TotalsView(Part, frozen=True, kw_only=True):
    """The run in numbers."""

    sessions: int
    calls: int
    """That take part; what nobody decided (token endpoints, handshakes, pings) is in `other_calls`."""
    other_calls: int
    operations: int
    faulted: int
    """Calls that a fault struck."""
    spared: int
    """Calls on which a fault could then not be applied."""
    episodes: int
    decided: int
    censored: int
    recovered: Rate
    """Of all decided episodes. To be shown with the faults, never alone."""
    appropriate: Rate
    success: Rate
    """Operations that succeeded in the end, of those decided."""
    amplification: float | None
    """calls / operations"""
    amplification_faulted: float | None
    """The same within operations that met a failure."""
    wasted: dict[str, int]
    """Calls by reason."""
    duplicates: dict[str, int]
    """Effects by certainty."""
    keys: dict[str, int]
    """Retries of writes by what they did with the key."""
    loops: dict[str, int]
    """By kind."""
    retries: dict[str, int]
    """By layer."""
    kinds: dict[str, int]
    """Calls by what they are to their operation."""
    retry_after: dict[str, int]
    """By verdict."""
    retries_over_budget: int
    undetected: int
    canaries: int
    """False values that turned up again."""


class RuleView(Part, frozen=True, kw_only=True):
    """A rule, and whether it was put to the test."""

    name: str
    faults: tuple[str, ...]
    eligible: int | None
    """Calls that it matched; None if the journal does not say."""
    fired: int
    spared: int
    untested: str | None
    """Why nothing can be said about it: `its tool was never called`; None if it fired."""


class CellView(Part, frozen=True, kw_only=True):
    """Episodes of one fault at one tool."""

    tool: str
    """`*` for all tools."""
    fault: str
    """A fault's type; `upstream` or `proxy` if nobody injected it."""
    injected: int
    """Calls that it struck."""
    decided: int
    censored: int
    recovery: Rate
    appropriate: Rate
    resolutions: dict[str, int]
    verdicts: dict[str, int]
    reasons: dict[str, int]
    """By `Because`."""
    p50: float | None
    p95: float | None
    longest: float | None
    """Time to recovery."""
    attempts: float | None
    """An episode."""


class ToolView(Part, frozen=True, kw_only=True):
    """What was asked of one tool."""

    tool: str
    effect: ToolEffect | None
    calls: int
    operations: int
    faulted: int
    episodes: int
    success: Rate
    amplification: float | None
    wasted: int
    duplicates: dict[str, int]
    outcomes: dict[str, int]


class DistributionView(Part, frozen=True, kw_only=True):
    """Times to recovery of one fault."""

    fault: str
    bounds: tuple[float, ...]
    """Upper ends of the bins; the last bin has none."""
    counts: tuple[int, ...]
    """One more than there are bounds."""
    cases: int
    p50: float | None
    p95: float | None
    longest: float | None


class WaitView(Part, frozen=True, kw_only=True):
    """One request to wait, and what became of it."""

    tool: str
    session: str
    number: int
    asked: float
    waited: float | None
    verdict: RetryAfterVerdict
    hint: str


class BackoffView(Part, frozen=True, kw_only=True):
    """How retries of one layer were spaced."""

    layer: Layer
    shapes: dict[str, int]
    """Episodes by shape."""
    jitter: Literal["none", "bounded", "full"] | None
    """None if there are fewer than 8 episodes to tell it from."""
    waits: tuple[float, ...]
    """The median of the first, second, ... wait."""


class ArmView(Part, frozen=True, kw_only=True):
    """One arm of a comparison."""

    name: str
    """`faults` or `control`."""
    sessions: int
    calls: int
    operations: int
    success: Rate
    amplification: float | None
    seconds_p50: float | None
    """Of an operation, from its first call to its end."""
    seconds_p95: float | None


class ControlView(Part, frozen=True, kw_only=True):
    """What faults cost, against the same without them."""

    source: str
    """Where the control arm comes from: the name of a journal, or `sessions left alone`."""
    faults: ArmView
    control: ArmView
    drop: float | None
    """Control's success less that under faults: what the faults cost."""
    drop_low: float | None
    drop_high: float | None
    """Its 95 % interval (Newcombe 1998, method 10)."""


class CallView(Part, frozen=True, kw_only=True):
    """One call in a session's timeline."""

    number: int
    start: float
    seconds: float
    lane: int
    """Calls that overlap are in different lanes, from 0."""
    tool: str
    role: Role
    effect: ToolEffect
    kind: CallKind
    layer: Layer
    operation: int
    attempt: int
    match_rule: int
    follows: int
    status: int
    outcome: Outcome
    origin: Origin
    truth: UpstreamTruth
    executions: int
    faults: tuple[str, ...]
    rule: str | None
    hint: float | None
    """Seconds that it was asked to wait."""
    wasted: str | None
    duplicate: Certainty | None


class SessionView(Part, frozen=True, kw_only=True):
    """One agent run."""

    name: str
    source: str
    confidence: Literal["high", "medium", "low"]
    """How sure it is that the calls belong together, by the source of the name."""
    start: float
    seconds: float
    calls: int
    operations: int
    episodes: int
    inappropriate: int
    control: bool
    """Is it in the control arm?"""
    timeline: tuple[CallView, ...]
    """The first 400 calls."""
    cut: int
    """Calls that the timeline leaves out."""


class EpisodeView(Part, frozen=True, kw_only=True):
    """One episode, with its story."""

    number: int
    session: str
    tool: str
    effect: ToolEffect
    fault: str
    rule: str | None
    outcome: Outcome | None
    resolution: Resolution
    verdict: Verdict
    because: Because | None
    story: str
    """One sentence: what happened, what the agent did, why that is right or wrong. Names calls as #12."""
    start: float
    seconds: float
    attempts: int
    detection: float
    wait: float
    model: float
    service: float
    operation: int
    calls: tuple[int, ...]
    ended_by: int


class LoopView(Part, frozen=True, kw_only=True):
    """A loop."""

    session: str
    kind: LoopKind
    tools: tuple[str, ...]
    calls: tuple[int, ...]
    start: float
    seconds: float


class DuplicateView(Part, frozen=True, kw_only=True):
    """A duplicate effect."""

    session: str
    tool: str
    certainty: Certainty
    number: int
    operation: int
    times: int


class Report(Part, frozen=True, kw_only=True):
    """A whole report."""

    format: Literal["chaosproxy-report/1"] = "chaosproxy-report/1"
    generated: str
    run: RunView
    verdict: VerdictView
    totals: TotalsView
    rules: tuple[RuleView, ...]
    faults: tuple[CellView, ...]
    """All tools together, by fault."""
    matrix: tuple[CellView, ...]
    """By tool and fault."""
    tools: tuple[ToolView, ...]
    times: tuple[DistributionView, ...]
    waits: tuple[WaitView, ...]
    """The first 500."""
    backoff: tuple[BackoffView, ...]
    control: ControlView | None
    sessions: tuple[SessionView, ...]
    """Those with the most to see, 50 at most."""
    sessions_left_out: int
    episodes: tuple[EpisodeView, ...]
    """The inappropriate ones first, 500 at most."""
    episodes_left_out: int
    loops: tuple[LoopView, ...]
    """The first 100."""
    duplicates: tuple[DuplicateView, ...]
    """The first 100."""
    troubles: tuple[str, ...]
    """What of the journals could not be read, and what was lost before it was written."""
