"""Which label sets are known before the first call: they start at 0, so that `rate()` sees the first event.

Reads the profile; counts nothing. A set too large for the budget is left to appear as it happens.
"""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import product

from chaosproxy.core.call import CallKind, Layer, ToolEffect
from chaosproxy.core.events import (
    BackoffShape,
    Certainty,
    KeyVerdict,
    LoopKind,
    OperationResult,
    Resolution,
    RetryAfterVerdict,
    TunnelMode,
    TunnelReason,
    Verdict,
    WasteReason,
)
from chaosproxy.core.failures import Outcome
from chaosproxy.profiles.models import Profile, Rule, Tool
from chaosproxy.telemetry import metric_table as table
from chaosproxy.telemetry.metric_table import Metric

Labels = tuple[str, ...]

NOT_OURS = ("upstream", "proxy")
"""The `fault` label of episodes that nobody injected."""

RETRIERS = (Layer.SDK, Layer.FRAMEWORK, Layer.MODEL, Layer.UNKNOWN)
"""Who can have decided to try again."""

_FROM_NOBODY = (
    CallKind.FIRST,
    CallKind.PARALLEL,
    CallKind.HEDGE,
    CallKind.POLL,
    CallKind.PAGE,
    CallKind.CONTINUATION,
)
_CALL_KINDS = (
    *((kind, Layer.NONE) for kind in _FROM_NOBODY),
    *((CallKind.RETRY, layer) for layer in RETRIERS),
    *((kind, layer) for kind in (CallKind.MODIFIED_RETRY, CallKind.FALLBACK) for layer in RETRIERS[1:]),
)
"""An SDK's own retries change nothing: it knows neither other arguments nor other tools."""
_RESPONSES = (
    (Outcome.OK, "upstream"),
    (Outcome.OK, "injected"),
    (Outcome.UNAVAILABLE, "upstream"),
    (Outcome.UNAVAILABLE, "proxy"),
    (Outcome.TIMEOUT, "proxy"),
    (Outcome.THROTTLED, "injected"),
    (Outcome.UNAVAILABLE, "injected"),
    (Outcome.AUTH, "injected"),
    (Outcome.DENIED, "injected"),
    (Outcome.MALFORMED, "injected"),
    (Outcome.TRUNCATED, "injected"),
    (Outcome.TIMEOUT, "injected"),
    (Outcome.RESET, "injected"),
)
HINTS = ("retry-after", "retry-after-ms")


class SeriesBudget:
    """How many series may stand at 0 before anything has happened."""

    def __init__(self, series: int) -> None:
        self._left = series

    def grant(self, label_sets: Iterable[Labels], each: int = 1) -> tuple[Labels, ...]:
        """All of `label_sets` without repetition, or none of them if they are too many; each costs `each` series."""
        wanted = tuple(dict.fromkeys(label_sets))
        cost = len(wanted) * each
        if cost > self._left:
            return ()
        self._left -= cost
        return wanted


class KnownLabels:
    """The label sets that a profile implies."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.tools = tuple(profile.tools)
        """Declared tools."""
        self.rules = tuple(rule.name for rule in profile.rules)
        self.faults = tuple(dict.fromkeys(fault.type for rule in profile.rules for fault in rule.fault))
        """Types of the faults that rules name, each once."""
        self._writing = tuple(name for name, tool in profile.tools.items() if _may_write(tool))

    def calls(self) -> Iterator[Labels]:
        """tool, transport, kind, layer."""
        return ((tool, "http", kind, layer) for tool in self.tools for kind, layer in _CALL_KINDS)

    def responses(self) -> Iterator[Labels]:
        """tool, outcome, origin."""
        return ((tool, outcome, origin) for tool in self.tools for outcome, origin in _RESPONSES)

    def strikes(self) -> Iterator[Labels]:
        """rule, fault, tool, phase: for the declared tools that the rule may concern."""
        for rule in self._profile.rules:
            for fault in rule.fault:
                for name in self._tools_of(rule):
                    yield rule.name, fault.type, name, fault.strikes

    def operations(self) -> Iterator[Labels]:
        """tool, result."""
        return ((tool, result) for tool in self.tools for result in OperationResult)

    def episodes(self) -> Iterator[Labels]:
        """fault, tool, resolution."""
        ours = [(fault, tool) for _, fault, tool, _ in self.strikes()]
        others = [(fault, tool) for fault in NOT_OURS for tool in self.tools]
        return ((fault, tool, resolution) for fault, tool in ours + others for resolution in Resolution)

    def verdicts(self) -> Iterator[Labels]:
        """fault, verdict."""
        return ((fault, verdict) for fault in (*self.faults, *NOT_OURS) for verdict in Verdict)

    def hints(self) -> Iterator[Labels]:
        """verdict, hint."""
        return ((verdict, hint) for verdict in RetryAfterVerdict for hint in HINTS)

    def of_another(self, tool: str) -> Iterator[tuple[Metric, Iterable[Labels]]]:
        """What may be counted later of a tool that nobody declared and that has just been called for the first time."""
        alone = (tool,)
        yield table.DUPLICATE_EFFECTS, product(alone, Certainty)
        yield table.IDEMPOTENCY_KEYS, product(alone, KeyVerdict)
        yield table.WASTED_CALLS, product(alone, WasteReason)
        yield table.RETRY_BUDGET_EXCEEDED, (alone,)
        yield table.OPERATIONS, product(alone, OperationResult)
        yield table.EPISODES, product((*self.faults, *NOT_OURS), alone, Resolution)

    def duplicates(self) -> Iterator[Labels]:
        """tool, certainty: for tools that may write."""
        return product(self._writing, Certainty)

    def key_verdicts(self) -> Iterator[Labels]:
        """tool, verdict: for tools that may write."""
        return product(self._writing, KeyVerdict)

    def wasted(self) -> Iterator[Labels]:
        """tool, reason."""
        return product(self.tools, WasteReason)

    @staticmethod
    def loops() -> Iterator[Labels]:
        """What went round: kind."""
        return zip(LoopKind)

    @staticmethod
    def backoffs() -> Iterator[Labels]:
        """layer, shape."""
        return product(RETRIERS, BackoffShape)

    @staticmethod
    def tunnels() -> Iterator[Labels]:
        """mode, reason: those that are a matter of course."""
        yield TunnelMode.BLIND, TunnelReason.NO_RULE
        yield TunnelMode.INTERCEPTED, TunnelReason.RULE

    def _tools_of(self, rule: Rule) -> Iterator[str]:
        match = rule.match
        for name, tool in self._profile.tools.items():
            named = fnmatchcase(name, match.tool or "*") and fnmatchcase(tool.upstream, match.upstream or "*")
            if named and (match.method is None or tool.method is None or match.method == tool.method):
                yield name


def _may_write(tool: Tool) -> bool:
    return tool.effect is ToolEffect.WRITE or (tool.effect is None and tool.method not in {"GET", "HEAD"})
