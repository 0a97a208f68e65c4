"""An agent that calls ten thousand tools with the oddest names costs fifty labels, and spoils no scrape."""

from collections import defaultdict
from collections.abc import Iterator
from io import StringIO

import pytest
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families as prometheus_families

from chaosproxy.core.bus import Bus
from chaosproxy.core.call import Call
from chaosproxy.core.events import (
    CallWasted,
    Certainty,
    DuplicateEffect,
    Event,
    FaultInjected,
    KeyJudged,
    KeyVerdict,
    OperationClosed,
    OperationResult,
    RetryOverBudget,
    WasteReason,
)
from chaosproxy.telemetry.labels import LONGEST, OTHER
from chaosproxy.telemetry.metrics import SERIES_AT_REST_MOST, TOOLS_SEEN_MOST, Metrics
from tests.telemetry.happenings import REFUSED, STRUCK, Books, answered, call, profile, route

NAMES = 10_000
ODD = ('quo"te', "back\\slash", "new\nline", "{braces}", "", "\udce9 half", "\x00", "é" * 5_000, "_other", "# HELP x")


def hostile() -> Iterator[Call]:
    for number in range(NAMES):
        name = ODD[number] if number < len(ODD) else f'GET /{number}/{{"x"}}\\'
        yield call(number, route(name), trace_id="4bf92f3577b34da6a3ce929d0e0e4736")


def consequences(of: Call) -> Iterator[Event]:
    """One event of each kind that is counted by tool."""
    yield FaultInjected(of, STRUCK)
    yield answered(about=of, decision=STRUCK, answer=REFUSED)
    yield DuplicateEffect(of, Certainty.CONFIRMED)
    yield KeyJudged(of, KeyVerdict.ROTATED)
    yield CallWasted(of, WasteReason.LOOP)
    yield RetryOverBudget(of)
    yield OperationClosed("agent-1", of.route.tool, OperationResult.FAILED, 2)


@pytest.fixture(scope="module")
def metrics() -> Metrics:
    books = Books()
    metrics = Metrics(profile(), "abc123", books, books, books)
    bus = Bus()
    metrics.attach(bus)
    for each in hostile():
        for event in consequences(each):
            bus.publish(event)
    books.clean_operations = {each.route.tool: 1 for each in hostile()}
    return metrics


@pytest.fixture(scope="module")
def text(metrics: Metrics) -> bytes:
    return metrics.render("")[0]


def test_fifty_labels_whatever_is_called(text: bytes) -> None:
    tools: defaultdict[str, set[str]] = defaultdict(set)
    for family in prometheus_families(text.decode()):
        for sample in family.samples:
            if "tool" in sample.labels:
                tools[sample.name].add(sample.labels["tool"])

    assert {"chaosproxy_calls_total", "chaosproxy_wasted_calls_total", "chaosproxy_operations_total"} <= set(tools)
    for name, values in tools.items():
        assert len(values) <= 2 + TOOLS_SEEN_MOST + 1, name
        assert max(map(len, values)) <= LONGEST


def test_the_rest_is_counted_together_and_said(text: bytes) -> None:
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in prometheus_families(text.decode())
        for sample in family.samples
    }

    # One of the odd names is the very label that the others get.
    assert samples["chaosproxy_retry_budget_exceeded_total", ("tool", OTHER)] == NAMES - TOOLS_SEEN_MOST + 1
    assert samples["chaosproxy_label_overflow_total",] >= NAMES - TOOLS_SEEN_MOST
    wasted = [value for (name, *_), value in samples.items() if name == "chaosproxy_wasted_calls_total"]
    assert sum(wasted) == NAMES, "none is lost"


def test_series_stay_few(text: bytes) -> None:
    series = [line for line in text.splitlines() if not line.startswith(b"#")]

    # At rest, and what has moved: some ten series for each of 51 tools.
    assert len(series) < SERIES_AT_REST_MOST + 51 * 16
    assert len(text) < 1_000_000


def test_both_formats_can_be_read(metrics: Metrics) -> None:
    openmetrics = metrics.render("application/openmetrics-text; version=1.0.0")[0]

    assert openmetrics.endswith(b"# EOF\n")
    lines = StringIO(openmetrics.decode())
    # prometheus_client does not annotate this one.
    families = openmetrics_parser.text_fd_to_metric_families(lines)  # type: ignore[no-untyped-call]
    assert "chaosproxy_duplicate_effects" in {family.name for family in families}
