"""Nothing that is put into a page as text can become markup, and what is put in can be read in it."""

import re

from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.reports.html.markup import Html, fragment, joined, label, name, short, tag, text
from tests.reports.html_reading import Page

ANYTHING = st.text() | st.sampled_from(["</bdi><script>", "'\"><img src=x>", "&lt;", "<!--", "]]>", "&#x3c;"])
SEEN = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]))


@given(ANYTHING)
def test_text_is_never_markup(anything: str) -> None:
    page = Page(tag("p", anything, title=anything))

    assert [element.kind for element in page.elements] == ["p"]


@given(SEEN)
def test_what_can_be_seen_is_read_as_it_was(shown: str) -> None:
    page = Page(tag("p", shown, title=shown))

    assert "".join(page.texts) == shown
    assert page.elements[0].has["title"] == shown


@given(ANYTHING)
def test_a_name_brings_no_element_but_ours(anything: str) -> None:
    assert {element.kind for element in Page(name(anything)).elements} <= {"bdi", "wbr"}
    assert {element.kind for element in Page(label(anything)).elements} == {"bdi"}


@given(SEEN.filter(lambda shown: len(shown) <= 72))
def test_a_name_that_is_broken_reads_as_it_was(shown: str) -> None:
    assert "".join(Page(name(shown)).texts) == shown


@given(ANYTHING)
def test_nothing_unseen_is_left(anything: str) -> None:
    assert not re.search(
        "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text(anything)
    )


def test_marks_that_turn_the_direction_of_writing_are_spelled() -> None:
    assert text("abc\u202egnp.exe") == "abc\\u202egnp.exe"


@given(st.text(), st.integers(5, 80))
def test_a_short_name_is_short_and_keeps_both_ends(anything: str, longest: int) -> None:
    shown = short(anything, longest)

    assert len(shown) <= longest
    assert shown == anything or (anything.startswith(shown[0]) and anything.endswith(shown[-1]))


def test_a_long_name_is_whole_in_its_title() -> None:
    assert Page(name("x" * 200)).elements[0].has["title"] == "x" * 200


def test_markup_is_not_escaped_again() -> None:
    assert tag("p", fragment(tag("b", "<"), Html("<br>"))) == "<p><b>&lt;</b><br></p>"
    assert joined(", ", "<", tag("i", "x")) == "&lt;, <i>x</i>"


def test_attributes() -> None:
    assert (
        tag("td", class_="a", data_by=None, hidden=True, aria_label='"')
        == '<td class="a" hidden aria-label="&quot;"></td>'
    )
    assert tag("circle", cx=1.25, r=3) == '<circle cx="1.2" r="3"/>'
