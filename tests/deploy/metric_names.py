"""Which of the metrics and labels that a PromQL expression names do not exist."""

import re
from collections.abc import Collection

from chaosproxy.telemetry import metric_table
from chaosproxy.telemetry.metric_table import Metric, MetricKind

TABLE = [each for each in vars(metric_table).values() if isinstance(each, Metric)]
GIVEN_BY_SCRAPES = {"job", "instance"}


def _series() -> dict[str, set[str]]:
    """Labels by the name of the series as it is scraped."""
    series: dict[str, set[str]] = {"up": set()}
    for metric in TABLE:
        if metric.kind is MetricKind.HISTOGRAM:
            series[f"{metric.name}_bucket"] = {*metric.labels, "le"}
            series[f"{metric.name}_sum"] = series[f"{metric.name}_count"] = set(metric.labels)
        else:
            series[metric.name] = set(metric.labels)
    return series


SERIES = _series()
_SELECTED = re.compile(r"\b([a-z]\w*(?::\w+)*:chaosproxy_[\w:]+|chaosproxy_\w+|up)\b(?:\{([^}]*)\})?")


def unknown_metrics(expression: str, recorded: Collection[str] = ()) -> set[str]:
    """Names of series, and of labels in their selectors, that nothing exports; `recorded` are those of rules."""
    unknown = set()
    for name, selector in _SELECTED.findall(expression):
        if name in recorded:
            continue
        if name not in SERIES:
            unknown.add(name)
            continue
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
        unknown |= {f"{name}{{{label}}}" for label in asked - SERIES[name] - GIVEN_BY_SCRAPES}
    return unknown
