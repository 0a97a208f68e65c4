import json
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.answer import Reply
from chaosproxy.core.draws import named_draw
from chaosproxy.core.effects import Unfit
from chaosproxy.faults._canaries import canary_of
from chaosproxy.faults.wrong_values import WrongValues
from tests.faults.replies import body_of, changed, rewrite_of
from tests.faults.turns import turn

SHOP: dict[str, Any] = {
    "object": "list",
    "total": 4,
    "next_cursor": None,
    "items": [
        {
            "id": "it_1",
            "name": "Oolong tea",
            "price": 12.5,
            "stock": 7,
            "sold": 12_345,
            "fair": True,
            "at": "2026-03-01",
        },
        {
            "id": "it_2",
            "name": "Green tea",
            "price": 9.99,
            "stock": 8,
            "sold": 20_000,
            "fair": False,
            "at": "2026-03-09",
        },
    ],
}


def wrong(**settings: object) -> WrongValues:
    return WrongValues.model_validate({"type": "wrong_values", **settings})


def differences(before: Any, after: Any, path: str = "") -> dict[str, tuple[Any, Any]]:  # noqa: ANN401
    """What differs, by dotted path."""
    if type(before) is type(after) and isinstance(before, dict | list):
        pairs = before.items() if isinstance(before, dict) else enumerate(before)
        assert len(before) == len(after)
        found: dict[str, tuple[Any, Any]] = {}
        for place, value in pairs:
            found |= differences(value, after[place], f"{path}.{place}".strip("."))
        return found
    return {} if (before, type(before)) == (after, type(after)) else {path: (before, after)}


def of(body: Any, *, key: int = 1, **settings: object) -> dict[str, tuple[Any, Any]]:  # noqa: ANN401
    """What becomes different."""
    return differences(body, body_of(changed(wrong(**settings), body, asked=turn(key=key))))


@given(st.integers(1, 10_000))
def test_one_number_is_wrong_and_bears_the_calls_canary(key: int) -> None:
    ((path, (before, after)),) = of(SHOP, key=key, how="number").items()
    assert re.fullmatch(r"items\.\d\.(price|sold)", path)
    canary = canary_of(named_draw(turn(key=key).number, "the rule", "canary"))
    assert str(after).replace(".", "").rstrip("0").startswith(canary.digits[:4].rstrip("0"))
    assert type(after) is type(before)
    assert len(str(int(after))) == len(str(int(before)))
    rewrite = rewrite_of(wrong(), turn(key=key))
    assert rewrite.name == f"wrong_values: any, canary {canary.digits} or {canary.token}"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("12.50", r"\d\d\.\d\d"),
        ("-1234.5", r"-\d{4}\.\d"),
        ("7", r"\d"),
        ("0.5", r"0\.\d{4}"),
        ("120", r"\d{3}"),
        ("98765432109.25", r"\d{6}32109\.25"),
        ("12345678901234567890123", r"\d{6}78901234567890123"),
        ("0", r"\d"),
    ],
)
@pytest.mark.parametrize("canary", [True, False])
def test_a_number_keeps_its_form(text: str, form: str, canary: bool) -> None:
    for key in range(1, 30):
        fault = wrong(how="number", field="price", canary=canary)
        reply = changed(fault, f'[{{"price": {text} }}]', asked=turn(key=key))
        assert isinstance(reply, Reply)
        new = reply.body.decode()[len('[{"price": ') : -len(" }]")]
        assert Decimal(new) != Decimal(text)
        if canary:
            assert re.fullmatch(form, new), new
        else:
            assert new.partition(".")[2].isdigit() is ("." in text)
            assert abs(Decimal(new) - Decimal(text)) <= abs(Decimal(text)) / 2 + 1


def test_a_number_with_an_exponent_is_left() -> None:
    assert changed(wrong(how="number"), '[{"mass": 1.5e20}]') == Unfit("nothing_to_spoil")


@given(st.integers(1, 10_000))
def test_a_date_is_some_days_off(key: int) -> None:
    body = [{"due": "2026-02-27T08:30:00.123+01:00"}]
    ((before, after),) = of(body, key=key, how="date").values()
    assert after[10:] == before[10:]
    assert 1 <= abs((date.fromisoformat(after[:10]) - date.fromisoformat(before[:10])).days) <= 27


@pytest.mark.parametrize("number", ["1" * 60, "0." + "1" * 60, "1" * 4_000, "0." + "3" * 9_000])
@pytest.mark.parametrize("canary", [True, False])
def test_a_number_may_be_longer_than_anybody_reckons_with(number: str, canary: bool) -> None:
    reply = changed(wrong(how="number", canary=canary), f"[{number}]")
    assert isinstance(reply, Reply) is (canary or len(number) < 100)


def test_a_date_that_does_not_exist_is_left() -> None:
    assert changed(wrong(how="date"), [{"due": "2026-13-99"}]) == Unfit("nothing_to_spoil")


def test_a_flag_is_turned_round() -> None:
    ((path, (before, after)),) = of(SHOP, how="boolean").items()
    assert path.endswith("fair")
    assert after is not before


def test_a_text_has_a_reference_number_behind_it() -> None:
    canary = canary_of(named_draw(turn().number, "the rule", "canary"))
    ((path, (before, after)),) = of(SHOP, how="text").items()
    assert path.endswith("name")
    assert after == f"{before} ({canary.token})"


@pytest.mark.parametrize(("how", "field"), [("swap", "name"), ("id", "id")])
def test_two_items_have_each_others(how: str, field: str) -> None:
    one, other = (item[field] for item in SHOP["items"])
    assert of(SHOP, how=how) == {f"items.0.{field}": (one, other), f"items.1.{field}": (other, one)}


def test_only_items_are_exchanged() -> None:
    body = {"id": "x", "meta": {"id": "y"}, "items": [{"id": "a"}, {"id": "b"}]}
    assert of(body, how="id", field="id", values=9).keys() == {"items.0.id", "items.1.id"}


def test_what_is_the_same_is_not_exchanged() -> None:
    body = [{"name": name} for name in ("same one", "same one", "this one", "that one")]
    assert all(of(body, how="swap", key=key).keys() == {"2.name", "3.name"} for key in range(1, 20))


def test_big_ids_are_exchanged_exactly() -> None:
    reply = changed(wrong(how="id"), '[{"id": 12345678901234567890},{"id": 12345678901234567891}]')
    assert isinstance(reply, Reply)
    assert reply.body == b'[{"id": 12345678901234567891},{"id": 12345678901234567890}]'


def test_the_rest_is_byte_for_byte_the_tools() -> None:
    text = json.dumps(SHOP, indent=3).replace("Oolong", "\\u004folong")
    reply = changed(wrong(how="boolean"), text)
    assert isinstance(reply, Reply)
    new = reply.body.decode()
    assert new.replace("true", "false") == text.replace("true", "false")
    assert new != text


@pytest.mark.parametrize(
    ("field", "paths"),
    [
        ("stock", {"items.0.stock", "items.1.stock"}),
        ("sto*", {"items.0.stock", "items.1.stock"}),
        ("items.stock", {"items.0.stock", "items.1.stock"}),
        ("total", {"total"}),
    ],
)
def test_a_field_is_meant_wherever_it_is(field: str, paths: set[str]) -> None:
    assert of(SHOP, how="number", field=field, values=9).keys() == paths


def test_several_values_may_be_wrong() -> None:
    assert of(SHOP, how="number", values=3).keys() <= {f"items.{n}.{key}" for n in (0, 1) for key in ("price", "sold")}
    assert len(of(SHOP, how="number", values=3)) == 3
    assert len(of(SHOP, how="date", values=2)) == 2


def test_a_reply_of_one_resource_can_be_wrong() -> None:
    assert of({"id": 7, "balance": 1_250.75}, how="any").keys() == {"balance"}
    assert of({"data": {"me": {"balance": 1_250.75}}, "extensions": {"cost": 5_000}}).keys() == {"data.me.balance"}


@pytest.mark.parametrize(
    ("body", "settings", "reason"),
    [
        ({"choices": [{"message": {"content": "It is so"}}], "usage": {"tokens": 5_000}}, {}, "nothing_to_spoil"),
        (
            {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": "It is"}]}},
            {},
            "nothing_to_spoil",
        ),
        ({"total": 5_000, "created": 1_790_000_000, "user_id": 12_345, "status": "done"}, {}, "nothing_to_spoil"),
        (SHOP, {"field": "weight"}, "nothing_to_spoil"),
        ({"id": "a", "name": "One"}, {"how": "swap"}, "nothing_to_spoil"),
        ([{"name": "same one"}, {"name": "same one"}], {"how": "swap"}, "nothing_to_spoil"),
        ([], {}, "nothing_to_spoil"),
        ("", {}, "empty_body"),
        ("price: 12", {}, "not_json"),
    ],
)
def test_leaves_alone_what_cannot_be_wrong(body: Any, settings: dict[str, object], reason: str) -> None:  # noqa: ANN401
    assert changed(wrong(**settings), body) == Unfit(reason)


def test_leaves_failures_alone() -> None:
    assert changed(wrong(), {"limit": 5_000}, status=429) == Unfit("error_reply")


def test_however_deep_it_is_nothing_breaks() -> None:
    for depth in (10, 100, 500, 5_000):
        body = '{"a":' * depth + "1234.5" + "}" * depth
        reply = changed(wrong(), body)
        assert isinstance(reply, Reply) is (depth == 10)


@pytest.mark.parametrize("settings", [{"how": "lies"}, {"field": ""}, {"values": 0}, {"how": "text", "canary": False}])
def test_refuses(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=list(settings)[-1]):
        wrong(**settings)
