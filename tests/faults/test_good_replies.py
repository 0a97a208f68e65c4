"""What holds for all faults that lie in a good reply, whatever a tool answers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Unfit
from chaosproxy.faults._base import Fault
from chaosproxy.faults.duplicate_items import DuplicateItems
from chaosproxy.faults.empty_result import EmptyResult
from chaosproxy.faults.partial_result import PartialResult
from chaosproxy.faults.wrong_values import WrongValues
from tests.faults.replies import JSON, changed
from tests.faults.turns import turn

REASONS = {"error_reply", "empty_body", "not_json", "no_items", "nothing_to_spoil"}
KEYS = st.sampled_from(
    [
        "data",
        "items",
        "results",
        "edges",
        "errors",
        "meta",
        "total",
        "next",
        "has_more",
        "id",
        "name",
        "price",
        "at",
        "x",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["2026-11-23", "9999-12-31T00:00:00Z", "Oolong tea", "\ud800 half a character", "abc", ""])
)
BODIES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=30)
ALL: list[Fault] = [
    EmptyResult.model_validate({"type": "empty_result"}),
    PartialResult.model_validate({"type": "partial_result"}),
    DuplicateItems.model_validate({"type": "duplicate_items"}),
    *(
        WrongValues.model_validate({"type": "wrong_values", "how": how, "field": field, "values": 3})
        for how in ("any", "number", "text", "date", "swap", "id", "boolean")
        for field in (None, "*")
    ),
]


@given(BODIES, st.sampled_from(ALL), st.sampled_from([None, 2]), st.integers(1, 50))
def test_it_is_other_json_or_nothing_is_touched(body: Any, fault: Fault, indent: int | None, key: int) -> None:  # noqa: ANN401
    text = json.dumps(body, indent=indent)
    reply = changed(fault, text, asked=turn(key=key))
    if isinstance(reply, Unfit):
        assert reply.reason in REASONS
        return
    assert (reply.status, reply.reason, reply.headers) == (200, b"OK", JSON)
    assert reply.body.decode() != text
    assert type(json.loads(reply.body)) is type(body)
    assert changed(fault, text, asked=turn(key=key)) == reply


@pytest.mark.parametrize("fault", ALL[:5])
@pytest.mark.parametrize(("status", "body"), [(200, b"\x00\xff\x89PNG"), (200, b"  \n"), (301, b"[1]"), (500, b"[1]")])
def test_what_is_no_good_json_passes(fault: Fault, status: int, body: bytes) -> None:
    rewrite = fault.effects(turn(), "the rule")[0]
    assert isinstance(rewrite.change(Reply(status, b"", (), body)), Unfit)  # type: ignore[union-attr]  # all rewrite
