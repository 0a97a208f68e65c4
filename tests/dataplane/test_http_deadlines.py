"""Whoever is watched is looked at when its time has come, and not before; whose time has not come costs nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.dataplane.http.agents.deadlines import TICK, Deadlines

START = 1000.0


class Waiting:
    """Notes when it was looked at, and wants to be looked at again at the times it was given."""

    def __init__(self, *again: float) -> None:
        self.watched = 0
        self.looks: list[float] = []
        self._again = list(again)

    def look(self, now: float) -> float:
        self.looks.append(now)
        return self._again.pop(0) if self._again else 0.0


def run(deadlines: Deadlines, until: float, start: float = START) -> None:
    turns = int((until - start) / TICK) + 2
    for turn in range(turns):
        deadlines.turn(start + turn * TICK)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30))
def test_each_is_looked_at_once_and_within_a_tick_of_its_time(delays: list[float]) -> None:
    deadlines = Deadlines(START)
    items = [Waiting() for _ in delays]
    for item, delay in zip(items, delays, strict=True):
        deadlines.watch(item, START + delay)
    run(deadlines, START + 101)

    for item, delay in zip(items, delays, strict=True):
        (looked,) = item.looks
        assert START + delay <= looked <= START + delay + 2 * TICK
    assert len(deadlines) == 0


@given(st.lists(st.floats(0, 50), min_size=1, max_size=20))
def test_the_earliest_wish_counts(delays: list[float]) -> None:
    deadlines = Deadlines(START)
    item = Waiting()
    for delay in delays:
        deadlines.watch(item, START + delay)
    run(deadlines, START + 51)

    (looked,) = item.looks
    assert START + min(delays) <= looked <= START + min(delays) + 2 * TICK


@given(st.lists(st.floats(0.01, 20), max_size=10))
def test_whoever_asks_for_it_is_looked_at_again(waits: list[float]) -> None:
    times = [START + 1]
    for wait in waits:
        times.append(times[-1] + wait)
    deadlines = Deadlines(START)
    item = Waiting(*times[1:])
    deadlines.watch(item, times[0])
    run(deadlines, times[-1] + 5)

    assert len(item.looks) == len(times)
    assert all(looked >= time for looked, time in zip(item.looks, times, strict=True))


def test_time_that_has_passed_already_is_looked_at_next() -> None:
    deadlines = Deadlines(START)
    deadlines.turn(START + 10)
    item = Waiting()
    deadlines.watch(item, START - 5)
    deadlines.turn(START + 10 + 2 * TICK)

    assert len(item.looks) == 1


def test_whoever_has_gone_is_forgotten() -> None:
    deadlines = Deadlines(START)
    item = Waiting()
    deadlines.forget(item)
    deadlines.watch(item, START + 1)
    deadlines.forget(item)
    assert len(deadlines) == 0
    run(deadlines, START + 2)

    assert not item.looks


def test_one_that_goes_while_others_are_looked_at_is_not_looked_at() -> None:
    deadlines = Deadlines(START)

    class Parting(Waiting):
        def look(self, now: float) -> float:
            for item in items:
                if item is not self:
                    deadlines.forget(item)
            return super().look(now)

    items = [Parting() for _ in range(5)]
    for item in items:
        deadlines.watch(item, START + 1)
    run(deadlines, START + 2)

    assert sum(len(item.looks) for item in items) == 1


def test_turn_in_which_nothing_is_due_looks_at_nobody() -> None:
    deadlines = Deadlines(START)
    items = [Waiting() for _ in range(10_000)]
    for item in items:
        deadlines.watch(item, START + 60)
    run(deadlines, START + 59)

    assert not any(item.looks for item in items)
    assert len(deadlines) == 10_000


class Failing(Waiting):
    def look(self, now: float) -> float:
        raise RuntimeError(f"a mistake of ours at {now}")


def test_one_that_fails_does_not_keep_the_others_from_being_looked_at(caplog: pytest.LogCaptureFixture) -> None:
    deadlines = Deadlines(START)
    items = [Waiting() for _ in range(8)]
    for item in (*items, *(Failing() for _ in range(8))):
        deadlines.watch(item, START + 1)
    run(deadlines, START + 2)

    assert [len(item.looks) for item in items] == [1] * 8
    assert caplog.text.count("deadline_failed") == 8
    assert len(deadlines) == 0
