"""The same request in other words, or other work."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.recovery.following.arguments import METHOD
from chaosproxy.recovery.following.similarity import KNOBS, Likeness, Refusal, likeness, related

NUMBER = "\x00"

NONE, MAYBE, SURE = Likeness.NONE, Likeness.MAYBE, Likeness.SURE
"""Numbers are written as arguments have them: with a mark before them."""


def number(value: object) -> str:
    return f"{NUMBER}{value}"


@pytest.mark.parametrize(
    ("before", "now", "alike"),
    [
        ({"q": "tea", "limit": number(100)}, {"q": "tea", "limit": number(10)}, SURE),
        ({"limit": number(100)}, {"limit": number(10)}, SURE),
        ({"q": "tea"}, {"q": "tea", "page_size": number(10)}, SURE),
        ({"q": "best tea in town", "n": number(5)}, {"q": "best tea", "n": number(5)}, SURE),
        ({"q": "best tea"}, {"q": "best tea in town open now"}, SURE),
        ({"q": "best tea", "limit": number(9)}, {"q": "tea", "limit": number(5)}, SURE),
        ({"q": "flights Rome Paris May cheap"}, {"q": "cheap flights from Rome to Paris in May"}, SURE),
        # other work
        ({"id": number(17), "a": "x", "b": "y", "c": "z"}, {"id": number(18), "a": "x", "b": "y", "c": "z"}, NONE),
        ({"id": "ord_17", "a": "x", "b": "y"}, {"id": "ord_18", "a": "x", "b": "y"}, NONE),
        ({"day": "2026-11-03", "a": "x"}, {"day": "2026-11-04", "a": "x"}, NONE),
        ({"day": "2026-10-13"}, {"day": "12.10.2026"}, NONE),
        ({"city": "Oslo", "units": "c", "lang": "en"}, {"city": "Rome", "units": "c", "lang": "en"}, NONE),
        ({"q": "population of Oslo"}, {"q": "population of New York"}, NONE),
        ({"q": "mayor of New York"}, {"q": "mayor of San Jose"}, NONE),
        ({"q": "weather in Rome today"}, {"q": "weather in Lima today"}, NONE),
        ({"q": "item 1"}, {"q": "item 12"}, NONE),
        ({"q": "SELECT name FROM people WHERE x"}, {"q": "SELECT sum FROM orders WHERE x"}, NONE),
        ({METHOD: "tools/call a", "q": "tea", "depth": "1"}, {METHOD: "tools/call b", "q": "tea", "depth": "2"}, NONE),
        ({METHOD: "tools/call a", "q": "tea", "depth": "1"}, {METHOD: "tools/call a", "q": "tea", "depth": "2"}, SURE),
        ({"sku": "mug", "n": number(1)}, {"sku": "mug", "n": number(2)}, NONE),
        ({"sku": "mug", "count": number(1)}, {"sku": "mug", "count": number(2)}, NONE),
        ({"sku": "mug", "size": number(1)}, {"sku": "mug", "size": number(2)}, NONE),
        ({"q": "tea", "to": "ann"}, {"q": "tea"}, NONE),
        ({"path": "reports/october.csv"}, {"path": "reports/november.csv"}, NONE),
        ({"mail": "ann@shop.test"}, {"mail": "ben@shop.test"}, NONE),
        ({"q": "tea"}, {"q": "tea"}, NONE),
        ({}, {}, NONE),
    ],
)  # fmt: skip
def test_after_a_failure_that_was_not_because_of_them(
    before: dict[str, str], now: dict[str, str], alike: Likeness
) -> None:
    assert likeness(before, now, Refusal.NONE, None) is alike


@pytest.mark.parametrize(
    ("before", "now", "complaint", "alike"),
    [
        ({"amount": "ten"}, {"amount": number(10)}, "amount must be a number", SURE),
        ({"amount": "ten"}, {"amount": number(10)}, "amount: ten", SURE),
        ({"sort": "prise"}, {"sort": "name"}, "sort: one of price, name", SURE),
        ({"sort": "prise"}, {"sort": "name"}, "sort: try `name`", SURE),
        ({"item": number(7)}, {"item": number(7), "quantity": number(2)}, "quantity: field required", SURE),
        ({"item": "x", "quantity": number(9)}, {"item": "x", "quantity": number(2)}, "quantity exceeds 5", SURE),
        ({"day": "3 November 2026"}, {"day": "2026-11-03"}, "'day': expected YYYY-MM-DD", SURE),
        ({"phone": "0170 55 1"}, {"phone": "+49170551"}, "phone: expected +<number>", SURE),
        ({"user.mail": "ann"}, {"user.mail": "ann@shop.test"}, "MAIL is not valid", SURE),
        ({"city": "Pariss"}, {"city": "Paris"}, None, SURE),
        # the next of a list, whatever is named
        ({"customer": "cus_1"}, {"customer": "cus_2"}, "customer: no such customer", NONE),
        ({"customer": "cus_1"}, {"customer": "cus_2"}, "customer must be active", NONE),
        ({"id": number(7)}, {"id": number(8)}, "id must be known", NONE),
        ({"city": "Graz"}, {"city": "Quito"}, "city: this one cannot be had", NONE),
        ({"q": "code of Graz"}, {"q": "code of Lima"}, "q must be shorter", NONE),
        ({"parcel": "0beda026"}, {"parcel": "d7dceb33"}, "parcel must be open", NONE),
        # there is no such thing, whatever else is said of it
        ({"item": number(7), "a": "x"}, {"item": number(8), "a": "x"}, "item is no longer available", NONE),
        ({"team": "north", "a": "x"}, {"team": "south", "a": "x"}, "no such team, must be known", NONE),
        # nobody knows what `invalid` means: of a thing, that there is none; of a setting, that it has another value
        ({"to": "hal", "text": "hello"}, {"to": "fay", "text": "hello"}, "Invalid to", NONE),
        ({"what": "tax for freelancers"}, {"what": "vegan food near us"}, "Invalid what", NONE),
        ({"team": "north", "q": "tea"}, {"team": "south", "q": "tea"}, "Invalid team", SURE),
        ({"active": number("true")}, {"active": number("false")}, "Unknown active", SURE),
        ({"day": "2026-10-12"}, {"day": "12.10.2026"}, "day: expected another form", SURE),
        # another one is named than the one that changed
        ({"to": "ann", "team": "a", "b": "x"}, {"to": "ben", "team": "a", "b": "x"}, "team: wrong", NONE),
        # nobody says which
        ({"day": "today", "a": "x", "b": "y"}, {"day": "2026-11-23", "a": "x", "b": "y"}, "bad request", MAYBE),
        ({"day": "today", "a": "x", "b": "y"}, {"day": "2026-11-23", "a": "x", "b": "y"}, None, MAYBE),
        ({"day": "today", "a": "x"}, {"day": "2026-11-23", "a": "x"}, None, NONE),
        ({"a": "x", "b": "y", "c": "z"}, {"a": "1 2", "b": "3 4", "c": "5 6"}, None, NONE),
        ({"id": number(7), "a": "x", "b": "y"}, {"id": number(8), "a": "x", "b": "y"}, None, NONE),
    ],
)  # fmt: skip
def test_after_a_refusal(before: dict[str, str], now: dict[str, str], complaint: str | None, alike: Likeness) -> None:
    assert likeness(before, now, Refusal.WRONG, complaint) is alike


@pytest.mark.parametrize(
    ("before", "now", "alike"),
    [
        ({"city": "Springfield", "units": "c"}, {"city": "Springfield, Illinois", "units": "c"}, SURE),
        ({"city": "Pariss", "units": "c"}, {"city": "Paris", "units": "c"}, SURE),
        ({"path": "src/man.py"}, {"path": "src/main.py"}, SURE),
        ({"city": "Atlantis", "units": "c", "lang": "en"}, {"city": "Oslo", "units": "c", "lang": "en"}, NONE),
        ({"id": number(17)}, {"id": number(18)}, NONE),
    ],
)
def test_when_there_is_no_such_thing(before: dict[str, str], now: dict[str, str], alike: Likeness) -> None:
    assert likeness(before, now, Refusal.MISSING, None) is alike


def test_of_long_texts_the_beginning_is_compared_when_they_were_refused() -> None:
    before, now = {"text": "x" * 512 + "\x01aaaa"}, {"text": "x" * 512 + "\x01bbbb"}
    assert likeness(before, now, Refusal.WRONG, None) is SURE
    assert likeness(before, now, Refusal.NONE, None) is NONE


ARGUMENTS = st.dictionaries(
    st.sampled_from(["q", "id", "limit", "city", "a.b"]), st.text("ab 12", min_size=1, max_size=12), max_size=4
)


@given(ARGUMENTS, st.sampled_from(Refusal), st.none() | st.text(max_size=20))
def test_the_same_is_no_variation(asked: dict[str, str], refusal: Refusal, complaint: str | None) -> None:
    assert likeness(asked, dict(asked), refusal, complaint) is NONE


@given(ARGUMENTS, ARGUMENTS)
def test_after_a_refusal_nothing_is_less_alike(before: dict[str, str], now: dict[str, str]) -> None:
    assert likeness(before, now, Refusal.NONE, None) <= likeness(before, now, Refusal.MISSING, None)
    assert likeness(before, now, Refusal.MISSING, None) <= likeness(before, now, Refusal.WRONG, None)


@given(st.text("abc 12", max_size=20), st.text("abc 12", max_size=20))
def test_being_related_goes_both_ways(one: str, other: str) -> None:
    assert related(one, other) is related(other, one)


@pytest.mark.parametrize("knob", sorted(KNOBS))
def test_a_knob_is_one_in_any_case(knob: str) -> None:
    assert likeness({"q": "tea", knob.upper(): "1"}, {"q": "tea", knob.upper(): "x"}, Refusal.NONE, None) is SURE
