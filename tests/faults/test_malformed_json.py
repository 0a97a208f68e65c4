import json
import subprocess
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Rewrite, Unfit
from chaosproxy.core.failures import Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._json_spoiling import REARRANGERS, SPOILERS
from chaosproxy.faults.malformed_json import How, MalformedJson
from tests.e2e.programs import executable

HEADERS = ((b"Content-Type", b"application/json; charset=utf-8"), (b"X-Request-Id", b"r1"))
HOWS = get_args(How)
REFUSED = [how for how in HOWS if how != "duplicate_keys"]
TRAPS = ("null", 'a "true", b', "\\", '\\"', "it's", "tea\n", '"a":', ", [", "\\\\n", "C:\\new")
"""Texts that a spoiler which looks for commas, quotes or words may trip over."""
STRINGS = st.one_of(st.text(), st.sampled_from(TRAPS))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), STRINGS),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(STRINGS, inner)),
    max_leaves=20,
)
TEXTS = st.builds(json.dumps, VALUES, ensure_ascii=st.booleans(), indent=st.sampled_from([None, 2]))

TRICKY = json.dumps([dict.fromkeys(TRAPS, TRAPS[1]), *TRAPS, -0.0, None])


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


def test_has_each_way_once() -> None:
    assert sorted(HOWS) == sorted([*SPOILERS, *REARRANGERS])


@pytest.mark.parametrize(
    ("how", "body", "spoiled"),
    [
        ("trailing_comma", '{"a": [1, 2]}', '{"a": [1, 2],}'),
        ("trailing_comma", "[ ]\n", "[ ,]"),
        ("missing_comma", '{"a, b": [1, 2]}', '{"a, b": [1  2]}'),
        ("single_quotes", '{"a": "it\'s", "b": 1}', "{'a': 'it\\'s', 'b': 1}"),
        ("single_quotes", '"a"', "'a'"),
        ("unquoted_keys", '{"a": {"b_1" :"c: d"}, "e-f": 1}', '{a: {b_1 :"c: d"}, "e-f": 1}'),
        ("unquoted_keys", r'{"a": "\"b\": 1", "c\"d": 2}', r'{a: "\"b\": 1", "c\"d": 2}'),
        ("unescaped_quotes", r'{"a": "say \"hi\" now"}', r'{"a": "say "hi\" now"}'),
        ("unescaped_quotes", r'{"a": "say \", \" now"}', '{"a": ""say" \\", \\" now"}'),
        ("unescaped_quotes", '{"a": "Green tea"}', '{"a": ""Green" tea"}'),
        ("invalid_escape", '{"a": "it\'s"}', '{"a": "it\\\'s"}'),
        ("invalid_escape", '{"a": "\\n", "b": "tea"}', '{"a": "\\n", "b": "\\x74ea"}'),
        ("control_characters", r'{"a": "b\nc\td\\n"}', '{"a": "b\nc\td\\\\n"}'),
        ("control_characters", '{"a": "tea", "b": ""}', '{"a": "tea\n", "b": ""}'),
        ("nan", '{"a": "1", "b": -1.5e+3, "c": 2}', '{"a": "1", "b": NaN, "c": 2}'),
        ("nan", '{"a": null, "b": "null"}', '{"a": NaN, "b": "null"}'),
        ("python_literals", '{"true": [null, true,false], "n": "null"}', '{"true": [None, True,False], "n": "null"}'),
        ("comment", '{"a": 1}', '{ // latest\n"a": 1}'),
        ("comment", "1", "1 // latest"),
        ("two_documents", '{"a": 1}', '{"a": 1}\n{"a": 1}'),
        ("json_lines", '[{"a": 1.0}, {"a": [2]}]', '{"a": 1.0}\n{"a": [2]}'),
        ("bom", '{"a": 1}', '\ufeff{"a": 1}'),
        ("trailing_nul", '{"a": 1}', '{"a": 1}\0'),
        ("markdown_fence", '{"a": 1}', '```json\n{"a": 1}\n```'),
        ("prose", "[]", "Here is the result you asked for:\n\n[]\n\nLet me know if you need anything else."),
        ("trailing_text", "[]", "[]\nINFO: request finished in 212 ms"),
        ("xssi_guard", "[]", ")]}'\n[]"),
        ("jsonp", "[]", "callback([]);"),
        ("single_quotes", '{"tee": "grün \\"gut\\""}', "{'tee': 'grün \\\"gut\\\"'}"),
        ("duplicate_keys", '{"a": 1.50}', '{"a": 1.50,"a": 0.0}'),
        ("duplicate_keys", '[{"a": {"b": ""}}]', '[{"a": {"b": "","b": null}}]'),
    ],
)
def test_does(how: str, body: str, spoiled: str, turn_of: Callable[..., Turn]) -> None:
    assert spoil(how, body.encode(), turn_of(key=2)) == Reply(200, b"OK", HEADERS, spoiled.encode())


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
        ("missing_comma", b'{"a,": 1}', "nothing_to_spoil"),
        ("single_quotes", b"[1, null]", "nothing_to_spoil"),
        ("unquoted_keys", b'{"a-b": 1}', "nothing_to_spoil"),
        ("unescaped_quotes", b'{"a": "", "b": 1}', "nothing_to_spoil"),
        ("invalid_escape", b'{"a": ""}', "nothing_to_spoil"),
        ("control_characters", b'{"a": 1}', "nothing_to_spoil"),
        ("nan", b'{"1": "2"}', "nothing_to_spoil"),
        ("python_literals", b'{"null": "true"}', "nothing_to_spoil"),
        ("json_lines", b"[1]", "nothing_to_spoil"),
        ("json_lines", b'{"a": [1, 2]}', "nothing_to_spoil"),
        ("duplicate_keys", b'[1, {"a": null}]', "nothing_to_spoil"),
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


@given(TEXTS, st.sampled_from(REFUSED), st.integers(1, 10_000))
def test_no_strict_parser_takes_the_result(turn_of: Callable[..., Turn], text: str, how: str, key: int) -> None:
    result = spoil(how, text.encode(), turn_of(key=key))
    if isinstance(result, Unfit):
        assert result.reason == "nothing_to_spoil"
        return
    assert result.headers == HEADERS
    with pytest.raises(ValueError, match=r".*"):
        strictly_parsed(result.body)
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(result.body)


@given(TEXTS, st.integers(1, 10_000))
def test_of_a_key_that_comes_twice_parsers_keep_the_empty_value(
    turn_of: Callable[..., Turn], text: str, key: int
) -> None:
    result = spoil("duplicate_keys", text.encode(), turn_of(key=key))
    if isinstance(result, Unfit):
        assert result.reason == "nothing_to_spoil"
        return
    assert strictly_parsed(result.body) == msgspec.json.decode(result.body)
    assert strictly_parsed(result.body) != json.loads(text)
    firsts = json.loads(result.body, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert firsts == json.loads(text), "whoever keeps the first value gets the truth"


def test_who_could_not_be_told_is_not_judged_as_though_he_had_been() -> None:
    twice = MalformedJson(how="duplicate_keys").judged_by
    assert not twice.explicit
    assert Reaction.STOP_AND_SAY in twice.healthy
    assert MalformedJson(how="truncated").judged_by == MalformedJson.nature


IN_NODE = """
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(texts.map(text => { try { return [JSON.parse(text)] } catch (error) { return null } })));
"""


def test_javascript_says_the_same(turn_of: Callable[..., Turn]) -> None:
    ordinary = '{"items": [{"id": 1, "name": "Green \\"tea\\"\\n", "on": true}, {"id": 2}], "it\'s": null}'
    bodies = [text.encode() for text in (ordinary, TRICKY, '["a", 1]')]
    spoiled = {
        (how, nth): result.body.decode()
        for how in HOWS
        for nth, body in enumerate(bodies)
        if isinstance(result := spoil(how, body, turn_of()), Reply)
    }
    done = subprocess.run(
        [executable("node"), "-e", IN_NODE],
        input=json.dumps(list(spoiled.values())),
        capture_output=True,
        text=True,
        check=True,
    )
    read = dict(zip(spoiled, json.loads(done.stdout), strict=True))

    assert {how for how, _ in read} == set(HOWS)
    assert [key for key, value in read.items() if value is not None and key[0] != "duplicate_keys"] == []
    for (how, nth), value in read.items():
        if how == "duplicate_keys":
            assert value == [strictly_parsed(spoiled[how, nth].encode())]
            assert value != [json.loads(bodies[nth])]


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "id": st.integers(1),
                "name": st.from_regex(r"[A-Z][a-z]+ [a-z']+", fullmatch=True),
                "on": st.booleans(),
            }
        ),
        min_size=2,
    ),
    st.sampled_from(HOWS),
)
def test_ordinary_data_can_be_spoiled_in_every_way(
    turn_of: Callable[..., Turn], value: list[dict[str, Any]], how: str
) -> None:
    assert isinstance(spoil(how, json.dumps(value).encode(), turn_of()), Reply)


@pytest.mark.parametrize("how", HOWS)
def test_depth_is_no_danger(how: str, turn_of: Callable[..., Turn]) -> None:
    deep = b'{"a": ' * 800 + b'"Green tea"' + b"}" * 800
    result = spoil(how, deep, turn_of())
    assert isinstance(result, Reply) or result.reason in ("too_deep", "nothing_to_spoil", "not_json")


def test_refuses_a_way_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="how"):
        MalformedJson.model_validate({"type": "malformed_json", "how": "badly"})
