"""Calls that were answered well and come again."""

from collections.abc import Sequence

import pytest

from chaosproxy.core.purpose import Purpose
from chaosproxy.recovery.following.repeats import KEPT, LOOKED_AT, Repeat, note, polls, wants_watch
from tests.recovery.making import a_call, good


def asked_at(times: Sequence[float], digest: str | None = None, *, pending: bool = False) -> Repeat:
    repeats: dict[str, Repeat] = {}
    for at in times:
        last = note(repeats, a_call(at=at), good(digest, pending=pending))
    return last


def test_an_answer_that_says_not_done_is_asked_for_again_by_polling() -> None:
    assert polls(asked_at([0], pending=True), a_call(at=0.1))


def test_a_second_look_at_something_done_is_not() -> None:
    assert not polls(asked_at([0]), a_call(at=30))


@pytest.mark.parametrize(
    ("times", "now", "polling"),
    [
        ([0, 5, 10, 15], 20, True),
        ([0, 5, 10, 15], 20.3, True),
        ([0, 5, 10, 15], 23, False),  # uneven
        ([0, 5, 10], 15, False),  # three gaps may be equal by chance
        ([0, 0.2, 0.4, 0.6], 0.8, False),  # even, but no timer is that fast
        ([0, 40, 43, 46, 49], 52, True),  # the last gaps count
    ],
)
def test_an_even_rhythm_is_polling(times: list[float], now: float, *, polling: bool) -> None:
    assert polls(asked_at(times), a_call(at=now)) is polling


def test_equal_answers_in_a_row_are_counted_and_another_one_ends_the_row() -> None:
    repeats: dict[str, Repeat] = {}
    for digest, same in [(None, 1), ("x", 2), ("x", 3), ("y", 1), ("y", 2), (None, 2)]:
        assert note(repeats, a_call(), good(digest)).same == same


def test_looking_ends_when_there_is_nothing_more_to_learn() -> None:
    assert wants_watch(asked_at(range(LOOKED_AT), "x"))
    assert not wants_watch(asked_at(range(LOOKED_AT + 1), "x"))
    assert wants_watch(asked_at(range(LOOKED_AT + 1), "x", pending=True))


@pytest.mark.parametrize("purpose", [Purpose(page="p"), Purpose(continues=True)])
def test_at_what_is_neither_a_poll_nor_a_loop_nobody_looks(purpose: Purpose) -> None:
    assert not wants_watch(note({}, a_call(purpose=purpose), good()))


def test_only_the_latest_fingerprints_are_remembered() -> None:
    repeats: dict[str, Repeat] = {}
    for place in range(KEPT + 5):
        note(repeats, a_call(f"f{place}"), good())
    assert len(repeats) == KEPT
    assert "f4" not in repeats
    assert f"f{KEPT + 4}" in repeats
