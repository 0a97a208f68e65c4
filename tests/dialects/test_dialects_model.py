from collections.abc import Callable
from typing import Any

import pytest
import yaml

from chaosproxy.core.effects import Reject
from chaosproxy.dialects import parse_dialect

WALL = 1_795_348_859.25
MINE = """
description: Our own gateway.
content_type: application/vnd.acme+json
headers:
  - X-Trace: ${uuid}
  - Set-Cookie: a=1
  - Set-Cookie: b=2
kinds:
  rate_limited:
    - needs: limit
      status: 420
      reason: Enhance Your Calm
      message: ${limit} are enough
      body: {ok: false, why: "${message}", wait: "${retry_after}"}
    - status: 429
      text: slow down
      content_type: text/plain; charset=utf-8
  server_error: {status: 500}
"""


def test_a_users_own_file_is_a_dialect(rejection: Callable[..., Reject]) -> None:
    mine = parse_dialect(yaml.safe_load(MINE), "acme.yaml")
    assert mine.name == "acme.yaml"
    reply = mine.reply(rejection(limit=3, draw=0.5), WALL)
    assert (reply.status, reply.reason) == (420, b"Enhance Your Calm")
    assert [name for name, _ in reply.headers] == [b"Date", b"Content-Type", b"X-Trace", b"Set-Cookie", b"Set-Cookie"]
    assert reply.headers[1][1] == b"application/vnd.acme+json"
    assert reply.body == b'{"ok":false,"why":"3 are enough"}'


def test_the_first_way_whose_needs_are_met_is_taken(rejection: Callable[..., Reject]) -> None:
    reply = parse_dialect(yaml.safe_load(MINE), "acme.yaml").reply(rejection(retry_after=1.0), WALL)
    assert (reply.status, reply.reason, reply.body) == (429, b"Too Many Requests", b"slow down")
    assert (b"Content-Type", b"text/plain; charset=utf-8") in reply.headers


def test_a_reply_without_a_body_has_no_content_type(rejection: Callable[..., Reject]) -> None:
    reply = parse_dialect(yaml.safe_load(MINE), "acme.yaml").reply(rejection("server_error"), WALL)
    assert (reply.status, reply.body) == (500, b"")
    assert b"Content-Type" not in dict(reply.headers)


def test_what_it_leaves_out_generic_says(rejection: Callable[..., Reject]) -> None:
    mine = parse_dialect(yaml.safe_load(MINE), "acme.yaml")
    generic = parse_dialect({"description": "Nothing.", "kinds": {}}, "empty.yaml")
    for kind in ("unauthorized", "gateway_timeout"):
        reply = mine.reply(rejection(kind), WALL)
        assert reply == generic.reply(rejection(kind), WALL)
        assert (b"Content-Type", b"application/problem+json") in reply.headers


def test_a_kind_whose_needs_are_never_met_is_said_by_generic(rejection: Callable[..., Reject]) -> None:
    picky = parse_dialect(
        {"description": "Picky.", "kinds": {"rate_limited": {"needs": "limit", "status": 420}}}, "picky.yaml"
    )
    assert picky.reply(rejection(), WALL).status == 429
    assert picky.reply(rejection(limit=1), WALL).status == 420


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"kinds": {"rate_limited": {"status": "429"}}},
            "mine: kinds.rate_limited.status: expected a whole number, got '429'",
        ),
        (
            {"kinds": {"rate_limited": {"status": 700}}},
            "mine: kinds.rate_limited.status: expected at most 599, got 700",
        ),
        ({"kinds": {"rate_limited": {"status": 99}}}, "mine: kinds.rate_limited.status: expected at least 200, got 99"),
        ({"kinds": {"rate_limited": {}}}, "mine: kinds.rate_limited.status: expected this key, which is missing"),
        (
            {"kinds": {"rate_limited": [{"status": 429}, {"statsu": 1}]}},
            "mine: kinds.rate_limited[1].statsu: expected a key that is known here; did you mean `status`?",
        ),
        ({"kinds": {"rate_limited": []}}, "mine: kinds.rate_limited: expected at least one"),
        ({"kinds": {"rat_limited": {"status": 429}}}, "mine: kinds.rat_limited: expected rate_limited, "),
        ({"kinds": {"sever_error": {"status": 500}}}, "error_in_success; did you mean `server_error`?"),
        ({"colour": "red"}, "mine: colour: expected a key that is known here"),
        ({"headers": {"X-A": "${nothing}"}}, "mine: headers: X-A: ${nothing} is no placeholder"),
        ({"headers": {"X-A": "${message}"}}, "mine: headers: X-A: an error text may hold what a header may not"),
        ({"headers": {"X-A": "a\r\nX-B: b"}}, "mine: headers: X-A: expected a text without line ends"),
        ({"headers": {"X-A": True}}, "mine: headers: X-A: expected a text"),
        ({"headers": {"X A": "b"}}, "mine: headers: 'X A' cannot be the name of a header"),
        ({"headers": {"content-length": 3}}, "mine: headers: content-length is not a dialect's to say"),
        ({"headers": ["X-A"]}, "mine: headers: expected headers as `Name: value`"),
        (
            {"kinds": {"server_error": {"status": 500, "body": {"error": {"id": "${uid}"}}}}},
            "mine: kinds.server_error.body: error.id: ${uid} is no placeholder",
        ),
        (
            {"kinds": {"server_error": {"status": 500, "message": "again: ${message}"}}},
            "mine: kinds.server_error.message: ${message} cannot stand in the message itself",
        ),
        (
            {"kinds": {"server_error": {"status": 500, "text": "a", "html": "b"}}},
            "mine: kinds.server_error: text: there is a html already",
        ),
        (
            {"kinds": {"server_error": {"status": 500, "needs": ["money"]}}},
            "mine: kinds.server_error.needs[0]: expected limit, retry_after, scope",
        ),
        (
            {"kinds": {"server_error": {"status": 500, "reason": "Ön"}}},
            "mine: kinds.server_error.reason: expected plain ASCII characters, without spaces around them, got 'Ön'",
        ),
    ],
)
def test_refuses_with_the_path(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=r"^mine: ") as refusal:
        parse_dialect({"description": "Mine.", "kinds": {}} | change, "mine")
    assert complaint in str(refusal.value)


def test_all_mistakes_are_reported_one_line_each() -> None:
    with pytest.raises(ValueError, match=r"^mine: ") as refusal:
        parse_dialect({"kinds": {"rate_limited": {"status": 1, "colour": 2}}, "indent": 0}, "mine")
    lines = str(refusal.value).splitlines()
    assert len(lines) == 4
    assert all(line.startswith("mine: ") for line in lines)


@pytest.mark.parametrize("data", [None, [], "text", 3])
def test_what_is_no_mapping_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match=r"^mine: expected a mapping"):
        parse_dialect(data, "mine")
