"""The texts and numbers that a profile is made of."""

import pytest

from chaosproxy.profiles.fields import parse_span
from chaosproxy.profiles.models import Expectation, Rule, When


@pytest.mark.parametrize(
    ("written", "span"),
    [(3, (3, 3)), ("3", (3, 3)), ("1-2", (1, 2)), (" 1 - 20 ", (1, 20)), ((2, 5), (2, 5)), ("7-7", (7, 7))],
)
def test_a_span_is_first_and_last(written: object, span: tuple[int, int]) -> None:
    assert parse_span(written) == span


@pytest.mark.parametrize("written", [0, -1, True, 1.0, None, "", "0", "2-1", "1-", "-1", "a", "1-2-3", (1,), (1, "2")])
def test_anything_else_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="expected a number from 1, or a range that goes up"):
        parse_span(written)


def test_models_take_what_they_give() -> None:
    when = When.model_validate({"calls": [1, "4-6"], "attempts": 2, "exactly": "2 of 10"})

    assert when.calls == ((1, 1), (4, 6))
    assert when.exactly == (2, 10)
    assert When.model_validate(when.model_dump(by_alias=True)) == when


def test_one_fault_needs_no_list() -> None:
    rule = Rule.model_validate({"name": "r", "fault": {"type": "unauthorized"}})

    assert rule == Rule.model_validate({"name": "r", "fault": [{"type": "unauthorized"}]})


def test_an_expectation_needs_a_bound_that_leaves_room() -> None:
    with pytest.raises(ValueError, match="needs a bound"):
        Expectation()
    with pytest.raises(ValueError, match="expected no more than at_most"):
        Expectation(at_least=2, at_most=1)
