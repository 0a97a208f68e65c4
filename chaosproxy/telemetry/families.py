"""Turns what was counted into prometheus_client's metric families. Runs on a scrape only; counts nothing."""

from collections.abc import Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.samples import Exemplar

from chaosproxy.telemetry.histogram import Histogram
from chaosproxy.telemetry.metric_table import Metric

Labels = tuple[str, ...]
Bucket = tuple[str, float] | tuple[str, float, Exemplar]


def counter_family(metric: Metric, values: Mapping[Labels, int]) -> CounterMetricFamily:
    """A counter and its series."""
    family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def gauge_family(metric: Metric, values: Mapping[Labels, int]) -> GaugeMetricFamily:
    """A gauge and its series."""
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def info_family(metric: Metric, labels: Labels) -> InfoMetricFamily:
    """A metric whose one series is 1 and says something by its labels."""
    family = InfoMetricFamily(metric.name.removesuffix("_info"), metric.help)
    family.add_metric((), dict(zip(metric.labels, labels, strict=True)))
    return family


def histogram_family(metric: Metric, values: Mapping[Labels, Histogram]) -> HistogramMetricFamily:
    """A histogram and its series; traced observations go along as exemplars, which only OpenMetrics shows."""
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    tops = (*(repr(float(bound)) for bound in metric.bounds), "+Inf")
    for labels, histogram in values.items():
        family.add_metric(labels, _buckets(tops, histogram), histogram.total)
    return family


def _buckets(tops: tuple[str, ...], histogram: Histogram) -> list[Bucket]:
    buckets: list[Bucket] = list(zip(tops, histogram.cumulative(), strict=True))
    for place, traced in histogram.exemplars.items():
        top, count = buckets[place][:2]
        buckets[place] = (top, count, Exemplar({"trace_id": traced.trace_id}, traced.value))
    return buckets
