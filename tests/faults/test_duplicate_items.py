from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.effects import Unfit
from chaosproxy.faults.duplicate_items import DuplicateItems
from tests.faults.replies import body_of, changed
from tests.faults.turns import turn


def doubled(**settings: object) -> DuplicateItems:
    return DuplicateItems.model_validate({"type": "duplicate_items", **settings})


@given(st.integers(1, 40), st.floats(0.01, 1.0), st.sampled_from(["next", "end"]), st.integers(1, 1_000))
def test_some_come_twice(count: int, share: float, where: str, key: int) -> None:
    ids = list(range(count))
    body = {"items": [{"id": each} for each in ids], "count": count, "total": 1_000}
    after = body_of(changed(doubled(share=share, where=where), body, asked=turn(key=key)))
    got = [each["id"] for each in after["items"]]
    twice = sorted(each for each in ids if got.count(each) == 2)
    assert len(twice) == ceil(count * share)
    assert got == (ids + twice if where == "end" else sorted(ids + twice))
    assert after["count"] == len(got)
    assert after["total"] == 1_000


def test_which_ones_is_the_calls_own_chance() -> None:
    body = [{"id": number} for number in range(50)]
    one, same, other = (str(changed(doubled(), body, asked=turn(key=key))) for key in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize(
    ("body", "reason"),
    [([], "nothing_to_spoil"), ({"id": 1}, "no_items"), ("", "empty_body"), ("<html>", "not_json")],
)
def test_leaves_alone_what_has_no_items(body: object, reason: str) -> None:
    assert changed(doubled(), body) == Unfit(reason)


@pytest.mark.parametrize("settings", [{"share": 0}, {"share": "120%"}, {"where": "front"}])
def test_refuses(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        doubled(**settings)
