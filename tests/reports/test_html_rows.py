"""Rows of a timeline: a call covers no other, and each tool has its rows."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.reports.html.rows import MOST_TOOLS, rows_of
from tests.reports.html_sample import a_call, a_session

CALLS = st.lists(st.tuples(st.floats(0, 60), st.floats(0, 30), st.sampled_from("abc")), max_size=25)


@given(CALLS)
def test_no_call_covers_another(said: list[tuple[float, float, str]]) -> None:
    calls = [a_call(n, start=start, seconds=seconds, tool=tool) for n, (start, seconds, tool) in enumerate(said, 1)]
    rows = rows_of(a_session("one", *calls))

    assert set(rows.places) == {call.number for call in calls}
    for one, other in combinations(rows.places.values(), 2):
        if one.row == other.row:
            assert one.call.tool == other.call.tool
            assert one.right <= other.left or other.right <= one.left


@given(CALLS)
def test_rows_are_as_many_as_their_labels_say(said: list[tuple[float, float, str]]) -> None:
    calls = [a_call(n, start=start, seconds=seconds, tool=tool) for n, (start, seconds, tool) in enumerate(said, 1)]
    rows = rows_of(a_session("one", *calls))

    assert {place.row for place in rows.places.values()} == set(range(rows.count))


def test_what_overlaps_is_side_by_side() -> None:
    rows = rows_of(a_session("one", a_call(1, start=0, seconds=2), a_call(2, start=1, seconds=2), a_call(3, start=5)))

    assert [rows.places[number].row for number in (1, 2, 3)] == [0, 1, 0]
    assert rows.labels == (("search", 2),)


def test_too_many_tools_share_their_rows() -> None:
    rows = rows_of(a_session("one", *(a_call(n, start=n, tool=f"tool {n}") for n in range(1, 101))))

    assert len(rows.labels) == MOST_TOOLS
    assert rows.labels[-1][0] is None
    assert rows.count == MOST_TOOLS
