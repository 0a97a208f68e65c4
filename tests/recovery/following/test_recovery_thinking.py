"""The time that language models take."""

from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.recovery.following.thinking import NEVER, Thinking


def test_it_runs_while_at_least_one_is_in_flight() -> None:
    thinking = Thinking()
    assert (thinking.until(5.0), thinking.answered) == (0.0, NEVER)
    thinking.began(10.0)
    thinking.began(11.0)
    assert thinking.until(12.0) == 2.0
    thinking.ended(13.0, well=False)
    assert (thinking.until(14.0), thinking.answered) == (4.0, NEVER)
    thinking.ended(15.0, well=True)
    assert (thinking.until(99.0), thinking.answered) == (5.0, 15.0)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=8), st.integers(0, 80))
def test_overlapping_ones_count_once(calls: list[tuple[int, int]], until: int) -> None:
    thinking = Thinking()
    happenings = sorted(
        [(begin, 0) for begin, _ in calls] + [(begin + length, 1) for begin, length in calls],
    )
    for now, ends in happenings:
        if now > until:
            break
        thinking.ended(float(now), well=True) if ends else thinking.began(float(now))
    busy = {second for begin, length in calls for second in range(begin, min(begin + length, until))}
    assert thinking.until(float(until)) == len(busy)
