import json
from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Rewrite, Unfit
from chaosproxy.core.turn import Turn
from chaosproxy.faults._json_spoiling import SPOILERS
from chaosproxy.faults.malformed_json import How, MalformedJson

HEADERS = ((b"Content-Type", b"application/json; charset=utf-8"), (b"X-Request-Id", b"r1"))
HOWS = get_args(How)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=20,
)
TEXTS = st.builds(json.dumps, VALUES, ensure_ascii=st.booleans(), indent=st.sampled_from([None, 2]))


def spoil(how: str, body: bytes, turn: Turn, status: int = 200) -> Reply | Unfit:
    fault = MalformedJson.model_validate({"type": "malformed_json", "how": how})
    (effect,) = fault.effects(turn, "garbage")
    assert isinstance(effect, Rewrite)
    assert effect.name == f"malformed_json: {how}"
    return effect.change(Reply(status, b"OK", HEADERS, body))


def strictly_parsed(body: bytes) -> object:
    """As RFC 8259 has it: UTF-8, no byte order mark, no NaN."""

    def refused(constant: str) -> object:
        raise ValueError(constant)

    return json.loads(body.decode(), parse_constant=refused)


@pytest.mark.parametrize(
    ("how", "body", "spoiled"),
    [
        ("trailing_comma", '{"a": [1, 2]}', '{"a": [1, 2],}'),
        ("trailing_comma", "[ ]\n", "[ ,]"),
        ("single_quotes", '{"a": "it\'s", "b": 1}', "{'a': 'it\\'s', 'b': 1}"),
        ("single_quotes", '"a"', "'a'"),
        ("unquoted_keys", '{"a": {"b_1" :"c: d"}, "e-f": 1}', '{a: {b_1 :"c: d"}, "e-f": 1}'),
        ("nan", '{"a": "1", "b": -1.5e+3, "c": 2}', '{"a": "1", "b": NaN, "c": 2}'),
        ("nan", '{"a": null, "b": "null"}', '{"a": NaN, "b": "null"}'),
        ("comment", '{"a": 1}', '{ // latest\n"a": 1}'),
        ("comment", "1", "1 // latest"),
        ("two_documents", '{"a": 1}', '{"a": 1}\n{"a": 1}'),
        ("bom", '{"a": 1}', '\ufeff{"a": 1}'),
        ("markdown_fence", '{"a": 1}', '```json\n{"a": 1}\n```'),
        ("prose", "[]", "Here is the result you asked for:\n\n[]\n\nLet me know if you need anything else."),
        ("single_quotes", '{"tee": "grün \\"gut\\""}', "{'tee': 'grün \\\"gut\\\"'}"),
    ],
)
def test_does(how: str, body: str, spoiled: str, turn_of: Callable[..., Turn]) -> None:
    assert spoil(how, body.encode(), turn_of()) == Reply(200, b"OK", HEADERS, spoiled.encode())


@pytest.mark.parametrize(
    ("how", "body", "reason"),
    [
        ("truncated", b"", "empty_body"),
        ("prose", b" \r\n", "empty_body"),
        ("truncated", b"<html>", "not_json"),
        ("truncated", b'{"a": 1,}', "not_json"),
        ("truncated", b"[NaN]", "not_json"),
        ("truncated", b'"\xff"', "not_json"),
        ("bom", b'\xef\xbb\xbf{"a": 1}', "not_json"),
        ("prose", b"[" * 200_000 + b"]" * 200_000, "not_json"),
        ("truncated", b"1234", "nothing_to_spoil"),
        ("truncated", b"1", "nothing_to_spoil"),
        ("trailing_comma", b'"a"', "nothing_to_spoil"),
        ("single_quotes", b"[1, null]", "nothing_to_spoil"),
        ("unquoted_keys", b'{"a-b": 1}', "nothing_to_spoil"),
        ("nan", b'{"1": "2"}', "nothing_to_spoil"),
    ],
)
def test_leaves_alone(how: str, body: bytes, reason: str, turn_of: Callable[..., Turn]) -> None:
    assert spoil(how, body, turn_of()) == Unfit(reason)


def test_cuts_at_a_place_that_the_call_decides(turn_of: Callable[..., Turn]) -> None:
    body = json.dumps({"hits": list(range(100))}).encode()
    cuts = [spoil("truncated", body, turn_of(key=key)) for key in range(1, 30)]
    lengths = {len(cut.body) for cut in cuts if isinstance(cut, Reply)}
    assert len(lengths) > 20
    assert min(lengths) >= 1
    assert max(lengths) < len(body)
    assert all(body.startswith(cut.body) for cut in cuts if isinstance(cut, Reply))
    assert spoil("truncated", body, turn_of(key=1)) == cuts[0]


@pytest.mark.parametrize("text", ["[]", '"a"', "null", '{"a": 1}'])
def test_a_cut_keeps_something_and_never_everything(text: str) -> None:
    assert SPOILERS["truncated"](text, 0.0) == text[:1]
    assert SPOILERS["truncated"](text, 1 - 2.0**-53) == text[:-1]


@given(TEXTS, st.sampled_from(HOWS), st.integers(1, 10_000))
def test_no_strict_parser_takes_the_result(turn_of: Callable[..., Turn], text: str, how: str, key: int) -> None:
    result = spoil(how, text.encode(), turn_of(key=key))
    if isinstance(result, Unfit):
        assert result.reason == "nothing_to_spoil"
        return
    assert result.headers == HEADERS
    with pytest.raises(ValueError, match=r".*"):
        strictly_parsed(result.body)


@given(
    st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]*", fullmatch=True), st.integers(), min_size=1), st.sampled_from(HOWS)
)
def test_an_ordinary_object_can_be_spoiled_in_every_way(
    turn_of: Callable[..., Turn], value: dict[str, int], how: str
) -> None:
    assert isinstance(spoil(how, json.dumps(value).encode(), turn_of()), Reply)


def test_refuses_a_way_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="how"):
        MalformedJson.model_validate({"type": "malformed_json", "how": "badly"})
