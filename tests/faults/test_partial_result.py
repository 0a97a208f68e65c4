import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Unfit
from chaosproxy.faults.partial_result import PartialResult
from tests.faults.replies import JSON, body_of, changed


def partial(**settings: object) -> PartialResult:
    return PartialResult.model_validate({"type": "partial_result", **settings})


@given(st.integers(2, 60), st.floats(0.01, 0.99))
def test_the_first_items_come_and_nothing_says_that_there_were_more(count: int, keep: float) -> None:
    items = [{"id": number} for number in range(count)]
    body = {"items": items, "count": count, "total": 500, "has_more": True, "next_cursor": "abc", "q": "tea"}
    left = max(1, int(count * keep))
    assert body_of(changed(partial(keep=keep), body)) == {
        "items": items[:left],
        "count": left,
        "total": left,
        "has_more": False,
        "next_cursor": None,
        "q": "tea",
    }


def test_the_counts_may_tell() -> None:
    body = {"items": [{"id": 1}, {"id": 2}], "total": 2, "has_more": True}
    expected = {"items": [{"id": 1}], "total": 2, "has_more": False}
    headers = (*JSON, (b"Link", b'</2>; rel="next"'), (b"X-Total", b"2"))
    reply = changed(partial(counts="untouched"), body, headers=headers)
    assert body_of(reply) == expected
    assert isinstance(reply, Reply)
    assert reply.headers == (*JSON, (b"X-Total", b"2"))


def test_the_layout_stays() -> None:
    body = [{"id": number, "price": 1.0} for number in range(4)]
    reply = changed(partial(), json.dumps(body, indent=2))
    assert isinstance(reply, Reply)
    assert reply.body.decode() == json.dumps(body[:2], indent=2)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ([{"id": 1}], 200, "nothing_to_spoil"),
        ([], 200, "nothing_to_spoil"),
        ({"id": 1}, 200, "no_items"),
        ("", 200, "empty_body"),
        ("[1, 2", 200, "not_json"),
        ([{"id": 1}, {"id": 2}], 500, "error_reply"),
    ],
)
def test_leaves_alone_what_has_no_part(body: object, status: int, reason: str) -> None:
    assert changed(partial(), body, status=status) == Unfit(reason)


@pytest.mark.parametrize("keep", ["0%", "100%", 0, 1, "half"])
def test_refuses(keep: object) -> None:
    with pytest.raises(ValueError, match="keep"):
        partial(keep=keep)


def test_a_mebibyte_is_no_burden() -> None:
    """Were it a square of the items, the time limit of a test would strike."""
    data = [{"id": number, "name": f"item {number}", "price": number * 1.5} for number in range(20_000)]
    assert body_of(changed(partial(), {"data": data, "count": 20_000})) == {"data": data[:10_000], "count": 10_000}
