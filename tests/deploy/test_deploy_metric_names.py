"""Names and labels that nothing exports are found in any expression."""

import pytest

from tests.deploy.metric_names import unknown_metrics


@pytest.mark.parametrize(
    ("expression", "unknown"),
    [
        ('sum by (tool) (rate(chaosproxy_calls_total{kind!="none", job="x"}[5m]))', set()),
        ("histogram_quantile(0.95, sum by (le) (rate(chaosproxy_recovery_seconds_bucket[1h])))", set()),
        ("chaosproxy_calls", {"chaosproxy_calls"}),
        ("chaosproxy_recovery_seconds", {"chaosproxy_recovery_seconds"}),
        ('chaosproxy_loops_total{tool="x", kind=~"a|b"} > 0', {"chaosproxy_loops_total{tool}"}),
        ("job:chaosproxy_known:ratio1h / job:chaosproxy_other:ratio1h", {"job:chaosproxy_other:ratio1h"}),
        ('up{job="chaosproxy"} == 0', set()),
    ],
)
def test_unknown(expression: str, unknown: set[str]) -> None:
    assert unknown_metrics(expression, {"job:chaosproxy_known:ratio1h"}) == unknown
