"""Every metric we export: name, kind, labels, buckets, and the help text that people read in Prometheus.

The names and labels are a public contract. This file knows what the metrics are called, not how they are counted.
"""

from enum import StrEnum

import msgspec


class MetricKind(StrEnum):
    """How Prometheus treats a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


class Metric(msgspec.Struct, frozen=True):
    """One metric, as scraped."""

    name: str
    """The full name, with `_total` or `_info`."""
    kind: MetricKind
    labels: tuple[str, ...]
    help: str
    bounds: tuple[float, ...] = ()
    """Upper bounds of a histogram's buckets, without +Inf. Their tops suit agents, which take minutes."""


def _counter(name: str, labels: str, text: str) -> Metric:
    return Metric(f"chaosproxy_{name}", MetricKind.COUNTER, tuple(labels.split()), text)


def _gauge(name: str, labels: str, text: str) -> Metric:
    return Metric(f"chaosproxy_{name}", MetricKind.GAUGE, tuple(labels.split()), text)


def _histogram(name: str, label: str, bounds: tuple[float, ...], text: str) -> Metric:
    return Metric(f"chaosproxy_{name}", MetricKind.HISTOGRAM, (label,), text, bounds)


def _info(name: str, labels: str, text: str) -> Metric:
    return Metric(f"chaosproxy_{name}", MetricKind.INFO, tuple(labels.split()), text)


CALLS = _counter(
    "calls_total",
    "tool transport kind layer",
    "Calls that are over, by what they are to their operation and who retried.",
)
RESPONSES = _counter(
    "responses_total", "tool outcome origin", "Calls answered, by what the agent saw and whose answer it was."
)
FAULTS_INJECTED = _counter("faults_injected_total", "rule fault tool phase", "Faults that struck a call.")
FAULTS_ELIGIBLE = _counter("faults_eligible_total", "rule", "Calls that a rule matched, whether or not it fired.")
FAULTS_SKIPPED = _counter(
    "faults_skipped_total", "rule reason", "Faults that were due but held back by a budget, or did not fit the reply."
)
FAULTS_ACTIVE = _gauge("faults_active", "fault", "Calls that are under a fault now.")
OPERATIONS = _counter(
    "operations_total", "tool result", "Operations (all attempts of one intention) that are over, by how they ended."
)
EPISODES = _counter(
    "episodes_total", "fault tool resolution", "Episodes (operations that met a failure) that are over, by resolution."
)
EPISODE_VERDICTS = _counter(
    "episode_verdicts_total", "fault verdict", "Episodes that are over, by whether the agent reacted as is right."
)
EPISODES_OPEN = _gauge("episodes_open", "", "Episodes that are not decided yet.")
RECOVERY_SECONDS = _histogram(
    "recovery_seconds",
    "fault",
    (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600),
    "Seconds from the end of the first failure to the success, of recovered episodes.",
)
RECOVERY_ATTEMPTS = _histogram(
    "recovery_attempts",
    "fault",
    (1, 2, 3, 4, 5, 8, 13, 21, 34),
    "Attempts that it took to recover, the failed ones included, of recovered episodes.",
)
RETRY_WAIT_SECONDS = _histogram(
    "retry_wait_seconds",
    "layer",
    (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600),
    "Seconds between the end of a failed attempt and the start of the next one of its operation.",
)
RETRY_AFTER = _counter(
    "retry_after_total", "verdict hint", "Answers that said when to come back, by what the agent made of it."
)
BACKOFF_SHAPE = _counter(
    "backoff_shape_total",
    "layer shape",
    "Episodes with retries that nobody had asked to wait, by how their waits grew and by who waited last.",
)
WASTED_CALLS = _counter("wasted_calls_total", "tool reason", "Calls that were made in vain, by why.")
DUPLICATE_EFFECTS = _counter(
    "duplicate_effects_total",
    "tool certainty",
    "Second effects of writes: risked (exposed), seen by us, each execution beyond the first (confirmed), or avoided.",
)
IDEMPOTENCY_KEYS = _counter(
    "idempotency_keys_total", "tool verdict", "Retries of writes, by what they did with the operation's key."
)
LOOPS = _counter("loops_total", "kind", "Loops that agents got into, each counted once however long it went on.")
RETRY_BUDGET_EXCEEDED = _counter(
    "retry_budget_exceeded_total", "tool", "Retries that a retry budget would have refused. None was refused."
)
UPSTREAM_SECONDS = _histogram(
    "upstream_seconds",
    "tool",
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
    "Seconds from the request's going out to the end of the upstream's answer.",
)
OVERHEAD_SECONDS = _histogram(
    "overhead_seconds",
    "transport",
    (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1),
    "Seconds that the proxy itself added to a call without a fault.",
)
INJECTED_DELAY_SECONDS = _histogram(
    "injected_delay_seconds",
    "fault",
    (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600),
    "Seconds that a fault added to a call.",
)
SESSIONS_ACTIVE = _gauge("sessions_active", "", "Sessions (agent runs) that are not over.")
CONNECTIONS_ACTIVE = _gauge("connections_active", "", "Connections that agents hold open.")
REQUESTS_REFUSED = _counter(
    "requests_refused_total",
    "reason",
    "Requests refused before they were a call: not HTTP, too large, no such tool.",
)
TUNNELS = _counter(
    "tunnels_total", "mode reason", "Tunnels opened, by what is done with what passes through them, and why."
)
TUNNELS_ACTIVE = _gauge("tunnels_active", "", "Tunnels that are open.")
TUNNEL_BYTES = _counter(
    "tunnel_bytes_total",
    "direction",
    "Bytes that passed through closed tunnels unread: up from agents, down to them.",
)
EVENTS_DROPPED = _counter("events_dropped_total", "", "Journal lines lost because the journal could not be written.")
LABEL_OVERFLOW = _counter(
    "label_overflow_total", "", "Observations filed under the label value _other because there were too many values."
)
PROFILE_INFO = _info("profile_info", "name digest seed", "The fault profile in force.")
BUILD_INFO = _info("build_info", "version", "The version that runs.")
