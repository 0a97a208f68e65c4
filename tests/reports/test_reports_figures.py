"""Figures are written so that nobody takes them for more, or less, than they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.reports import figures


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0.0, "0 s"),
        (0.0123, "0.01 s"),
        (0.004, "0.004 s"),
        (0.4, "0.4 s"),
        (0.9999, "1 s"),
        (2.345, "2.35 s"),
        (12.04, "12 s"),
        (59.7, "1 min"),
        (185.0, "3 min 5 s"),
        (7_260.0, "2 h 1 min"),
        (1e300, "more than a year"),
        (float("inf"), "more than a year"),
        (float("nan"), "-"),
    ],
)
def test_times(value: float | None, shown: str) -> None:
    assert figures.seconds(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "-"), (0.0, "0 %"), (0.0001, "0.1 %"), (0.5, "50 %"), (0.8421, "84.2 %"), (1.0, "100 %")],
)
def test_shares(value: float | None, shown: str) -> None:
    assert figures.share(value) == shown


@given(st.floats(0, 1))
def test_a_share_that_is_not_all_is_never_called_all(value: float) -> None:
    assert (figures.share(value) == "100 %") == (value == 1)
    assert (figures.share(value) == "0 %") == (value == 0)


@given(st.text())
def test_names_are_printable_and_short(name: str) -> None:
    shown = figures.plain(name)

    assert shown.isprintable()
    assert len(shown) <= figures.NAME_LONGEST


def test_lists() -> None:
    assert figures.listed([]) == ""
    assert figures.listed(["a"]) == "a"
    assert figures.listed(["a", "b", "c"]) == "a, b and c"
    assert figures.tallied({"b": 1, "a": 1, "c": 3, "d": 0}) == "c 3, a 1, b 1"
    assert figures.tallied({}) == "-"
