"""Dialects of a user's own: from nothing, in an envelope of their own, and on top of a shipped one."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Quota, Reject
from chaosproxy.core.failures import FailureKind
from chaosproxy.dialects import builtin_names, load_builtin, parse_dialect

WALL = 1_795_348_859.25
KINDS = [kind.value for kind in FailureKind]
Rejection = Callable[..., Reject]

ACME = """
extends: openai
description: The gateway of Acme.
headers: {cf-ray: null, SERVER: acme, X-Acme: "1"}
stream: {event: failure}
quota:
  requests: {x-ratelimit-limit-requests: null, X-Left: "${remaining}"}
kinds:
  rate_limited:
    - status: 429
      headers: {Retry-After: "${retry_after}"}
      body: {error: {message: "${message}", type: throttled}}
  unavailable: {message: Acme is taking a nap.}
  insufficient_scope: {status: 401}
  bad_gateway: {text: nobody home}
"""


def header(reply: Reply, name: str) -> str | None:
    found = [value.decode() for key, value in reply.headers if key.decode().lower() == name.lower()]
    assert len(found) <= 1
    return found[0] if found else None


def acme() -> Any:  # noqa: ANN401  short for a Dialect
    return parse_dialect(yaml.safe_load(ACME), "acme.yaml")


def test_what_it_does_not_change_is_as_it_was(rejection: Rejection) -> None:
    openai = load_builtin("openai")
    for kind in ("unauthorized", "server_error", "quota_exhausted"):
        ours, theirs = acme().reply(rejection(kind), WALL), openai.reply(rejection(kind), WALL)
        assert (ours.status, ours.body) == (theirs.status, theirs.body)


def test_headers_are_changed_by_name_whatever_the_case(rejection: Rejection) -> None:
    reply = acme().reply(rejection("unauthorized"), WALL)
    assert header(reply, "CF-RAY") is None
    assert header(reply, "Server") == "acme"
    assert header(reply, "X-Acme") == "1"
    assert header(reply, "openai-version") == "2020-10-01"
    assert reply.headers[-1] == (b"X-Acme", b"1")


def test_a_mapping_changes_what_is_said_and_leaves_the_rest(rejection: Rejection) -> None:
    error = json.loads(acme().reply(rejection("unavailable"), WALL).body)["error"]
    assert error["message"] == "Acme is taking a nap."
    assert error["code"] == "server_is_overloaded"


def test_a_mapping_changes_every_way_there_is(rejection: Rejection) -> None:
    for scope in ("files:write", None):
        assert acme().reply(rejection("insufficient_scope", scope=scope), WALL).status == 401
    told = acme().reply(rejection("insufficient_scope", scope="files:write"), WALL)
    assert b"Missing scopes: files:write." in told.body


def test_a_list_takes_the_place_of_all_ways(rejection: Rejection) -> None:
    quota = {"limit": 3, "retry_after": 2.5}
    reply = acme().reply(rejection(**quota), WALL)
    assert json.loads(reply.body)["error"]["type"] == "throttled"
    assert header(reply, "x-ratelimit-limit-requests") is None
    assert header(reply, "Retry-After") == "3"
    assert len(acme().phrases[FailureKind.RATE_LIMITED]) < len(load_builtin("openai").phrases[FailureKind.RATE_LIMITED])


def test_another_kind_of_body_takes_the_place_of_the_old(rejection: Rejection) -> None:
    reply = acme().reply(rejection("bad_gateway"), WALL)
    assert (reply.status, reply.body, header(reply, "Content-Type")) == (502, b"nobody home", "text/plain")


def test_sections_are_changed_key_by_key(rejection: Rejection) -> None:
    said = acme().quota_headers(Quota(limit=9, remaining=4, resets=1.0), 0.1, WALL)
    assert said == (
        (b"x-ratelimit-remaining-requests", b"4"),
        (b"x-ratelimit-reset-requests", b"1s"),
        (b"X-Left", b"4"),
    )
    assert acme().stream_error(rejection("unavailable"), WALL).startswith(b"event: failure\n")


@pytest.mark.parametrize("name", builtin_names())
def test_every_shipped_dialect_may_be_started_from(name: str, rejection: Rejection) -> None:
    mine = parse_dialect({"extends": name}, "mine.yaml")
    assert mine.description == load_builtin(name).description
    for kind in KINDS:
        assert mine.reply(rejection(kind), WALL) == load_builtin(name).reply(rejection(kind), WALL)


def test_the_shipped_one_is_not_changed_by_it(rejection: Rejection) -> None:
    before = load_builtin("openai").reply(rejection("unavailable"), WALL)
    acme()
    assert parse_dialect({"extends": "openai"}, "x").reply(rejection("unavailable"), WALL) == before


ORDERS = """
description: Our orders service.
otherwise:
  headers: {X-Trace: "${uuid}"}
  body: {ok: false, reason: "${code}", text: "${message}"}
kinds:
  conflict: {status: 423, message: Somebody else is editing this order., body: {ok: false, reason: LOCKED}}
"""


def test_an_envelope_says_every_kind_with_the_usual_status_and_text(rejection: Rejection) -> None:
    orders, generic = parse_dialect(yaml.safe_load(ORDERS), "orders.yaml"), load_builtin("generic")
    for kind in set(KINDS) - {"conflict", "refresh_failed", "error_in_success"}:
        reply, usual = orders.reply(rejection(kind), WALL), generic.reply(rejection(kind), WALL)
        said = json.loads(reply.body)
        assert reply.status == usual.status
        assert said == {"ok": False, "reason": kind, "text": json.loads(usual.body)["detail"]}
        assert header(reply, "X-Trace")
    assert orders.reply(rejection("conflict"), WALL).status == 423


def test_an_envelope_is_not_for_what_others_say(rejection: Rejection) -> None:
    orders, generic = parse_dialect(yaml.safe_load(ORDERS), "orders.yaml"), load_builtin("generic")
    for kind in ("refresh_failed", "error_in_success"):
        assert orders.reply(rejection(kind), WALL) == generic.reply(rejection(kind), WALL)


def test_an_envelope_is_used_in_streams_too(rejection: Rejection) -> None:
    orders = parse_dialect(yaml.safe_load(ORDERS), "orders.yaml")
    assert b'"reason":"overloaded"' in orders.stream_error(rejection("overloaded"), WALL)


def test_an_array_and_an_xml_document(rejection: Rejection) -> None:
    file = {
        "description": "Old and odd.",
        "array": True,
        "headers": {"X-A": "1", "X-B": "2"},
        "kinds": {
            "server_error": {"status": 500, "body": {"a": "${message}"}, "message": "no"},
            "not_found": {"status": 404, "xml": "<e>${message}</e>", "headers": {"x-a": None, "X-B": "3"}},
        },
    }
    odd = parse_dialect(file, "odd.yaml")
    assert odd.reply(rejection("server_error"), WALL).body == b'[{"a":"no"}]'
    reply = odd.reply(rejection("not_found", message="<&>"), WALL)
    assert reply.body == b"<e>&lt;&amp;&gt;</e>"
    assert reply.headers[1:] == ((b"Content-Type", b"application/xml"), (b"X-B", b"3"))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"extends": "opnai"}, "mine: extends: expected a dialect that comes with us (anthropic, "),
        ({"extends": 3, "description": "x"}, "mine: extends: expected a text, got 3"),
        (
            {"extends": "openai", "kinds": {"unavailable": {"statsu": 1}}},
            "mine: kinds.unavailable.statsu: expected a key",
        ),
        (
            {"extends": "openai", "kinds": {"rate_limited": {"status": "x"}}},
            "mine: kinds.rate_limited.status: expected ",
        ),
        ({"extends": "openai", "kinds": []}, "mine: kinds: expected a mapping"),
        ({"extends": "openai", "headers": ["X"]}, "mine: headers: expected headers"),
        ({"extends": "openai", "quota": {"money": {}}}, "mine: quota.money: expected requests, tokens"),
        (
            {"extends": "openai", "quota": {"tokens": {"X-A": "${nothing}"}}},
            "mine: quota.tokens: X-A: ${nothing} is no",
        ),
        (
            {"extends": "generic", "otherwise": {"status": 3}},
            "mine: otherwise.status: expected a key that is known here",
        ),
        ({"extends": "generic", "otherwise": {"body": 1, "xml": ""}}, "mine: otherwise: xml: there is a body already"),
    ],
)
def test_mistakes_are_those_of_the_users_file(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=r"^mine: ") as refusal:
        parse_dialect(change, "mine")
    assert complaint in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1
