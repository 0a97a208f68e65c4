"""The scale of a timeline: in order, with room for each call, to scale wherever it says so, and back again."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.reports.html.timescale import NARROWEST, time_scale

MOMENT = st.floats(0, 10_000, allow_nan=False)
MOMENTS = st.lists(MOMENT, min_size=1, max_size=60)


@given(MOMENTS, MOMENTS)
def test_later_is_further(starts: list[float], ends: list[float]) -> None:
    scale = time_scale(starts, ends)
    places = [scale.at(moment) for moment in sorted([*starts, *ends])]

    assert places == sorted(places)
    assert places[0] == pytest.approx(0, abs=1)
    assert places[-1] <= scale.width


@given(MOMENTS, MOMENTS)
def test_calls_that_start_apart_do_not_cover_each_other(starts: list[float], ends: list[float]) -> None:
    scale = time_scale(starts, ends)

    for earlier, later in pairwise(sorted(starts)):
        if later - earlier > 0.002:
            assert scale.at(later) - scale.at(earlier) > NARROWEST


@given(MOMENTS, MOMENTS)
def test_where_it_says_so_it_is_to_scale(starts: list[float], ends: list[float]) -> None:
    scale = time_scale(starts, ends)
    if not scale.true or scale.width < 100:
        return
    whole = scale.moments[-1] - scale.moments[0]

    for moment in starts:
        expected = (moment - scale.moments[0]) / whole * scale.width
        assert scale.at(moment) == pytest.approx(expected, abs=0.03 * scale.width)


@given(MOMENTS, MOMENTS)
def test_ticks_are_in_order_and_apart(starts: list[float], ends: list[float]) -> None:
    ticks = time_scale(starts, ends).ticks()

    assert all(later[0] - earlier[0] > 40 for earlier, later in pairwise(ticks))
    assert len({label for _, label in ticks}) == len(ticks)


def test_even_calls_are_to_scale() -> None:
    scale = time_scale([0, 1, 2, 3], [0.5, 1.5, 2.5, 4.0])

    assert scale.true
    assert [label for _, label in scale.ticks()] == [
        "0 s",
        "0.5 s",
        "1.0 s",
        "1.5 s",
        "2.0 s",
        "2.5 s",
        "3.0 s",
        "3.5 s",
        "4.0 s",
    ]


def test_a_long_pause_leaves_short_calls_their_room() -> None:
    scale = time_scale([0.0, 0.01, 600.0], [0.005, 0.015, 600.005])

    assert not scale.true
    assert scale.at(0.01) > NARROWEST
    assert scale.at(600.0) - scale.at(0.015) > scale.width / 2


@pytest.mark.parametrize("moments", [[], [5.0], [5.0, 5.0]])
def test_no_time_at_all(moments: list[float]) -> None:
    scale = time_scale(moments, moments)

    assert scale.at(5.0) >= 0
    assert scale.ticks()


@given(st.lists(MOMENT, min_size=1, max_size=40))
def test_forty_calls_are_seen_without_scrolling(starts: list[float]) -> None:
    assert time_scale(starts, [start + 0.01 for start in starts]).width <= 1000
