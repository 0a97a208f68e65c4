import gzip
import json
import zlib
from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Rewrite, Unfit
from chaosproxy.core.turn import Turn
from chaosproxy.faults.bad_encoding import BadEncoding, How

HOWS = get_args(How)
GZIPS = [how for how in HOWS if how.startswith("gzip_")]
HEADERS = ((b"Content-Type", b"application/json"), (b"Content-Encoding", b"br"), (b"X-Request-Id", b"r1"))
PLAIN = ((b"Content-Type", b"application/json"), (b"X-Request-Id", b"r1"))
CODED = (*PLAIN, (b"Content-Encoding", b"gzip"))


def spoil(how: str, body: bytes, turn: Turn, headers: tuple[tuple[bytes, bytes], ...] = PLAIN) -> Reply | Unfit:
    fault = BadEncoding.model_validate({"type": "bad_encoding", "how": how})
    (effect,) = fault.effects(turn, "garbled")
    assert isinstance(effect, Rewrite)
    assert effect.name == f"bad_encoding: {how}"
    assert effect.codes == (how in GZIPS)
    return effect.change(Reply(200, b"OK", headers, body))


def is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize(
    ("how", "body", "spoiled"),
    [
        ("invalid_utf8", '{"a": "é"}'.encode(), b'{"a": "\xc3"}'),
        ("invalid_utf8", '{"a": "😀"}'.encode(), b'{"a": "\xf0\x9f\x98"}'),
        ("invalid_utf8", b'["tea"]', b'["tea\xe9"]'),
        ("latin1", '{"a": "é€"}'.encode(), b'{"a": "\xe9?"}'),
        ("utf16", b"[]", b"\xff\xfe[\0]\0"),
        ("mojibake", '{"a": "é” Á"}'.encode(), '{"a": "Ã©â€\x9d Ã\x81"}'.encode()),
    ],
)
def test_spoils_characters(how: str, body: bytes, spoiled: bytes, turn_of: Callable[..., Turn]) -> None:
    assert spoil(how, body, turn_of()) == Reply(200, b"OK", PLAIN, spoiled)


@pytest.mark.parametrize(
    ("how", "before", "after"),
    [
        ("declared_latin1", b"application/json; charset=utf-8", b"application/json; charset=iso-8859-1"),
        ("declared_utf16", b"text/plain", b"text/plain; charset=utf-16"),
    ],
)
def test_says_another_encoding(how: str, before: bytes, after: bytes, turn_of: Callable[..., Turn]) -> None:
    body = '{"a": "é"}'.encode()
    result = spoil(how, body, turn_of(), ((b"Content-Type", before),))
    assert result == Reply(200, b"OK", ((b"Content-Type", after),), body)


@pytest.mark.parametrize(
    ("how", "body", "reason"),
    [
        *[(how, b"", "empty_body") for how in HOWS],
        *[(how, b'"\xff"', "not_text") for how in HOWS if how not in GZIPS],
        ("latin1", b'{"a": 1}', "nothing_to_spoil"),
        ("latin1", '{"a": "€"}'.encode(), "nothing_to_spoil"),
        ("latin1", '{"a": "Ã©"}'.encode(), "nothing_to_spoil"),
        ("mojibake", b'{"a": 1}', "nothing_to_spoil"),
        ("declared_latin1", b'{"a": 1}', "nothing_to_spoil"),
        ("invalid_utf8", b"[1, 2]", "nothing_to_spoil"),
    ],
)
def test_leaves_alone(how: str, body: bytes, reason: str, turn_of: Callable[..., Turn]) -> None:
    assert spoil(how, body, turn_of()) == Unfit(reason)


def test_what_has_no_type_has_no_charset(turn_of: Callable[..., Turn]) -> None:
    assert spoil("declared_utf16", b"[]", turn_of(), ()) == Unfit("no_content_type")


@given(st.one_of(st.text(min_size=1), st.lists(st.text(), min_size=1).map(json.dumps)), st.integers(1, 10_000))
def test_no_strict_reader_takes_the_bytes(turn_of: Callable[..., Turn], text: str, key: int) -> None:
    body = text.encode()
    for how in ("invalid_utf8", "latin1"):
        result = spoil(how, body, turn_of(key=key))
        if isinstance(result, Reply):
            assert not is_utf8(result.body)
            assert abs(len(result.body) - len(body)) <= (1 if how == "invalid_utf8" else len(body))
        else:
            assert result.reason == "nothing_to_spoil"


@given(st.dictionaries(st.text(), st.text(), min_size=1))
def test_text_that_is_encoded_twice_is_json_with_other_characters(
    turn_of: Callable[..., Turn], value: dict[str, str]
) -> None:
    body = json.dumps(value, ensure_ascii=False).encode()
    result = spoil("mojibake", body, turn_of())
    assert isinstance(result, Unfit) == body.isascii()
    if isinstance(result, Reply):
        assert len(json.loads(result.body)) == len(value)
        assert json.loads(result.body) != value


def test_the_place_is_decided_by_the_call(turn_of: Callable[..., Turn]) -> None:
    for body in (json.dumps(["tea"] * 100).encode(), json.dumps(["thé"] * 100, ensure_ascii=False).encode()):
        spoiled = [spoil("invalid_utf8", body, turn_of(key=key)) for key in (1, 1, 2, 3)]
        assert spoiled[0] == spoiled[1]
        assert len({each.body for each in spoiled if isinstance(each, Reply)}) == 3


@given(st.binary(min_size=1, max_size=10_000), st.integers(1, 10_000))
def test_a_gzip_that_is_cut_is_the_beginning_of_one(turn_of: Callable[..., Turn], body: bytes, key: int) -> None:
    result = spoil("gzip_cut", body, turn_of(key=key), HEADERS)
    assert isinstance(result, Reply)
    assert result.headers == CODED
    inflater = zlib.decompressobj(31)
    assert body.startswith(inflater.decompress(result.body))
    assert not inflater.eof
    with pytest.raises(EOFError):
        gzip.decompress(result.body)


@given(st.binary(min_size=1, max_size=10_000))
def test_a_gzip_with_a_wrong_checksum_is_whole_but_for_that(turn_of: Callable[..., Turn], body: bytes) -> None:
    result = spoil("gzip_checksum", body, turn_of(), HEADERS)
    assert isinstance(result, Reply)
    assert result.headers == CODED
    assert zlib.decompressobj(-15).decompress(result.body[10:]) == body
    with pytest.raises(gzip.BadGzipFile, match="CRC check failed"):
        gzip.decompress(result.body)


def test_a_gzip_that_is_none(turn_of: Callable[..., Turn]) -> None:
    assert spoil("gzip_plain", b"[]", turn_of(), HEADERS) == Reply(200, b"OK", CODED, b"[]")


def test_a_gzip_that_nothing_tells_of(turn_of: Callable[..., Turn]) -> None:
    result = spoil("gzip_undeclared", b"[]", turn_of(), HEADERS)
    assert isinstance(result, Reply)
    assert result.headers == PLAIN
    assert gzip.decompress(result.body) == b"[]"


def test_the_agent_gets_an_error_where_every_library_raises_one() -> None:
    assert [how for how in HOWS if BadEncoding(how=how).judged_by.explicit] == ["gzip_plain", "gzip_checksum"]
