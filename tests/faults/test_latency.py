import statistics
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.effects import Delay
from chaosproxy.core.failures import Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults.latency import Latency

DRAWS = st.floats(0, 1, exclude_max=True)
LARGEST_DRAW = 1 - 2.0**-53


def latency(**settings: object) -> Latency:
    return Latency.model_validate({"type": "latency", **settings})


@pytest.mark.parametrize(
    ("settings", "draw", "seconds"),
    [
        ({"delay": "2s"}, 0.7, 2.0),
        ({"delay": 0}, 0.7, 0.0),
        ({"delay": "1h"}, 0.7, 3600.0),
        ({"max": "4s"}, 0.25, 1.0),
        ({"min": "1s", "max": "5s"}, 0.5, 3.0),
        ({"distribution": "uniform", "min": "1s", "max": "5s"}, 0.0, 1.0),
        ({"mean": "2s", "stddev": "100ms"}, 0.5, 2.0),
        ({"median": "800ms", "p99": "6s"}, 0.5, 0.8),
        ({"median": "800ms", "p99": "6s"}, 0.99, 6.0),
        ({"median": "1s", "p99": "1s"}, 0.3, 1.0),
        ({"scale": "100ms", "alpha": 2}, 0.0, 0.1),
        ({"scale": "100ms", "alpha": 2}, 0.75, 0.2),
    ],
)
def test_does(settings: dict[str, Any], draw: float, seconds: float) -> None:
    assert latency(**settings).seconds(draw) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "delay: latency needs a delay, or a distribution and its settings"),
        ({"min": "1s"}, "delay: latency needs a delay"),
        ({"median": "1s"}, "p99: a lognormal distribution needs median and p99"),
        ({"distribution": "pareto", "scale": "1s"}, "alpha: a pareto distribution needs scale and alpha"),
        ({"distribution": "uniform", "min": "1s"}, "max: a uniform distribution needs max"),
        (
            {"delay": "1s", "median": "1s", "p99": "2s"},
            r"distribution: .* fixed \(delay\) and lognormal \(median, p99\)",
        ),
        ({"distribution": "fixed", "delay": "1s", "p99": "2s"}, "p99: a fixed distribution knows delay only"),
        ({"delay": "1s", "max": "2s"}, "max: a fixed distribution knows delay only"),
        ({"median": "2s", "p99": "1s"}, "median: 2s is more than p99, which is 1s"),
        ({"median": "1s", "p99": "20m"}, "p99: 20m is more than max, which is 10m"),
        ({"min": "5s", "max": "1s"}, "min: 5s is more than max, which is 1s"),
        ({"mean": "1s", "stddev": "1s", "min": "2s"}, "min: 2s is more than mean"),
        ({"median": 0, "p99": "1s"}, "median\n.*greater than 0"),
        ({"scale": "1s", "alpha": 0}, "alpha\n.*greater than 0"),
        ({"delay": 2}, "delay\n.*expected a duration with its unit"),
        ({"distribution": "gaussian", "delay": "1s"}, "distribution\n.*'lognormal'"),
    ],
)
def test_refuses(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        latency(**settings)


@pytest.mark.parametrize("phase", [Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM])
def test_delays_in_its_phase(phase: Phase, turn_of: Callable[..., Turn]) -> None:
    assert latency(delay="2s", phase=phase.value).effects(turn_of(), "slow") == (Delay(2.0, phase),)


def test_the_same_call_is_equally_late_and_others_are_not(turn_of: Callable[..., Turn]) -> None:
    slow = latency(median="1s", p99="5s")
    assert slow.effects(turn_of(key=1), "slow") == slow.effects(turn_of(key=1), "slow")
    assert slow.effects(turn_of(key=1), "slow") != slow.effects(turn_of(key=2), "slow")
    assert slow.effects(turn_of(key=1), "slow") != slow.effects(turn_of(key=1), "slower")


@given(DRAWS, DRAWS, st.sampled_from(["uniform", "normal", "lognormal", "pareto"]))
def test_a_later_draw_is_never_earlier_and_all_keep_to_the_bounds(one: float, other: float, shape: str) -> None:
    slow = {
        "uniform": latency(min="1s", max="9s"),
        "normal": latency(mean="2s", stddev="3s", min="1s", max="9s"),
        "lognormal": latency(median="2s", p99="8s", max="9s"),
        "pareto": latency(scale="1s", alpha=0.5, max="9s"),
    }[shape]
    assert 0 <= slow.seconds(min(one, other)) <= slow.seconds(max(one, other)) <= 9
    if shape != "lognormal":
        assert slow.seconds(min(one, other)) >= 1


@given(st.integers(1, 10**6), st.floats(1, 10**4))
def test_a_lognormal_delay_has_the_median_and_the_p99_that_were_asked_for(median_ms: int, stretch: float) -> None:
    median, p99 = median_ms / 1000, median_ms / 1000 * stretch
    slow = latency(median=f"{median:.6f}s", p99=f"{p99:.6f}s", max="9999999d")
    assert slow.seconds(0.5) == pytest.approx(median, rel=1e-3, abs=1e-6)
    assert slow.seconds(0.99) == pytest.approx(p99, rel=1e-3, abs=1e-6)


@given(st.sampled_from([{"median": "1ms", "p99": "9999999d"}, {"scale": "9999s", "alpha": 0.0001}]))
def test_the_wildest_tail_is_capped_and_overflows_nothing(settings: dict[str, Any]) -> None:
    assert latency(**settings, max="9999999d").seconds(LARGEST_DRAW) == pytest.approx(9999999 * 86400.0)


def test_a_sample_of_calls_has_the_quantiles_that_were_asked_for(turn_of: Callable[..., Turn]) -> None:
    slow = latency(median="800ms", p99="6s")
    delays = [slow.seconds(turn_of(key=key).draw("slow", "latency")) for key in range(8_000)]
    cuts = statistics.quantiles(delays, n=100)
    assert cuts[49] == pytest.approx(0.8, rel=0.05)
    assert cuts[98] == pytest.approx(6.0, rel=0.2)


def test_a_normal_delay_is_cut_off_below_and_not_heaped_up() -> None:
    slow = latency(mean="1s", stddev="1s")
    draws = [number / 10_000 for number in range(10_000)]
    delays = [slow.seconds(draw) for draw in draws]
    assert min(delays) >= 0
    assert sum(delay < 0.01 for delay in delays) < 60
    # The mean of N(1, 1) cut off below 0: 1 + pdf(1) / cdf(1).
    assert statistics.fmean(delays) == pytest.approx(1.2876, rel=0.005)
