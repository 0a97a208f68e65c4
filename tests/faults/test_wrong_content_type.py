import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Rewrite, Unfit
from chaosproxy.core.turn import Turn
from chaosproxy.faults.wrong_content_type import WrongContentType

BODY = json.dumps({"items": [1, 2.50, "ü"]}).encode()
JSON = (b"content-type", b"application/json; charset=utf-8")
OTHER = (b"X-Request-Id", b"r1")


def called(
    content_type: str, headers: tuple[tuple[bytes, bytes], ...], turn: Turn, body: bytes = BODY
) -> Reply | Unfit:
    (effect,) = WrongContentType(content_type=content_type).effects(turn, "named")
    assert isinstance(effect, Rewrite)
    assert effect.name == f"wrong_content_type: {content_type}"
    assert not effect.codes
    return effect.change(Reply(200, b"OK", headers, body))


@pytest.mark.parametrize(
    ("content_type", "before", "after"),
    [
        ("text/html", (JSON, OTHER), ((b"content-type", b"text/html"), OTHER)),
        ("text/plain; charset=utf-8", (OTHER, JSON), (OTHER, (b"content-type", b"text/plain; charset=utf-8"))),
        ("application/octet-stream", (OTHER,), (OTHER, (b"Content-Type", b"application/octet-stream"))),
        ("missing", (JSON, OTHER, JSON), (OTHER,)),
        ("empty", (JSON, OTHER), ((b"content-type", b""), OTHER)),
        ("text/html", (JSON, JSON), ((b"content-type", b"text/html"),)),
    ],
)
def test_does(
    content_type: str,
    before: tuple[tuple[bytes, bytes], ...],
    after: tuple[tuple[bytes, bytes], ...],
    turn_of: Callable[..., Turn],
) -> None:
    assert called(content_type, before, turn_of()) == Reply(200, b"OK", after, BODY)


@pytest.mark.parametrize(
    ("content_type", "headers", "body", "reason"),
    [
        ("text/html", (JSON,), b"", "empty_body"),
        ("text/html", ((b"Content-Type", b"Text/HTML"),), b"<html>", "nothing_to_spoil"),
        ("missing", (OTHER,), BODY, "nothing_to_spoil"),
        ("empty", ((b"Content-Type", b" "),), BODY, "nothing_to_spoil"),
    ],
)
def test_leaves_alone(
    content_type: str,
    headers: tuple[tuple[bytes, bytes], ...],
    body: bytes,
    reason: str,
    turn_of: Callable[..., Turn],
) -> None:
    assert called(content_type, headers, turn_of(), body) == Unfit(reason)


@given(st.binary(min_size=1), st.sampled_from(["text/html", "missing", "empty", "image/png"]))
def test_the_body_is_as_it_was_and_the_next_header_too(
    turn_of: Callable[..., Turn], body: bytes, content_type: str
) -> None:
    result = called(content_type, (JSON, OTHER), turn_of(), body)
    assert isinstance(result, Reply)
    assert result.body == body
    assert OTHER in result.headers
    assert JSON not in result.headers


@pytest.mark.parametrize(
    "content_type",
    ["", "html", "text/html\r\nX-A: b", "text/", "text/html;", "text/html; charset", "text/html, b", "ä/b"],
)
def test_refuses_what_is_no_media_type(content_type: str) -> None:
    with pytest.raises(ValueError, match=r"content_type\n.*expected a media type"):
        WrongContentType.model_validate({"type": "wrong_content_type", "content_type": content_type})


@pytest.mark.parametrize(
    "content_type", ["image/svg+xml", 'multipart/mixed; boundary="a b"', "text/html;charset=utf-8"]
)
def test_takes_every_media_type(content_type: str) -> None:
    assert WrongContentType(content_type=content_type).content_type == content_type


def test_is_not_told_to_the_agent() -> None:
    assert not WrongContentType().judged_by.explicit
