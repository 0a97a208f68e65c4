"""Buckets hold what their bound says: everything at or below it."""

from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.telemetry.histogram import Exemplified, Histogram
from chaosproxy.telemetry.histograms import Histograms

BOUNDS = (0.1, 1.0, 10.0)


@given(st.lists(st.one_of(st.sampled_from(BOUNDS), st.floats(0, 100))))
def test_cumulative_buckets(values: list[float]) -> None:
    histogram = Histogram(BOUNDS)
    for value in values:
        histogram.observe(value)

    assert histogram.cumulative() == [sum(value <= top for value in values) for top in (*BOUNDS, float("inf"))]
    assert histogram.total == sum(values)


def test_latest_trace_of_each_bucket() -> None:
    histogram = Histogram(BOUNDS)
    for value, trace_id in ((0.5, "first"), (0.6, "second"), (0.7, None), (50, "far"), (0.05, "x" * 65)):
        histogram.observe(value, trace_id)

    assert histogram.exemplars == {1: Exemplified(0.6, "second"), 3: Exemplified(50, "far")}


def test_made_when_asked_for() -> None:
    histograms = Histograms(BOUNDS)
    histograms["find",].observe(0.5)
    histograms["find",].observe(0.5)

    assert {labels: each.cumulative() for labels, each in histograms.items()} == {("find",): [0, 2, 2, 2]}
