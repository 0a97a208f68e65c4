import json
import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind
from chaosproxy.dialects import builtin_names, load_builtin, parse_dialect

WALL = 1_795_348_859.25  # 2026-11-22 12:00:59.25 UTC
QUOTA = {"retry_after": 12.3, "limit": 30, "window": 60.0, "draw": 0.31}
KINDS = [kind.value for kind in FailureKind]
JSON_VENDORS = ("generic", "openai", "anthropic", "github", "stripe")
Rejection = Callable[..., Reject]


def header(reply: Reply, name: str) -> str | None:
    found = [value for key, value in reply.headers if key.lower() == name.lower().encode()]
    assert len(found) <= 1, f"{name} is there {len(found)} times"
    return found[0].decode() if found else None


def test_these_dialects_come_with_us() -> None:
    assert {"generic", "openai", "anthropic", "github", "stripe"} <= set(builtin_names())
    assert {"nginx", "cloudflare", "aws_alb", "envoy", "haproxy"} <= set(builtin_names())
    assert list(builtin_names()) == sorted(builtin_names())


def test_a_dialect_that_does_not_exist_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="fortran"):
        load_builtin("fortran")


@given(st.integers(0, 4_000_000_000))
def test_dates_are_those_that_others_read(rejection: Rejection, wall: int) -> None:
    date = header(load_builtin("generic").reply(rejection(), float(wall)), "Date")
    assert date is not None
    assert parsedate_to_datetime(date).timestamp() == wall


@pytest.mark.parametrize("name", JSON_VENDORS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_may_bring_its_own_text_and_status(name: str, kind: str, rejection: Rejection) -> None:
    reply = load_builtin(name).reply(rejection(kind, message='Über "<all>"', status=418), WALL)
    assert (reply.status, reply.reason) == (418, b"I'm a Teapot")
    content_type = header(reply, "Content-Type") or ""
    if content_type.startswith("text/html"):  # what stands in front of OpenAI
        assert b"418" in reply.body
    elif "json" in content_type:
        assert 'Über "<all>"' in json.dumps(json.loads(reply.body), ensure_ascii=False).replace('\\"', '"')


def test_a_page_escapes_what_it_is_given(rejection: Rejection) -> None:
    page = parse_dialect(
        {"description": "A page.", "kinds": {"server_error": {"status": 500, "html": "<p>${message}</p>"}}}, "mine"
    )
    reply = page.reply(rejection("server_error", message="<script>"), WALL)
    assert reply.body == b"<p>&lt;script&gt;</p>"


@pytest.mark.parametrize(
    ("name", "kind", "headers"),
    [
        (
            "openai",
            "rate_limited",
            {
                "retry-after": r"13",
                "retry-after-ms": r"12300",
                "x-request-id": r"req_[0-9a-f]{32}",
                "x-ratelimit-limit-requests": r"30",
                "x-ratelimit-remaining-requests": r"0",
                "x-ratelimit-reset-requests": r"12\.3s",
                "cf-ray": r"[0-9a-f]{16}-IAD",
                "server": r"cloudflare",
            },
        ),
        (
            "anthropic",
            "rate_limited",
            {
                "retry-after": r"13",
                "request-id": r"req_011C[0-9A-Za-z]{20}",
                "anthropic-ratelimit-requests-limit": r"30",
                "anthropic-ratelimit-requests-remaining": r"0",
                "anthropic-ratelimit-requests-reset": r"2026-11-22T12:01:12Z",
            },
        ),
        (
            "github",
            "rate_limited",
            {
                "x-ratelimit-limit": r"30",
                "x-ratelimit-remaining": r"0",
                "x-ratelimit-used": r"30",
                "x-ratelimit-reset": r"1795348872",
                "x-ratelimit-resource": r"core",
                "x-github-request-id": r"[0-9A-F]{4}(:[0-9A-F]{5,8}){4}",
            },
        ),
        (
            "stripe",
            "rate_limited",
            {"request-id": r"req_[0-9A-Za-z]{14}", "stripe-rate-limited-reason": r"global-rate"},
        ),
        (
            "generic",
            "rate_limited",
            {
                "retry-after": r"13",
                "ratelimit-policy": r'"default";q=30;w=60',
                "ratelimit": r'"default";r=0;t=13',
                "content-type": r"application/problem\+json",
            },
        ),
        ("generic", "token_expired", {"www-authenticate": r'Bearer realm="api", error="invalid_token", error_desc.*"'}),
        ("generic", "unavailable", {"retry-after": r"13"}),
        ("envoy", "unavailable", {"server": r"envoy", "retry-after": r"13"}),
        ("cloudflare", "rate_limited", {"retry-after": r"13", "cf-ray": r"[0-9a-f]{16}-IAD"}),
        ("nginx", "bad_gateway", {"server": r"nginx/[\d.]+"}),
        ("aws_alb", "unavailable", {"server": r"awselb/2\.0"}),
    ],
)
def test_headers_have_the_vendors_format(name: str, kind: str, headers: dict[str, str], rejection: Rejection) -> None:
    reply = load_builtin(name).reply(rejection(kind, **QUOTA), WALL)
    for key, pattern in headers.items():
        assert re.fullmatch(pattern, header(reply, key) or "(none)"), (key, header(reply, key))


@pytest.mark.parametrize(
    ("name", "kind", "known", "absent"),
    [
        ("generic", "rate_limited", {}, ["retry-after", "ratelimit", "ratelimit-policy"]),
        ("generic", "unavailable", {}, ["retry-after"]),
        ("openai", "rate_limited", {}, ["retry-after", "retry-after-ms", "x-ratelimit-limit-requests"]),
        ("openai", "unauthorized", {}, ["retry-after", "x-ratelimit-limit-requests"]),
        ("anthropic", "rate_limited", {"retry_after": 4.0}, ["anthropic-ratelimit-requests-limit"]),
        ("github", "rate_limited", QUOTA, ["retry-after"]),
        ("github", "rate_limited", {"retry_after": 60.0}, ["x-ratelimit-remaining"]),
        ("stripe", "rate_limited", QUOTA, ["retry-after"]),
        ("stripe", "unavailable", QUOTA, ["retry-after"]),
        ("nginx", "rate_limited", QUOTA, ["retry-after"]),
    ],
)
def test_what_is_not_known_or_not_said_by_the_vendor_is_left_out(
    name: str, kind: str, known: dict[str, Any], absent: list[str], rejection: Rejection
) -> None:
    reply = load_builtin(name).reply(rejection(kind, **known), WALL)
    assert [key for key in absent if header(reply, key)] == []


@pytest.mark.parametrize(
    ("name", "kind", "known", "body"),
    [
        (
            "openai",
            "rate_limited",
            QUOTA,
            {
                "error": {
                    "message": "Rate limit reached for gpt-4o in organization org-4xKq0aTfLbZ81nWcRd27vYpM on requests "
                    "per min (RPM): Limit 30, Used 30, Requested 1. Please try again in 12.3s. Visit "
                    "https://platform.openai.com/account/rate-limits to learn more.",
                    "type": "requests",
                    "param": None,
                    "code": "rate_limit_exceeded",
                }
            },
        ),
        (
            "stripe",
            "rate_limited",
            QUOTA,
            {
                "error": {
                    "code": "rate_limit",
                    "doc_url": "https://stripe.com/docs/error-codes/rate-limit",
                    "message": "Request rate limit exceeded. Learn more about rate limits here "
                    "https://stripe.com/docs/rate-limits.",
                    "type": "invalid_request_error",
                }
            },
        ),
        (
            "github",
            "unauthorized",
            {},
            {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"},
        ),
        (
            "generic",
            "permission_denied",
            {},
            {
                "type": "about:blank",
                "title": "Forbidden",
                "status": 403,
                "detail": "The credentials do not allow this request.",
            },
        ),
    ],
)
def test_json_bodies(name: str, kind: str, known: dict[str, Any], body: dict[str, Any], rejection: Rejection) -> None:
    said = json.loads(load_builtin(name).reply(rejection(kind, **known), WALL).body)
    assert said == body
    assert list(said) == list(body)


def test_an_anthropic_error_is_one_line_with_its_request_id(rejection: Rejection) -> None:
    reply = load_builtin("anthropic").reply(rejection("unavailable", draw=0.2), WALL)
    request_id = header(reply, "request-id")
    assert reply.body.decode() == (
        f'{{"type":"error","error":{{"type":"overloaded_error","message":"Overloaded"}},"request_id":"{request_id}"}}'
    )


def test_the_request_id_in_a_text_is_the_one_in_the_headers(rejection: Rejection) -> None:
    openai = load_builtin("openai").reply(rejection("server_error", draw=0.2), WALL)
    assert f"request ID {header(openai, 'x-request-id')} in".encode() in openai.body
    github = load_builtin("github").reply(rejection("rate_limited", draw=0.2), WALL)
    assert f"request ID {header(github, 'x-github-request-id')}.".encode() in github.body


def test_gateways_speak_as_they_do(rejection: Rejection) -> None:
    nginx = load_builtin("nginx").reply(rejection("gateway_timeout"), WALL)
    assert nginx.reason == b"Gateway Time-out"
    assert nginx.body == (
        b"<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n"
        b"<center><h1>504 Gateway Time-out</h1></center>\r\n<hr><center>nginx/1.25.3</center>\r\n</body>\r\n</html>\r\n"
    )
    alb = load_builtin("aws_alb").reply(rejection("unavailable"), WALL)
    assert b"<h1>503 Service Temporarily Unavailable</h1>" in alb.body
    assert b"<hr>" not in alb.body
    envoy = load_builtin("envoy").reply(rejection("gateway_timeout"), WALL)
    assert envoy.body == b"upstream request timeout"
    haproxy = load_builtin("haproxy").reply(rejection("unavailable"), WALL)
    assert haproxy.body == (
        b"<html><body><h1>503 Service Unavailable</h1>\n"
        b"No server is available to handle this request.\n</body></html>\n"
    )
    assert load_builtin("cloudflare").reply(rejection("bad_gateway"), WALL).body == b"error code: 502"


@given(st.sampled_from(builtin_names()), st.sampled_from(KINDS), st.floats(0, 1, exclude_max=True))
def test_the_same_draw_makes_the_same_reply(rejection: Rejection, name: str, kind: str, draw: float) -> None:
    dialect = load_builtin(name)
    assert dialect.reply(rejection(kind, draw=draw), WALL) == dialect.reply(rejection(kind, draw=draw), WALL)


def test_another_draw_makes_other_ids(rejection: Rejection) -> None:
    openai = load_builtin("openai")
    ids = {header(openai.reply(rejection(draw=number / 500), WALL), "x-request-id") for number in range(500)}
    assert len(ids) == 500


@given(st.floats(0, 100_000))
def test_a_whole_second_hint_is_never_early_and_less_than_a_second_late(rejection: Rejection, wait: float) -> None:
    said = header(load_builtin("generic").reply(rejection(retry_after=wait), WALL), "Retry-After")
    assert said is not None
    assert -1e-6 <= int(said) - wait < 1
