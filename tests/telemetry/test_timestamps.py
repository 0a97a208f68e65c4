"""Dates are RFC 3339 in UTC with six digits, and agree with a library's reading of them."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.clock import ManualClock
from chaosproxy.telemetry.timestamps import Timestamps

NOON = 1_795_348_800.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_form() -> None:
    stamps = Timestamps(ManualClock(monotonic=50.0, wall=NOON))

    assert stamps.at(50.0) == "2026-11-22T12:00:00.000000Z"
    assert stamps.at(50.25) == "2026-11-22T12:00:00.250000Z"
    assert stamps.at(49.0) == "2026-11-22T11:59:59.000000Z"
    assert stamps.at(50.1234567) == "2026-11-22T12:00:00.123457Z"
    assert stamps.at(50.9999999) == "2026-11-22T12:00:01.000000Z"


@given(st.integers(0, 4_000_000_000_000_000), st.lists(st.integers(0, 10_000_000), min_size=1))
def test_true_to_the_microsecond(wall: int, later: list[int]) -> None:
    stamps = Timestamps(ManualClock(monotonic=0.0, wall=wall / 1e6))

    for micros in later:
        read = datetime.fromisoformat(stamps.at(micros / 1e6))
        assert abs(read - EPOCH - timedelta(microseconds=wall + micros)) <= timedelta(microseconds=1)


def test_follows_a_clock_that_is_set_when_told_to() -> None:
    clock = SettableClock(monotonic=0.0)
    stamps = Timestamps(clock)
    clock.seconds = 3_600.0

    assert stamps.at(0.0) == "1970-01-01T00:00:00.000000Z"
    stamps.follow()
    assert stamps.at(0.0) == "1970-01-01T01:00:00.000000Z"


class SettableClock(ManualClock):
    """A wall clock that somebody sets."""

    seconds = 0.0

    def wall(self) -> float:
        return self.monotonic() + self.seconds
