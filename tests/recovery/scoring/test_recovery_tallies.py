"""What follows from the counts of one fault."""

from collections.abc import Iterable

import pytest

from chaosproxy.core.events import Because, EpisodeClosed, Resolution, Verdict
from chaosproxy.recovery.scoring.measured import share
from chaosproxy.recovery.scoring.tallies import TIMES, Tally, score_of, together
from tests.recovery.tallying import closed


def tally(events: Iterable[EpisodeClosed]) -> Tally:
    counted = Tally()
    for event in events:
        counted.count(event)
    return counted


RECOVERED = closed(Resolution.RECOVERED_RETRY, Verdict.APPROPRIATE, seconds=2.0)
EARLY = closed(Resolution.RECOVERED_RETRY, Verdict.INAPPROPRIATE, seconds=1.0)
EXHAUSTED = closed(Resolution.EXHAUSTED, Verdict.UNKNOWN, attempts=5, seconds=60.0)
UNDETECTED = closed(Resolution.UNDETECTED, Verdict.INAPPROPRIATE, attempts=1)
CENSORED = closed(Resolution.CENSORED, Verdict.UNKNOWN, attempts=9, seconds=99.0)


def test_what_is_censored_is_in_no_rate_no_time_and_no_mean() -> None:
    alone = tally([RECOVERED, EARLY, EXHAUSTED])
    beside = tally([RECOVERED, EARLY, EXHAUSTED, CENSORED, CENSORED])
    assert beside.censored == 2
    for measure in (Tally.recovery_rate, Tally.appropriate_rate, Tally.amplification, Tally.undetected):
        assert measure(beside) == measure(alone)
    assert beside.time_to_recovery(0.95) == alone.time_to_recovery(0.95)


def test_the_rates() -> None:
    counted = tally([RECOVERED, RECOVERED, EARLY, EXHAUSTED, UNDETECTED])
    assert counted.recovery_rate() == share(3, 5)
    assert counted.appropriate_rate() == share(2, 4)  # the exhausted one cannot be judged
    assert counted.amplification().value == (2 + 2 + 2 + 5 + 1) / 5
    assert (counted.undetected().value, counted.undetected().cases) == (1, 5)


def test_only_recoveries_have_a_time_to_recovery() -> None:
    counted = tally([RECOVERED, EARLY, EXHAUSTED])
    assert (counted.time_to_recovery(0.5).value, counted.time_to_recovery(0.95).value) == (1.0, 2.0)
    assert counted.time_to_recovery(0.5).cases == 2


def test_without_cases_there_is_no_value() -> None:
    counted = tally([CENSORED])
    assert (counted.recovery_rate().value, counted.recovery_rate().cases) == (None, 0)
    assert counted.time_to_recovery(0.5).value is None


def test_together_they_are_as_one() -> None:
    one, other = tally([RECOVERED, CENSORED]), tally([EXHAUSTED, UNDETECTED])
    one.injected, other.injected = 3, 4
    both = together([one, other])
    assert score_of("both", both) == score_of("both", _injected(7, tally([RECOVERED, CENSORED, EXHAUSTED, UNDETECTED])))
    assert (one.injected, one.recovered) == (3, 1)


def _injected(count: int, counted: Tally) -> Tally:
    counted.injected = count
    return counted


def test_the_times_kept_are_bounded_to_the_latest() -> None:
    counted = tally(
        closed(Resolution.RECOVERED_RETRY, Verdict.APPROPRIATE, seconds=number) for number in range(TIMES + 50)
    )
    assert len(counted.times) == TIMES
    assert min(counted.times) == 50
    assert counted.longest == TIMES + 49
    assert len(together([counted, tally([RECOVERED])]).times) == TIMES + 1


def test_the_longest_time_is_remembered_when_its_time_is_not() -> None:
    slow = closed(Resolution.RECOVERED_RETRY, Verdict.APPROPRIATE, seconds=900.0)
    counted = tally([slow, *[RECOVERED] * TIMES])
    assert 900.0 not in counted.times
    assert (counted.longest, together([tally([RECOVERED]), counted]).longest) == (900.0, 900.0)
    assert together([tally([EXHAUSTED])]).longest is None


def test_why_is_counted_of_what_is_decided() -> None:
    early = closed(Resolution.RECOVERED_RETRY, Verdict.INAPPROPRIATE, because=Because.EARLY)
    counted = tally([RECOVERED, early, early, closed(Resolution.CENSORED, because=Because.CENSORED)])
    assert counted.reasons == {Because.CAME_BACK: 1, Because.EARLY: 2}
    assert score_of("latency", counted).reasons == {"came_back": 1, "early": 2}


def test_the_score_has_its_interval_and_counts() -> None:
    score = score_of("latency", tally([RECOVERED] * 9 + [UNDETECTED, CENSORED]))
    assert (score.recovered, score.decided, score.censored, score.undetected) == (9, 10, 1, 1)
    assert score.recovery_rate == 0.9
    assert score.longest == 2.0
    assert (score.recovery_low, score.recovery_high) == pytest.approx((0.5958, 0.9821), abs=5e-5)
    assert score.resolutions == {"recovered_retry": 9, "undetected": 1, "censored": 1}
    assert score.verdicts == {"appropriate": 9, "inappropriate": 1}
    assert score.attempts_per_episode == 1.9
