"""How a failure is said in the middle of a stream, where no status can say it any more: one event, and its data."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind
from chaosproxy.dialects import builtin_names, load_builtin, parse_dialect

WALL = 1_795_348_859.25
KINDS = [kind.value for kind in FailureKind]
Rejection = Callable[..., Reject]


def read(event: bytes) -> tuple[str | None, Any]:
    """The name and the data of one event, which must be all that there is."""
    *lines, last, end = event.decode().split("\n")
    assert (last, end) == ("", ""), "it ends with an empty line"
    fields = dict(line.split(": ", 1) for line in lines)
    assert set(fields) <= {"event", "data"}
    assert len(fields) == len(lines)
    return fields.get("event"), json.loads(fields["data"])


@pytest.mark.parametrize("name", builtin_names())
@pytest.mark.parametrize("kind", KINDS)
def test_every_dialect_says_every_kind_as_one_event(name: str, kind: str, rejection: Rejection) -> None:
    event, data = read(load_builtin(name).stream_error(rejection(kind), WALL))
    assert event in (None, "error")
    assert data


def test_openai_has_no_name_for_it(rejection: Rejection) -> None:
    """Its SDK raises at any data with a member `error`, in chat completions and in responses."""
    event, data = read(load_builtin("openai").stream_error(rejection("unavailable"), WALL))
    assert event is None
    assert data == {
        "error": {
            "message": "Our servers are currently overloaded. Please try again later.",
            "type": "service_unavailable_error",
            "param": None,
            "code": "server_is_overloaded",
        }
    }


def test_anthropic_says_the_same_as_in_a_body(rejection: Rejection) -> None:
    anthropic = load_builtin("anthropic")
    told = rejection("unavailable", draw=0.2)
    event, data = read(anthropic.stream_error(told, WALL))
    assert event == "error"
    assert data == json.loads(anthropic.reply(told, WALL).body)
    assert data["error"] == {"type": "overloaded_error", "message": "Overloaded"}


def test_generic_is_understood_by_the_name_and_by_the_member(rejection: Rejection) -> None:
    event, data = read(load_builtin("generic").stream_error(rejection("rate_limited"), WALL))
    assert event == "error"
    assert data["error"]["status"] == 429


@pytest.mark.parametrize("kind", ["bad_gateway", "gateway_timeout"])
def test_a_page_cannot_be_an_event_so_the_vendor_says_that_it_broke(kind: str, rejection: Rejection) -> None:
    openai = load_builtin("openai")
    assert b"<html>" in openai.reply(rejection(kind), WALL).body
    assert read(openai.stream_error(rejection(kind), WALL))[1]["error"]["type"] == "server_error"


def test_who_has_only_pages_says_it_as_generic_does(rejection: Rejection) -> None:
    nginx, generic = load_builtin("nginx"), load_builtin("generic")
    for kind in KINDS:
        assert nginx.stream_error(rejection(kind), WALL) == generic.stream_error(rejection(kind), WALL)


def test_what_a_rule_says_itself_is_said(rejection: Rejection) -> None:
    for name in ("openai", "anthropic", "generic"):
        _, data = read(load_builtin(name).stream_error(rejection("server_error", message='a\n"b"\r\u00fc'), WALL))
        assert 'a\n"b"\r\u00fc' in data["error"].values()


@given(st.text(max_size=20), st.sampled_from(builtin_names()), st.sampled_from(KINDS))
def test_no_text_breaks_the_event(rejection: Rejection, text: str, name: str, kind: str) -> None:
    event = load_builtin(name).stream_error(rejection(kind, message=text), WALL)
    read(event)
    assert event.count(b"\r") == 0


MINE = """
description: Our own gateway.
stream: {event: failure, wrap: problem}
indent: 2
kinds:
  server_error: {status: 500, body: {ok: false}}
  unavailable: {status: 503, text: busy}
"""


def test_a_users_own_file_says_it_in_its_own_way(rejection: Rejection) -> None:
    mine = parse_dialect(yaml.safe_load(MINE), "acme.yaml")
    assert mine.stream_error(rejection("server_error"), WALL) == b'event: failure\ndata: {"problem":{"ok":false}}\n\n'
    assert mine.stream_error(rejection("unavailable"), WALL) == mine.stream_error(rejection("server_error"), WALL)


def test_without_a_word_about_streams_it_is_an_event_named_error(rejection: Rejection) -> None:
    file = {"description": "Mine.", "kinds": {"server_error": {"status": 500, "body": {"ok": False}}}}
    mine = parse_dialect(file, "mine")
    assert mine.stream_error(rejection("server_error"), WALL) == b'event: error\ndata: {"ok":false}\n\n'


def test_the_way_whose_needs_are_met_is_taken_in_streams_too(rejection: Rejection) -> None:
    ways = [{"needs": "limit", "status": 429, "body": "${limit}"}, {"status": 429, "body": "no"}]
    mine = parse_dialect({"description": "Mine.", "kinds": {"rate_limited": ways}}, "mine")
    assert read(mine.stream_error(rejection(limit=3), WALL))[1] == 3
    assert read(mine.stream_error(rejection(), WALL))[1] == "no"


@pytest.mark.parametrize(
    ("stream", "complaint"),
    [
        ({"event": "a\nb"}, "mine: stream.event: expected plain ASCII characters, without spaces around them"),
        ({"event": ""}, "mine: stream.event: expected plain ASCII characters, without spaces around them"),
        ({"event": " error"}, "mine: stream.event: expected plain ASCII characters, without spaces around them"),
        ({"event": 3}, "mine: stream.event: expected a text, got 3"),
        ({"wrap": ""}, "mine: stream.wrap: expected a text that is not empty"),
        ({"warp": "error"}, "mine: stream.warp: expected a key that is known here; did you mean `wrap`?"),
        ("error", "mine: stream: expected a mapping"),
    ],
)
def test_mistakes_are_found(stream: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=r"^mine: ") as refusal:
        parse_dialect({"description": "Mine.", "kinds": {}, "stream": stream}, "mine")
    assert complaint in str(refusal.value)
