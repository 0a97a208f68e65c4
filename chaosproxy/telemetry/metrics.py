"""Counts events with plain numbers as they happen, and shows them to Prometheus when it asks.

The hot path is `_answered`: a call costs a few dictionary entries. Everything that can wait for a scrape does.
Never labels by session, id, URL, argument or text; knows no fault by name.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol, cast

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from chaosproxy import __version__
from chaosproxy.core.answer import Origin
from chaosproxy.core.bus import Bus
from chaosproxy.core.decision import QUIET
from chaosproxy.core.events import (
    BackoffSeen,
    CallAnswered,
    CallWasted,
    ConnectionCounted,
    DuplicateEffect,
    EpisodeClosed,
    FaultInjected,
    KeyJudged,
    LoopFound,
    OperationClosed,
    OperationResult,
    RequestRefused,
    RetryAfterJudged,
    RetryOverBudget,
    RetryWaited,
    TunnelClosed,
    TunnelOpened,
)
from chaosproxy.core.replies import HINT_SOURCES
from chaosproxy.core.sparing import rules_spared
from chaosproxy.profiles.models import Profile
from chaosproxy.telemetry import metric_table as table
from chaosproxy.telemetry.delays import delay_shares
from chaosproxy.telemetry.families import counter_family, gauge_family, histogram_family, info_family
from chaosproxy.telemetry.histogram import Histogram
from chaosproxy.telemetry.histograms import Histograms
from chaosproxy.telemetry.known_labels import NOT_OURS, RETRIERS, KnownLabels, Labels, SeriesBudget
from chaosproxy.telemetry.labels import OTHER, BoundedLabels
from chaosproxy.telemetry.totals import Totals

TOOLS_SEEN_MOST = 50
"""Tools that get a label of their own beside the declared ones."""
WORDS_SEEN_MOST = 40
"""Reasons and hints that get a label of their own."""
UPSTREAM: Final = Origin.UPSTREAM
"""Looked up once: an enum member costs more than a global, and every call asks."""
SERIES_AT_REST_MOST = 2500
"""What may stand at 0 before the first call: 20 tools, and some ten milliseconds' work for each scrape."""


class EngineCounters(Protocol):
    """What we read from the engine on a scrape."""

    def eligible_counts(self) -> Mapping[str, int]:
        """Calls that each rule matched, by the rule's name."""


class RecoveryCounters(Protocol):
    """What we read from the recovery tracker on a scrape: most operations are clean and worth no event."""

    @property
    def clean_operations(self) -> Mapping[str, int]:
        """Operations that ended without a failure, by tool."""

    @property
    def open_episodes(self) -> int:
        """Episodes that are not decided yet."""

    @property
    def active_sessions(self) -> int:
        """Sessions that are not over."""


class DropCounter(Protocol):
    """What we read from the journal on a scrape."""

    @property
    def dropped(self) -> int:
        """Lines it could not write."""


class Metrics:
    """All metrics of one run. `attach` it to the bus, and `render` it for whoever scrapes."""

    def __init__(
        self,
        profile: Profile,
        digest: str,
        engine: EngineCounters,
        tracker: RecoveryCounters,
        journal: DropCounter | None = None,
    ) -> None:
        """`digest` is the loaded profile's; without a `journal` no line can be dropped."""
        self._engine = engine
        self._tracker = tracker
        self._journal = journal
        self._info = {
            table.PROFILE_INFO: (profile.name, digest, str(profile.seed)),
            table.BUILD_INFO: (__version__,),
        }
        self._budget = SeriesBudget(SERIES_AT_REST_MOST)
        self._counters: dict[table.Metric, defaultdict[Labels, int]] = {}
        self._gauges: dict[table.Metric, defaultdict[Labels, int]] = {}
        self._histograms: dict[table.Metric, Histograms] = {}
        self._known = known = KnownLabels(profile)
        self._open_families(known)
        self._open_histograms(known)
        self._tools = BoundedLabels(known.tools, TOOLS_SEEN_MOST, self._tool_seen)
        self._words = BoundedLabels(HINT_SOURCES, WORDS_SEEN_MOST)
        self._struck: set[int] = set()
        """Numbers of the calls that are under a fault now."""
        self._registry = CollectorRegistry()
        # A collector by what it does, not by descent: a class of another's cannot be compiled.
        self._registry.register(cast("Collector", self))

    def _open_families(self, known: KnownLabels) -> None:
        """The smaller a set the earlier: what comes last may find the budget used up."""
        alone = [()]
        self._eligible = self._counter(table.FAULTS_ELIGIBLE, zip(known.rules))
        self._active = self._gauge(table.FAULTS_ACTIVE, zip(known.faults))
        self._skipped = self._counter(table.FAULTS_SKIPPED)
        self._episodes_open = self._gauge(table.EPISODES_OPEN, alone)
        self._sessions_active = self._gauge(table.SESSIONS_ACTIVE, alone)
        self._connections = self._gauge(table.CONNECTIONS_ACTIVE, alone)
        self._tunnels_active = self._gauge(table.TUNNELS_ACTIVE, alone)
        self._tunnels = self._counter(table.TUNNELS, known.tunnels())
        self._tunnel_bytes = self._counter(table.TUNNEL_BYTES, [("up",), ("down",)])
        self._refused = self._counter(table.REQUESTS_REFUSED)
        self._dropped = self._counter(table.EVENTS_DROPPED, alone)
        self._overflow = self._counter(table.LABEL_OVERFLOW, alone)
        self._open_recovery(known)
        self._injected = self._counter(table.FAULTS_INJECTED, known.strikes())
        self._responses = self._counter(table.RESPONSES, known.responses())
        self._calls = self._counter(table.CALLS, known.calls())
        self._episodes = self._counter(table.EPISODES, known.episodes())

    def _open_recovery(self, known: KnownLabels) -> None:
        self._loops = self._counter(table.LOOPS, known.loops())
        self._retry_after = self._counter(table.RETRY_AFTER, known.hints())
        self._backoffs = self._counter(table.BACKOFF_SHAPE, known.backoffs())
        self._verdicts = self._counter(table.EPISODE_VERDICTS, known.verdicts())
        self._duplicates = self._counter(table.DUPLICATE_EFFECTS, known.duplicates())
        self._keys = self._counter(table.IDEMPOTENCY_KEYS, known.key_verdicts())
        self._over_budget = self._counter(table.RETRY_BUDGET_EXCEEDED, zip(known.tools))
        self._wasted = self._counter(table.WASTED_CALLS, known.wasted())
        self._operations = self._counter(table.OPERATIONS, known.operations())

    def _open_histograms(self, known: KnownLabels) -> None:
        self._overhead = self._histogram(table.OVERHEAD_SECONDS, [("http",)])
        self._recovery = self._histogram(table.RECOVERY_SECONDS, zip((*known.faults, *NOT_OURS)))
        self._attempts = self._histogram(table.RECOVERY_ATTEMPTS, zip((*known.faults, *NOT_OURS)))
        self._waits = self._histogram(table.RETRY_WAIT_SECONDS, zip(RETRIERS))
        self._upstream = self._histogram(table.UPSTREAM_SECONDS, zip(known.tools))
        # Not seeded: most faults never delay, and the profile does not say which do.
        self._delays = self._histogram(table.INJECTED_DELAY_SECONDS)

    def _counter(self, metric: table.Metric, known: Iterable[Labels] = ()) -> defaultdict[Labels, int]:
        family = self._counters[metric] = defaultdict(int, dict.fromkeys(self._budget.grant(known), 0))
        return family

    def _gauge(self, metric: table.Metric, known: Iterable[Labels] = ()) -> defaultdict[Labels, int]:
        family = self._gauges[metric] = defaultdict(int, dict.fromkeys(self._budget.grant(known), 0))
        return family

    def _histogram(self, metric: table.Metric, known: Iterable[Labels] = ()) -> Histograms:
        family = self._histograms[metric] = Histograms(metric.bounds)
        for labels in self._budget.grant(known, each=len(metric.bounds) + 3):
            family[labels] = Histogram(metric.bounds)
        return family

    def _tool_seen(self, tool: str) -> None:
        """A tool that nobody declared: what comes of its calls later can be an increase, if it begins at 0 now."""
        for metric, sets in self._known.of_another(tool):
            for labels in self._budget.grant(sets):
                self._counters[metric].setdefault(labels, 0)

    def attach(self, bus: Bus) -> None:
        """Count everything that is published on `bus` from now on."""
        bus.subscribe(FaultInjected, self._began)
        bus.subscribe(CallAnswered, self._answered)
        bus.subscribe(RetryWaited, self._waited)
        bus.subscribe(RetryAfterJudged, self._judged)
        bus.subscribe(DuplicateEffect, self._duplicated)
        bus.subscribe(KeyJudged, self._key_judged)
        bus.subscribe(CallWasted, self._call_wasted)
        bus.subscribe(LoopFound, self._loop_found)
        bus.subscribe(BackoffSeen, self._backoff_seen)
        bus.subscribe(RetryOverBudget, self._budget_exceeded)
        bus.subscribe(OperationClosed, self._operation_closed)
        bus.subscribe(EpisodeClosed, self._episode_closed)
        bus.subscribe(RequestRefused, self._request_refused)
        bus.subscribe(TunnelOpened, self._tunnel_opened)
        bus.subscribe(TunnelClosed, self._tunnel_closed)
        bus.subscribe(ConnectionCounted, self._connection_counted)

    def render(self, accept: str) -> tuple[bytes, str]:
        """The metrics as text, and its content type: OpenMetrics if the header `accept` asks for it."""
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError):  # the library stumbles over a version that is no number
            encode, content_type = choose_encoder("")
        return encode(self._registry), content_type

    def totals(self) -> Totals:
        """The run in a few numbers."""
        return Totals(
            calls=sum(self._calls.values()),
            faults_injected=sum(self._injected.values()),
            episodes_open=self._tracker.open_episodes,
            sessions_active=self._tracker.active_sessions,
            connections_active=self._connections[()],
        )

    def describe(self) -> Iterator[Family]:
        """No names in advance: our registry holds nothing else that they could clash with."""
        return iter(())

    def collect(self) -> Iterator[Family]:
        """Every metric, as counted so far."""
        self._read_others()
        for metric, labels in self._info.items():
            yield info_family(metric, labels)
        for metric, counts in self._counters.items():
            yield counter_family(metric, counts)
        for metric, counts in self._gauges.items():
            yield gauge_family(metric, counts)
        for metric, histograms in self._histograms.items():
            yield histogram_family(metric, histograms)

    def _read_others(self) -> None:
        for rule, count in self._engine.eligible_counts().items():
            self._eligible[(rule,)] = count
        clean: Counter[str] = Counter()
        for tool, count in self._tracker.clean_operations.items():
            clean[self._tools.get(tool, OTHER)] += count
        for tool, count in clean.items():
            self._operations[tool, OperationResult.CLEAN] = count
        self._episodes_open[()] = self._tracker.open_episodes
        self._sessions_active[()] = self._tracker.active_sessions
        self._dropped[()] = 0 if self._journal is None else self._journal.dropped
        self._overflow[()] = self._tools.overflow + self._words.overflow

    def _began(self, event: FaultInjected) -> None:
        self._struck.add(event.call.number)
        tool = self._tools[event.call.route.tool]
        for injection in event.decision.injections:
            self._injected[injection.rule, injection.fault, tool, injection.phase] += 1
            self._active[(injection.fault,)] += 1

    def _answered(self, event: CallAnswered) -> None:
        call, match, answer, decision = event.call, event.match, event.answer, event.decision
        route = call.route
        tool = self._tools[route.tool]
        # Not when it came: whether a twin is a hedge shows at its end.
        self._calls[tool, route.transport, match.kind, match.layer] += 1
        self._responses[tool, answer.outcome, answer.origin] += 1
        upstream = answer.upstream_seconds
        if upstream:
            self._upstream[(tool,)].observe(upstream, call.trace_id)
        if decision is not QUIET:
            self._struck_call_answered(event)
        if answer.origin is UPSTREAM and not decision.injections:
            # Its two ends are read at slightly different moments than ours: below 0 means nothing to speak of.
            own = answer.ended - call.received - upstream
            self._overhead[(route.transport,)].observe(own if own > 0 else 0.0)

    def _struck_call_answered(self, event: CallAnswered) -> None:
        call, answer, decision = event.call, event.answer, event.decision
        for rule, reason in decision.skipped:
            self._skipped[rule, self._words[reason]] += 1
        if answer.skipped is not None and decision.rule is not None:
            for rule in rules_spared(decision):
                self._skipped[rule, self._words[answer.skipped]] += 1
        if call.number in self._struck:
            self._struck.remove(call.number)
            for injection in decision.injections:
                self._active[(injection.fault,)] -= 1
        if answer.injected_seconds:
            for fault, seconds in delay_shares(decision, answer.injected_seconds):
                self._delays[(fault,)].observe(seconds, call.trace_id)

    def _waited(self, event: RetryWaited) -> None:
        self._waits[(event.layer,)].observe(event.wait, event.call.trace_id)

    def _judged(self, event: RetryAfterJudged) -> None:
        self._retry_after[event.verdict, self._words[event.hint]] += 1

    def _duplicated(self, event: DuplicateEffect) -> None:
        self._duplicates[self._tools[event.call.route.tool], event.certainty] += event.times

    def _key_judged(self, event: KeyJudged) -> None:
        self._keys[self._tools[event.call.route.tool], event.verdict] += 1

    def _call_wasted(self, event: CallWasted) -> None:
        self._wasted[self._tools[event.call.route.tool], event.reason] += 1

    def _loop_found(self, event: LoopFound) -> None:
        self._loops[(event.kind,)] += 1

    def _backoff_seen(self, event: BackoffSeen) -> None:
        self._backoffs[event.layer, event.shape] += 1

    def _budget_exceeded(self, event: RetryOverBudget) -> None:
        self._over_budget[(self._tools[event.call.route.tool],)] += 1

    def _operation_closed(self, event: OperationClosed) -> None:
        if event.result is not OperationResult.CLEAN:  # the clean ones are read from the tracker
            self._operations[self._tools[event.tool], event.result] += 1

    def _episode_closed(self, event: EpisodeClosed) -> None:
        self._episodes[event.fault, self._tools[event.tool], event.resolution] += 1
        self._verdicts[event.fault, event.verdict] += 1
        if event.resolution.recovered:
            self._recovery[(event.fault,)].observe(event.closed - event.opened, event.trace_id)
            self._attempts[(event.fault,)].observe(event.attempts, event.trace_id)

    def _request_refused(self, event: RequestRefused) -> None:
        self._refused[(self._words[event.reason],)] += 1

    def _tunnel_opened(self, event: TunnelOpened) -> None:
        self._tunnels[event.mode, event.reason] += 1
        self._tunnels_active[()] += 1

    def _tunnel_closed(self, event: TunnelClosed) -> None:
        self._tunnels_active[()] -= 1
        self._tunnel_bytes[("up",)] += event.bytes_up
        self._tunnel_bytes[("down",)] += event.bytes_down

    def _connection_counted(self, event: ConnectionCounted) -> None:
        self._connections[()] += event.change
