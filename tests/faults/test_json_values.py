import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.faults._json_values import Document, Edit, Path, read

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
MANNERS: list[dict[str, Any]] = [
    {"separators": (",", ":")},
    {},
    {"indent": 2},
    {"indent": "\t", "ensure_ascii": False},
    {"separators": (" ,\n", "  :\t")},
]
REMOVED = object()


def document(text: str) -> Document:
    found = read(text.encode())
    assert found is not None
    return found


@st.composite
def texts(draw: st.DrawFn) -> str:
    text = json.dumps(draw(VALUES), **draw(st.sampled_from(MANNERS)))
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(json.loads(text))
    return f"{draw(st.sampled_from(['', ' ', chr(10)]))}{text}{draw(st.sampled_from(['', chr(13) + chr(10)]))}"


@given(texts())
def test_without_an_edit_it_is_the_same_text(text: str) -> None:
    assert document(text).edited({}) == text


def places(value: object, path: Path = ()) -> list[Path]:
    found = [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for place, each in inner:
        found += places(each, (*path, place))
    return found


def modelled(value: object, edits: dict[Path, Edit], path: Path = ()) -> object:
    """What the edits mean, on decoded values."""
    edit = edits.get(path, Edit())
    if path and edit.removed:
        return REMOVED
    if edit.text is not None:
        return json.loads(edit.text)
    if isinstance(value, dict):
        pairs = [
            (edits.get((*path, key), Edit()).key or key, modelled(inner, edits, (*path, key)))
            for key, inner in value.items()
        ]
        return [(key, inner) for key, inner in pairs if inner is not REMOVED]
    if isinstance(value, list):
        order = range(len(value)) if edit.order is None else edit.order
        result: list[object] = []
        for index in order:
            inner = modelled(value[index], edits, (*path, index))
            if inner is not REMOVED:
                result += [inner, *map(json.loads, edits.get((*path, index), Edit()).followed_by)]
        return result
    return value


@given(texts(), st.data())
def test_edits_do_what_they_say_and_nothing_else(text: str, data: st.DataObject) -> None:
    found = document(text)
    edits: dict[Path, Edit] = {}
    for path in data.draw(st.lists(st.sampled_from(places(found.value)), max_size=4)):
        kinds: list[dict[str, Any]] = [{"text": data.draw(VALUES.map(json.dumps))}]
        if path:
            kinds.append({"removed": True})
        if path and isinstance(path[-1], str):
            kinds.append({"key": data.draw(st.text(min_size=1))})
        if path and isinstance(path[-1], int):
            kinds.append({"followed_by": ("1", '"two"')})
        value: Any = found.value
        for place in path:
            value = value[place]
        if isinstance(value, list) and value:
            kinds.append({"order": data.draw(st.lists(st.integers(0, len(value) - 1), max_size=5))})
        edits[path] = Edit(**data.draw(st.sampled_from(kinds)))
    edited = json.loads(found.edited(edits), object_pairs_hook=list)
    assert edited == as_pairs(modelled(found.value, edits))


def as_pairs(value: object) -> object:
    if isinstance(value, dict):
        return [(key, as_pairs(inner)) for key, inner in value.items()]
    if isinstance(value, tuple):
        return (value[0], as_pairs(value[1]))
    return [as_pairs(inner) for inner in value] if isinstance(value, list) else value


PRETTY = '{\n  "items": [\n    {"id": 1.0},\n    {"id": 12345678901234567890123},\n    {"id": 1e5}\n  ],\n  "n": 3\n}\n'


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({("items",): Edit(order=[1])}, '[\n    {"id": 12345678901234567890123}\n  ]'),
        ({("items", 2): Edit(removed=True)}, '[\n    {"id": 1.0},\n    {"id": 12345678901234567890123}\n  ]'),
        ({("items", 0): Edit(removed=True)}, '[\n    {"id": 12345678901234567890123},\n    {"id": 1e5}\n  ]'),
        ({("items",): Edit(order=[0, 0])}, '[\n    {"id": 1.0},\n    {"id": 1.0}\n  ]'),
        ({("items",): Edit(order=[])}, "[]"),
        (
            {("items", 2): Edit(followed_by=("4",)), ("items", 0, "id"): Edit(change=lambda old: f"{old}0")},
            '[\n    {"id": 1.00},\n    {"id": 12345678901234567890123},\n    {"id": 1e5},\n    4\n  ]',
        ),
    ],
)
def test_white_space_and_digits_stay_as_they_were_written(edits: dict[Path, Edit], expected: str) -> None:
    assert document(PRETTY).edited(edits) == f'{{\n  "items": {expected},\n  "n": 3\n}}\n'


def test_what_becomes_the_first_stands_where_the_first_stood() -> None:
    assert document("[1, 2, 3]").edited({(0,): Edit(removed=True)}) == "[2, 3]"
    assert document("[1, 2, 3]").edited({(): Edit(order=[2, 0])}) == "[3, 1]"


def test_a_key_that_stands_twice_is_edited_twice_and_counts_as_the_last() -> None:
    found = document('{"a": 1, "b": 2, "a": 3}')
    assert found.value == {"a": 3, "b": 2}
    assert found.text_at(("a",)) == "3"
    assert found.edited({("b",): Edit(removed=True)}) == '{"a": 1, "a": 3}'
    assert found.edited({("a",): Edit(text="0")}) == '{"a": 0, "b": 2, "a": 0}'


def test_what_an_array_holds_is_told_as_it_is_written() -> None:
    found = document('{"a": [ 1.0, {"b" : "\\u00e9"} ,[] ]}')
    assert found.texts_in(("a",)) == ["1.0", '{"b" : "\\u00e9"}', "[]"]
    assert found.text_at(("a", 1, "b")) == '"\\u00e9"'
    with pytest.raises(KeyError):
        found.text_at(("a", 7))


def test_an_edit_of_what_is_not_there_does_nothing() -> None:
    text = '{"a": [1, 2], "b": {}}'
    nowhere: list[Path] = [("c",), ("a", 7), ("a", 0, "x"), ("b", "x"), ("a", "x")]
    assert document(text).edited(dict.fromkeys(nowhere, Edit(text="0"))) == text


@pytest.mark.parametrize(
    ("text", "value", "written"),
    [
        ("{}", "é", '"\\u00e9"'),
        ('{"é": 1}', "ü", '"ü"'),
        ('{"é": 1}', "\N{GRINNING FACE}", '"\N{GRINNING FACE}"'),
        ('{"é": 1}', "\ud800é", '"\\ud800\\u00e9"'),
        ("{}", [1, True, None], "[1, true, null]"),
    ],
)
def test_new_values_are_written_in_the_manner_of_the_document(text: str, value: object, written: str) -> None:
    assert document(text).written(value) == written


@pytest.mark.parametrize(
    "body", [b"", b" ", b"<html>", b'{"a": NaN}', b'\xef\xbb\xbf{"a": 1}', b'{"a": "\xff"}', b"{} {}", b"[" * 100_000]
)
def test_what_is_not_json_is_not_read(body: bytes) -> None:
    assert read(body) is None


def test_what_was_read_can_be_edited_however_deep_it_is() -> None:
    for depth in range(0, sys.getrecursionlimit(), 5):
        text = "[" * depth + '{"a":1}' + "]" * depth
        found = read(text.encode())
        if found is not None:
            path = (0,) * min(depth, 24)
            assert len(found.edited({path: Edit(removed=True)} if path else {})) <= len(text)
