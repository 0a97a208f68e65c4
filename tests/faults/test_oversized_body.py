import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Rewrite, Unfit
from chaosproxy.core.turn import Turn
from chaosproxy.faults.oversized_body import OversizedBody

HEADERS = ((b"Content-Type", b"application/json"),)
SIZE = 4_096


def grown(how: str, body: bytes, turn: Turn, size: object = SIZE) -> Reply | Unfit:
    fault = OversizedBody.model_validate({"type": "oversized_body", "how": how, "size": size})
    (effect,) = fault.effects(turn, "large")
    assert isinstance(effect, Rewrite)
    assert effect.name == f"oversized_body: {how}"
    return effect.change(Reply(200, b"OK", HEADERS, body))


def body_of(result: Reply | Unfit) -> bytes:
    assert isinstance(result, Reply)
    assert (result.status, result.reason, result.headers) == (200, b"OK", HEADERS)
    return result.body


@given(st.one_of(st.integers(), st.text(max_size=9), st.lists(st.integers()), st.dictionaries(st.text(), st.text())))
def test_white_space_changes_no_data(turn_of: Callable[..., Turn], value: object) -> None:
    body = json.dumps(value).encode() + b" \n"
    if len(body) < SIZE:
        spoiled = body_of(grown("padding", body, turn_of()))
        assert len(spoiled) == SIZE
        assert json.loads(spoiled) == value


def test_white_space_stands_inside_the_brackets(turn_of: Callable[..., Turn]) -> None:
    assert body_of(grown("padding", b'{"a": 1}\n', turn_of())).endswith(b"  }")
    assert body_of(grown("padding", b"1.0", turn_of())).startswith(b"1.0  ")


@given(st.lists(st.fixed_dictionaries({"id": st.integers(), "name": st.text(max_size=9)}), min_size=1, max_size=9))
def test_items_come_over_and_over(turn_of: Callable[..., Turn], items: list[dict[str, Any]]) -> None:
    body = json.dumps({"items": items, "total": 1.50}, ensure_ascii=False).encode()
    spoiled = body_of(grown("many_items", body, turn_of()))
    value = json.loads(spoiled)
    times, rest = divmod(len(value["items"]), len(items))
    assert rest == 0
    assert value == {"items": items * times, "total": 1.5}
    assert SIZE <= len(spoiled) < SIZE + len(body)
    assert spoiled.endswith(b'"total": 1.5}')


@given(st.text(min_size=1, max_size=9), st.booleans())
def test_a_text_goes_on_and_on(turn_of: Callable[..., Turn], text: str, ascii_only: bool) -> None:
    body = json.dumps({"a": 1, "b": [text]}, ensure_ascii=ascii_only).encode()
    spoiled = body_of(grown("long_string", body, turn_of()))
    long = json.loads(spoiled)["b"][0]
    assert len(long) > len(text)
    assert long == text * (len(long) // len(text))
    assert json.loads(spoiled)["a"] == 1
    assert SIZE <= len(spoiled) < SIZE + len(body)


def test_which_text_is_decided_by_the_call(turn_of: Callable[..., Turn]) -> None:
    body = json.dumps({"a": ["tea", "sugar"], "b": "milk", "c": {"d": "ginger"}, "e": ""}).encode()
    spoiled = [body_of(grown("long_string", body, turn_of(key=key))) for key in range(1, 40)]
    assert body_of(grown("long_string", body, turn_of(key=1))) == spoiled[0]
    for word in (b"teatea", b"sugarsugar", b"milkmilk", b"gingerginger"):
        assert any(word in each for each in spoiled)


@pytest.mark.parametrize(
    ("how", "body", "reason"),
    [
        ("padding", b"", "empty_body"),
        ("padding", b" ", "empty_body"),
        ("padding", b"<html>", "not_json"),
        ("many_items", b"\x89PNG", "not_json"),
        ("padding", b"[" + b" " * SIZE + b"]", "large_already"),
        ("many_items", b'{"a": 1}', "nothing_to_spoil"),
        ("many_items", b"[]", "nothing_to_spoil"),
        ("long_string", b'{"a": 1, "b": ""}', "nothing_to_spoil"),
    ],
)
def test_leaves_alone(how: str, body: bytes, reason: str, turn_of: Callable[..., Turn]) -> None:
    assert grown(how, body, turn_of()) == Unfit(reason)


@pytest.mark.parametrize("size", ["1023B", "65MiB", 0, -1, "huge"])
def test_refuses_a_size_that_is_not_reasonable(size: object) -> None:
    with pytest.raises(ValueError, match="size"):
        OversizedBody.model_validate({"type": "oversized_body", "size": size})


def test_is_as_large_as_it_was_asked_to_be(turn_of: Callable[..., Turn]) -> None:
    assert OversizedBody().size == 10 * 1024**2
    spoiled = body_of(grown("many_items", b'[{"a": 1}]', turn_of(), "8MiB"))
    assert 8 * 1024**2 <= len(spoiled) <= 8 * 1024**2 + 10


def test_white_space_does_no_harm_that_could_go_unnoticed() -> None:
    assert OversizedBody(how="padding").judged_by.explicit
    assert not OversizedBody(how="many_items").judged_by.explicit
