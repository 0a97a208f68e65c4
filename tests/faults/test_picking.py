from collections import Counter
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.draws import named_draw
from chaosproxy.faults._picking import picked


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 2**64 - 1))
def test_picks_so_many_different_ones(count: int, of: int, number: int) -> None:
    draw = partial(named_draw, number, "the rule")
    chosen = picked(count, of, draw)
    assert len(chosen) == len(set(chosen)) == min(count, of)
    assert chosen == sorted(chosen) == picked(count, of, draw)
    assert all(0 <= index < of for index in chosen)


def test_all_are_as_likely() -> None:
    seen = Counter(index for number in range(3_000) for index in picked(2, 6, partial(named_draw, number, "the rule")))
    assert all(900 < seen[index] < 1_100 for index in range(6)), seen
