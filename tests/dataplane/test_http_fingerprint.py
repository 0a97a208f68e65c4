"""The laws of fingerprints: same intention, same fingerprint, in whatever order and process it is said."""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.volatile import VOLATILE
from chaosproxy.dataplane.http.requests.fingerprint import canonical_json, canonical_query, digest
from chaosproxy.dataplane.http.requests.reading import Reader
from chaosproxy.dataplane.http.requests.routing import Router
from chaosproxy.dataplane.http.requests.sessions import Peer
from chaosproxy.dataplane.http.wire import Request
from chaosproxy.profiles.models import Profile

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)
pairs = st.lists(st.tuples(st.text("abc&=%+ é", min_size=1), st.text("xyz&=%+; é")), max_size=5)


def reader() -> Reader:
    profile = Profile.model_validate(
        {
            "version": 1,
            "name": "a test",
            "upstreams": {"tool": "http://tool.test", "other": "http://other.test"},
            "tools": {"search": {"upstream": "tool", "path": "/search", "volatile": ["Cursor"]}},
        }
    )
    return Reader(profile, Router(profile, set()))


def fingerprint(
    target: str = "/tool/x",
    body: bytes = b"",
    kind: str = "application/json",
    method: str = "POST",
    by: Reader | None = None,
) -> str:
    asked = Request(
        method.encode(), target.encode("latin-1"), [(b"Host", b"a"), (b"Content-Type", kind.encode())], "1.1"
    )
    asked.parts = [body] if body else []
    asked.size = len(body)
    asked.complete = True
    by = by or reader()
    return by.read(asked, by.destination(asked), Peer("127.0.0.1", 1), 0.0).fingerprint


def said(value: Any) -> bytes:  # noqa: ANN401  any JSON
    return json.dumps(value).encode()


def shuffled(value: Any) -> Any:  # noqa: ANN401  any JSON
    """The same with the keys of every object the other way round."""
    if isinstance(value, dict):
        return {key: shuffled(item) for key, item in reversed(value.items())}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


@given(values)
def test_order_of_keys_does_not_matter(value: Any) -> None:  # noqa: ANN401
    assert canonical_json(shuffled(value), VOLATILE) == canonical_json(value, VOLATILE)


@given(values, values)
def test_different_bodies_differ(one: Any, other: Any) -> None:  # noqa: ANN401
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

    assert (canonical_json(one, frozenset()) == canonical_json(other, frozenset())) >= same
    if canonical_json(one, frozenset()) == canonical_json(other, frozenset()):
        assert one == other, "equal as Python sees it: 1 and 1.0, in any order of keys"


@given(st.integers(-(2**53), 2**53))
def test_whole_floats_are_whole_numbers(number: int) -> None:
    assert canonical_json([number], VOLATILE) == canonical_json([float(number)], VOLATILE)


def test_true_is_not_one() -> None:
    assert canonical_json([True], VOLATILE) != canonical_json([1], VOLATILE)
    assert canonical_json(["1"], VOLATILE) != canonical_json([1], VOLATILE)


@given(st.sampled_from(sorted(VOLATILE)), scalars, values)
def test_volatile_fields_do_not_matter_at_any_depth(name: str, scalar: Any, value: Any) -> None:  # noqa: ANN401
    with_it = {"a": [{"b": value, name.upper(): scalar}], name: scalar}

    assert canonical_json(with_it, VOLATILE) == canonical_json({"a": [{"b": value}]}, VOLATILE)


@given(pairs, st.randoms(use_true_random=False))
def test_order_of_parameters_does_not_matter(parameters: list[tuple[str, str]], random: Any) -> None:  # noqa: ANN401
    other = list(parameters)
    random.shuffle(other)

    assert canonical_query(query(other), VOLATILE) == canonical_query(query(parameters), VOLATILE)


@given(pairs, pairs)
def test_different_parameters_differ(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:
    same = canonical_query(query(one), frozenset()) == canonical_query(query(other), frozenset())

    assert same == (sorted(one) == sorted(other))


def query(parameters: list[tuple[str, str]]) -> str:
    def quoted(text: str) -> str:
        return "".join(f"%{byte:02X}" for byte in text.encode("latin-1"))

    return "&".join(f"{quoted(name)}={quoted(value)}" for name, value in parameters)


def test_escaped_separators_are_not_separators() -> None:
    assert fingerprint("/tool/x?a=1%26b=2") != fingerprint("/tool/x?a=1&b=2")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"target": "/tool/x?a=1&b=2"}, {"target": "/tool/x?b=2&a=1"}),
        ({"target": "/tool/x?a=1&ts=5"}, {"target": "/tool/x?TS=9&a=1"}),
        ({"target": "/tool/x?a=1"}, {"target": "/~run42/tool/x?a=1"}),
        ({"target": "/tool/x?a=1"}, {"target": "http://tool.test/x?a=1"}),
        ({"target": "/tool/search?q=1&cursor=a"}, {"target": "/tool/search?q=1&cursor=b"}),
        ({"body": b'{"a": 1, "b": [1.0]}'}, {"body": b' {"b":[1],"a":1.0}'}),
        ({"body": b"a=1&b=2", "kind": "application/x-www-form-urlencoded"},
         {"body": b"b=2&a=1&nonce=7", "kind": "application/x-www-form-urlencoded; charset=utf-8"}),
    ],
)  # fmt: skip
def test_same_intention(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert fingerprint(**one) == fingerprint(**other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"target": "/tool/x"}, {"target": "/other/x"}),
        ({"target": "/tool/x"}, {"target": "/tool/y"}),
        ({"method": "POST"}, {"method": "PUT"}),
        ({"target": "/tool/x?a=1"}, {"target": "/tool/x?a=2"}),
        ({"target": "/tool/x?a=1"}, {"target": "/tool/x?a=1&a=1"}),
        ({"target": "/tool/x?cursor=a"}, {"target": "/tool/x?cursor=b"}),
        ({"body": b'{"a": 1}'}, {"body": b'{"a": 2}'}),
        ({"body": b'{"a": 1}'}, {"body": b'{"a": "1"}'}),
        ({"body": b"not json"}, {"body": b"not JSON"}),
        ({"body": b"\xff"}, {"body": b"\xfe"}),
        ({"body": b"a=1&b=2", "kind": "text/plain"}, {"body": b"b=2&a=1", "kind": "text/plain"}),
    ],
)
def test_different_intention(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert fingerprint(**one) != fingerprint(**other)


def test_what_was_read_before_does_not_matter() -> None:
    form = {"body": b"b=2&a=1", "kind": "application/x-www-form-urlencoded"}
    text = {"body": b"b=2&a=1", "kind": "text/plain"}
    by = reader()
    first = fingerprint(**text, by=by)  # type: ignore[arg-type]  # the dictionaries hold what it takes

    assert fingerprint(**form, by=by) == fingerprint(**form) != first  # type: ignore[arg-type]  # likewise


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 700 + b"]" * 700,
        b"[" * 100_000,
        b"1e300",
        b"123456789012345678901234567890",
        b'"\\ud800"',
        b"1e999",
        b"NaN",
    ],
    ids=["deep", "deeper", "huge", "long", "half a surrogate", "infinite", "not a number"],
)
def test_strange_bodies_have_fingerprints_too(body: bytes) -> None:
    assert fingerprint(body=body) != fingerprint(body=b"[]")


@given(st.binary(max_size=60) | values.map(said))
def test_any_body_has_a_fingerprint(body: bytes) -> None:
    assert len(fingerprint(body=body)) == 16


def test_same_in_another_process() -> None:
    here = fingerprint("/tool/x?b=2&a=1", said({"b": [1.5], "a": {"z": "é", "y": None}}))
    ask = (
        "from tests.dataplane.test_http_fingerprint import fingerprint, said\n"
        "print(fingerprint('/tool/x?b=2&a=1', said({'b': [1.5], 'a': {'z': 'é', 'y': None}})))"
    )
    there = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)

    assert there.stdout.strip() == here


def test_digest_is_short_hex() -> None:
    assert digest(b"") == "e4a6a0577479b2b4"
