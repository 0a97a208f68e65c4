"""The metrics' names and labels are a contract; Prometheus' own linter has no objection to them."""

import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chaosproxy.core.bus import Bus
from chaosproxy.core.call import Layer
from chaosproxy.core.events import (
    BackoffSeen,
    BackoffShape,
    CallReceived,
    CallWasted,
    Certainty,
    DuplicateEffect,
    FaultInjected,
    KeyJudged,
    KeyVerdict,
    LoopFound,
    LoopKind,
    OperationClosed,
    OperationResult,
    RequestRefused,
    RetryAfterJudged,
    RetryAfterVerdict,
    RetryOverBudget,
    RetryWaited,
    TunnelMode,
    TunnelOpened,
    TunnelReason,
    WasteReason,
)
from chaosproxy.telemetry import metric_table
from chaosproxy.telemetry.metric_table import Metric, MetricKind
from chaosproxy.telemetry.metrics import Metrics
from tests.telemetry.happenings import MATCH, REFUSED, STRUCK, TUNNEL_CLOSED, Books, answered, call, episode, profile

TABLE = [each for each in vars(metric_table).values() if isinstance(each, Metric)]

CONTRACT = """
calls_total tool transport kind layer
responses_total tool outcome origin
faults_injected_total rule fault tool phase
faults_eligible_total rule
faults_skipped_total rule reason
faults_active fault
operations_total tool result
episodes_total fault tool resolution
episode_verdicts_total fault verdict
episodes_open
recovery_seconds fault
recovery_attempts fault
retry_wait_seconds layer
retry_after_total verdict hint
backoff_shape_total layer shape
wasted_calls_total tool reason
duplicate_effects_total tool certainty
idempotency_keys_total tool verdict
loops_total kind
retry_budget_exceeded_total tool
upstream_seconds tool
overhead_seconds transport
injected_delay_seconds fault
sessions_active
connections_active
requests_refused_total reason
tunnels_total mode reason
tunnels_active
tunnel_bytes_total direction
events_dropped_total
label_overflow_total
profile_info name digest seed
build_info version
"""


@pytest.fixture(scope="module")
def busy_text() -> bytes:
    """A scrape in which every metric has a series that has moved."""
    books = Books()
    metrics = Metrics(profile(), "abc123", books, books, books)
    bus = Bus()
    metrics.attach(bus)
    for event in (
        CallReceived(call(), MATCH),
        FaultInjected(call(), STRUCK),
        answered(),
        answered(decision=STRUCK, answer=REFUSED),
        RetryWaited(call(), Layer.SDK, 1.5),
        RetryAfterJudged("agent-1", "find", RetryAfterVerdict.LATE, "retry-after", 2.0, 60.0),
        DuplicateEffect(call(), Certainty.CONFIRMED),
        KeyJudged(call(), KeyVerdict.ABSENT),
        CallWasted(call(), WasteReason.LOOP),
        LoopFound("agent-1", ("find",), LoopKind.IDENTICAL, (1, 2, 3), 1.5),
        BackoffSeen("agent-1", "find", 7, Layer.SDK, BackoffShape.FIXED, (1.0, 1.0)),
        RetryOverBudget(call()),
        OperationClosed("agent-1", "find", OperationResult.FAILED, 1),
        episode(),
        RequestRefused("bad_framing", "two lengths", 400),
        TunnelOpened("pay.test:443", TunnelMode.BLIND, TunnelReason.NO_CA),
        TUNNEL_CLOSED,
    ):
        bus.publish(event)
    return metrics.render("")[0]


def test_names_and_labels() -> None:
    expected = {f"chaosproxy_{name}": tuple(labels) for name, *labels in map(str.split, CONTRACT.split("\n")[1:-1])}

    assert {metric.name: metric.labels for metric in TABLE} == expected


def test_every_metric_is_scraped_with_its_labels(busy_text: bytes) -> None:
    scraped = {
        sample.name: set(sample.labels) - {"le"}
        for family in text_string_to_metric_families(busy_text.decode())
        for sample in family.samples
    }

    for metric in TABLE:
        name = f"{metric.name}_count" if metric.kind is MetricKind.HISTOGRAM else metric.name
        assert scraped[name] == set(metric.labels)


@pytest.mark.parametrize("metric", [each for each in TABLE if each.bounds], ids=lambda metric: metric.name)
def test_buckets_ascend(metric: Metric) -> None:
    assert sorted(set(metric.bounds)) == list(metric.bounds)


def test_promtool_has_no_objection(busy_text: bytes) -> None:
    checked = subprocess.run(["promtool", "check", "metrics"], input=busy_text, capture_output=True, check=False)

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_promtool_would_object(busy_text: bytes) -> None:
    spoiled = busy_text.replace(b"calls_total", b"calls")
    checked = subprocess.run(["promtool", "check", "metrics"], input=spoiled, capture_output=True, check=False)

    assert b'counter metrics should have "_total" suffix' in checked.stderr
