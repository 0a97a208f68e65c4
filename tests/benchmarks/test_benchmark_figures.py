from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import calls, ours
from benchmarks.distribution import distribution_of
from benchmarks.flatness import trend
from benchmarks.judge_calls import calls_to
from benchmarks.many_rules import RULES, profile_with
from chaosproxy.engine.engine import Engine
from chaosproxy.profiles.loader import load_profile


def test_a_distribution_is_three_figures_of_the_sorted_whole() -> None:
    whole = distribution_of([seconds / 100 for seconds in range(100, 0, -1)])

    assert (whole.count, whole.p50, whole.p99, whole.longest) == (100, 0.51, 1.0, 1.0)


@given(st.floats(-10, 10), st.floats(1, 1e6), st.integers(6, 50))
def test_a_line_is_found_again_and_the_warm_up_does_not_count(slope: float, level: float, count: int) -> None:
    points = [(float(at), level + slope * at) for at in range(count)]
    wild = [(at, 1e9 if at < (count - 1) / 3 else figure) for at, figure in points]

    found = trend(wild)

    kept = [at for at, _ in points if at >= (count - 1) / 3]
    assert found.slope == pytest.approx(slope, abs=1e-6)
    assert found.growth == pytest.approx(slope * (kept[-1] - kept[0]), abs=1e-4)
    assert found.level == pytest.approx(level + slope * sum(kept) / len(kept), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("points", [[(0.0, 1.0), (1.0, 1.0)], [(0.0, 1.0), (0.0, 1.0)]])
def test_two_points_are_no_trend(points: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="too short"):
        trend(points)


def test_metrics_are_summed_over_their_labels() -> None:
    text = '# TYPE a counter\na_total{x="1"} 2\na_total{x="}2"} 3.5\nb 1e3\n'

    assert ours.sums(text) == {"a_total": 5.5, "b": 1000.0}


def test_a_thousand_rules_leave_every_call_alone_as_twenty_do(tmp_path: Path) -> None:
    for rules in RULES:
        loaded = load_profile([profile_with(rules, tmp_path)], {})
        engine = Engine(loaded.profile)
        decisions = [engine.judge(call, 1, 0.0) for call in calls_to(loaded, calls.targets("/tool"), calls.ITEMS)]

        assert len(loaded.profile.rules) == rules
        assert not any(decision.injections for decision in decisions)
        foreign = {name: count for name, count in engine.eligible_counts().items() if name.startswith("foreign")}
        assert len(foreign) == rules - RULES[0]
        assert set(foreign.values()) <= {0}


def test_keys_of_the_twenty_rules_are_replaced_and_lists_added_to(tmp_path: Path) -> None:
    rule = {"name": "more", "match": {"header": {"X-Late": "1"}}, "fault": {"type": "latency", "delay": "50ms"}}
    profile = ours.twenty_rules_and(tmp_path, {"rules": [rule], "upstreams": {"tool": "http://127.0.0.1:1"}})

    loaded = load_profile([profile], {}).profile
    assert [each.name for each in loaded.rules][-1] == "more"
    assert len(loaded.rules) == 21
    assert loaded.upstreams["tool"].url == "http://127.0.0.1:1"
