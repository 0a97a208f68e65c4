"""The text below an attribute is what is said about it."""

from chaosproxy.core.attribute_docs import attribute_docs
from chaosproxy.core.events import RetryWaited
from chaosproxy.core.kinds import Layer
from chaosproxy.faults._base import Fault
from chaosproxy.faults.rate_limit import RateLimit


def test_text_below_an_attribute() -> None:
    docs = attribute_docs(RetryWaited)

    assert docs["wait"] == "Seconds from the end of the failed attempt to the start of this one."
    assert "call" not in docs


def test_members_of_an_enum_have_texts_too() -> None:
    docs = attribute_docs(Layer)

    assert docs["NONE"] == "Nobody: it is not a retry."
    assert "SDK" not in docs


def test_ancestors_speak_for_what_is_not_said_again() -> None:
    docs = attribute_docs(RateLimit)

    assert docs["phase"] == attribute_docs(Fault)["phase"]
    assert docs["type"] == "The fault's name."


def test_several_lines_are_one_text() -> None:
    assert attribute_docs(RateLimit)["limit"].splitlines()[1].startswith("uncounted.")
