"""What holds for every shipped dialect, whatever it says: each kind of failure, with all that may be known about it."""

import html.parser
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import product
from typing import Any
from xml.parsers import expat

import pytest
from msgspec import structs

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Quota, QuotaUnit, Reject
from chaosproxy.core.failures import FailureKind
from chaosproxy.dialects import builtin_names, load_builtin
from chaosproxy.dialects.builtin import GENERIC

WALL = 1_795_348_859.25  # 2026-11-22 12:00:59.25 UTC
WAIT, RESET = 12.3, 47.5
KINDS = [kind.value for kind in FailureKind]
Rejection = Callable[..., Reject]

STATUS = {
    "rate_limited": 429,
    "quota_exhausted": 429,
    "request_too_large": 413,
    "unauthorized": 401,
    "token_expired": 401,
    "token_revoked": 401,
    "refresh_failed": 400,
    "permission_denied": 403,
    "insufficient_scope": 403,
    "region_blocked": 451,
    "not_found": 404,
    "invalid_request": 400,
    "conflict": 409,
    "server_error": 500,
    "bad_gateway": 502,
    "unavailable": 503,
    "overloaded": 503,
    "maintenance": 503,
    "gateway_timeout": 504,
    "dns_failure": 502,
    "error_in_success": 200,
}
IN_GRAPHQL = {kind: 200 for kind in STATUS if STATUS[kind] in (401, 403, 404, 409, 429, 451, 500)}
OWN_STATUS: dict[str, dict[str, int]] = {
    "anthropic": {
        "quota_exhausted": 400,
        "token_revoked": 403,
        "region_blocked": 403,
        "unavailable": 529,
        "overloaded": 529,
        "dns_failure": 530,
    },
    "api_gateway": {"unauthorized": 403, "region_blocked": 403},
    "atlassian": {"insufficient_scope": 401},
    "aws_alb": {"region_blocked": 403, "dns_failure": 503},
    "aws_ec2": {
        "rate_limited": 503,
        "quota_exhausted": 400,
        "token_expired": 400,
        "region_blocked": 401,
        "not_found": 400,
        "conflict": 400,
    },
    "aws_json": {kind: 400 for kind in STATUS if STATUS[kind] in range(400, 500)},
    "aws_query": {
        "rate_limited": 400,
        "quota_exhausted": 400,
        "request_too_large": 400,
        "unauthorized": 403,
        "token_expired": 403,
        "token_revoked": 403,
        "region_blocked": 403,
    },
    "aws_rest": {
        "request_too_large": 400,
        "unauthorized": 403,
        "token_expired": 403,
        "token_revoked": 403,
        "region_blocked": 403,
        "gateway_timeout": 408,
    },
    "azure": {"quota_exhausted": 409, "region_blocked": 403},
    "azure_apim": {
        "quota_exhausted": 403,
        "region_blocked": 403,
        "bad_gateway": 500,
        "gateway_timeout": 500,
        "dns_failure": 500,
    },
    "azure_openai": {"request_too_large": 400, "region_blocked": 403, "gateway_timeout": 408},
    "cloudflare": {"region_blocked": 403, "gateway_timeout": 524, "dns_failure": 530},
    "cloudfront": {"rate_limited": 403, "quota_exhausted": 403, "region_blocked": 403},
    "elasticsearch": {"overloaded": 429},
    "envoy": {"region_blocked": 403, "dns_failure": 503},
    "gcp_lb": {"region_blocked": 403},
    "gemini": {"request_too_large": 400, "unauthorized": 400, "token_revoked": 400, "region_blocked": 400},
    "gemini_stream": {"request_too_large": 400, "unauthorized": 400, "token_revoked": 400, "region_blocked": 400},
    "github": {"rate_limited": 403, "quota_exhausted": 403, "refresh_failed": 200, "invalid_request": 422},
    "github_graphql": {
        "rate_limited": 200,
        "quota_exhausted": 403,
        "refresh_failed": 200,
        "permission_denied": 200,
        "insufficient_scope": 200,
        "not_found": 200,
        "invalid_request": 422,
        "gateway_timeout": 502,
    },
    "google": {"rate_limited": 403, "quota_exhausted": 403, "request_too_large": 400, "region_blocked": 400},
    "graphql": IN_GRAPHQL,
    "haproxy": {"region_blocked": 403, "dns_failure": 503},
    "kong": {"region_blocked": 403, "dns_failure": 503},
    "microsoft_graph": {"quota_exhausted": 507, "region_blocked": 403, "conflict": 423},
    "nginx": {"region_blocked": 403},
    "notion": {"region_blocked": 403},
    "openai": {"request_too_large": 400, "region_blocked": 403, "dns_failure": 530},
    "s3": {
        "rate_limited": 503,
        "quota_exhausted": 400,
        "request_too_large": 400,
        "unauthorized": 403,
        "token_expired": 400,
        "token_revoked": 403,
        "region_blocked": 403,
    },
    "salesforce": {"rate_limited": 403, "quota_exhausted": 403, "conflict": 400},
    "shopify": IN_GRAPHQL,
    "slack": IN_GRAPHQL
    | {"rate_limited": 429, "request_too_large": 200, "invalid_request": 200, "refresh_failed": 200}
    | {"bad_gateway": 503, "dns_failure": 503},
    "stripe": {"quota_exhausted": 402, "conflict": 429},
    "twilio": {"region_blocked": 400},
    "vertex_ai": {"request_too_large": 400, "region_blocked": 400, "overloaded": 429},
}

# In the vendor's words only what the vendor would say: a token endpoint has its own, and what a gateway does not check
# is said by the tool behind it.
NOT_A_GATEWAYS = {"refresh_failed", "conflict", "error_in_success"}
NO_CREDENTIALS = {
    "unauthorized",
    "token_expired",
    "token_revoked",
    "insufficient_scope",
    "not_found",
    "invalid_request",
}
LEFT_TO_GENERIC = {
    "api_gateway": NOT_A_GATEWAYS,
    "cloudflare": NOT_A_GATEWAYS | NO_CREDENTIALS,
    "cloudfront": NOT_A_GATEWAYS | NO_CREDENTIALS,
    "envoy": NOT_A_GATEWAYS | {"invalid_request"},
    "gcp_lb": NOT_A_GATEWAYS,
    "haproxy": NOT_A_GATEWAYS,
    "oauth2": {
        "rate_limited",
        "quota_exhausted",
        "request_too_large",
        "region_blocked",
        "not_found",
        "conflict",
        "bad_gateway",
        "gateway_timeout",
        "dns_failure",
    },
}
LEFT_BY_OTHERS = {"refresh_failed", "error_in_success"}

INTEGER = r"\d+"
RFC3339 = r"2026-11-22T12:0[12]:\d\dZ"
TIMES = {
    "anthropic-ratelimit-input-tokens-reset": RFC3339,
    "anthropic-ratelimit-requests-reset": RFC3339,
    "retry-after-ms": "12300",
    "x-amz-retry-after": "12300",
}
RESETS = {  # of a quota, and of a wait that is all that is known
    "openai": r"(47\.5s|1\.976s|120ms)",
    "azure_openai": "48|13",
    "github": "1795348907",
    "github_graphql": "1795348907",
    "atlassian": "2026-11-22T12:01:(47|12)Z",
    "kong": "48|13",
}


def header(reply: Reply, name: str) -> str | None:
    found = [value for key, value in reply.headers if key.lower() == name.lower().encode()]
    assert len(found) <= 1, f"{name} is there {len(found)} times"
    return found[0].decode("latin-1") if found else None


def everything_known() -> Iterator[dict[str, Any]]:
    """With and without a hint, a quota of each unit, a scope, a text of the rule's own."""
    quotas = [
        None,
        Quota(limit=30, remaining=0, resets=RESET, window=60.0),
        Quota(limit=30_000, remaining=1_961, resets=RESET, window=60.0, unit=QuotaUnit.TOKENS, asked=3_906),
        Quota(limit=4, remaining=0, resets=RESET, unit=QuotaUnit.CONCURRENCY),
    ]
    texts = [None, 'Nothing <b>works</b> & "that" is it.\x07']
    for wait, quota, scope, text in product([None, WAIT], quotas, [None, "files:write"], texts):
        yield {"retry_after": wait, "quota": quota, "scope": scope, "message": text, "draw": 0.31}


Replies = list[tuple[str, str, dict[str, Any], Reply]]
"""Dialect, kind, what was known, what was said."""


@pytest.fixture(scope="module")
def replies(rejection: Rejection) -> Replies:
    return [
        (name, kind, known, load_builtin(name).reply(rejection(kind, **known), WALL))
        for name, kind, known in product(builtin_names(), KINDS, everything_known())
    ]


class Balanced(html.parser.HTMLParser):
    """Fails on a page whose tags do not close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("hr", "br", "meta", "p"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", builtin_names())
def test_says_each_kind_with_its_status(name: str, rejection: Rejection) -> None:
    said = {kind: load_builtin(name).reply(rejection(kind), WALL) for kind in KINDS}
    assert {kind: reply.status for kind, reply in said.items()} == STATUS | OWN_STATUS.get(name, {})
    for reply in said.values():
        assert bool(reply.reason) == (reply.status < 520)


@pytest.mark.parametrize("name", [name for name in builtin_names() if name not in (GENERIC, "rfc9457")])
def test_says_in_its_own_words_what_it_can(name: str, rejection: Rejection) -> None:
    own, generic = load_builtin(name), load_builtin(GENERIC)
    left = {kind for kind in FailureKind if own.phrases[kind][0] is generic.phrases[kind][0]}
    assert left <= LEFT_TO_GENERIC.get(name, LEFT_BY_OTHERS)


def test_bodies_are_what_their_content_type_says(replies: Replies) -> None:
    for name, kind, known, reply in replies:
        content_type = header(reply, "Content-Type")
        text = reply.body.decode()
        case = (name, kind, known)
        if content_type is None:
            assert text == "", case
        elif "json" in content_type:
            assert isinstance(json.loads(text), dict | list), case
        elif "xml" in content_type:
            expat.ParserCreate().Parse(reply.body, True)
        elif content_type.startswith("text/html"):
            page = Balanced()
            page.feed(text)
            assert re.match(r"\s*<(html|!doctype)", text, re.IGNORECASE), case
            assert page.open == [], case
            assert "<b>" not in text, case
        else:
            assert content_type.startswith("text/plain"), case
            assert text, case


def test_an_array_is_said_only_where_the_vendor_says_it(replies: Replies) -> None:
    for name, kind, _, reply in replies:
        if "json" in (header(reply, "Content-Type") or ""):
            in_array = name in ("gemini_stream", "salesforce")
            own = load_builtin(name).phrases[FailureKind(kind)][0]
            if own is not load_builtin(GENERIC).phrases[FailureKind(kind)][0]:
                assert isinstance(json.loads(reply.body), list) == in_array, (name, kind)


def test_no_reply_gives_us_away_or_is_framed_or_unfilled(replies: Replies) -> None:
    for name, kind, _, reply in replies:
        wire = b"\n".join([reply.reason, reply.body, *(part for pair in reply.headers for part in pair)]).lower()
        for word in (b"chaos", b"inject", b"fault", b"${", b"none"):
            assert word not in wire.replace(b"default", b"").replace(b"x-robots-tag\nnone", b""), (name, kind, word)
        for framing in ("Content-Length", "Transfer-Encoding", "Connection"):
            assert header(reply, framing) is None


def test_no_vendor_speaks_our_language(rejection: Rejection) -> None:
    """`${code}` without a code is the profiles' word for the kind; that is for users' files."""
    for name, kind in product(builtin_names(), FailureKind):
        for phrase in load_builtin(name).phrases[kind]:
            if phrase.code is None:
                reply = structs.replace(phrase, code="OURS").say(rejection(kind), WALL)
                assert b"OURS" not in b"".join([reply.body, *(value for _, value in reply.headers)]), (name, kind)


def test_every_reply_is_dated_once(replies: Replies) -> None:
    for _, _, _, reply in replies:
        assert header(reply, "Date") == "Sun, 22 Nov 2026 12:00:59 GMT"


def test_no_header_is_said_twice(replies: Replies) -> None:
    for name, kind, _, reply in replies:
        names = [key.lower() for key, _ in reply.headers]
        assert len(names) == len(set(names)), (name, kind, names)


def test_times_are_in_the_vendors_format_and_never_early(replies: Replies) -> None:
    for name, kind, known, reply in replies:
        case = (name, kind, known)
        again = header(reply, "Retry-After")
        if again is not None:
            assert known["retry_after"] == WAIT, case
            if again.isdigit():
                assert int(again) == 13, case
            else:
                assert parsedate_to_datetime(again) == datetime(2026, 11, 22, 12, 1, 12, tzinfo=UTC), case
        for key, value in reply.headers:
            expected = TIMES.get(key.decode().lower())
            if expected is None and "ratelimit-reset" in key.decode().lower():
                expected = RESETS[name]
            assert expected is None or re.fullmatch(expected, value.decode()), (*case, key, value)


def test_who_says_nothing_about_coming_back_says_nothing(replies: Replies) -> None:
    """Stripe documents no Retry-After; Google says it in the body; nginx, HAProxy and the balancers do not know."""
    silent = {"stripe", "google", "gemini", "gemini_stream", "vertex_ai", "nginx", "haproxy", "aws_alb", "gcp_lb", "s3"}
    silent |= {"aws_json", "aws_query", "aws_rest", "cloudfront", "api_gateway", "salesforce"}
    for name, kind, _, reply in replies:
        generic = load_builtin(GENERIC).phrases[FailureKind(kind)][0]
        if name in silent and load_builtin(name).phrases[FailureKind(kind)][0] is not generic:
            assert header(reply, "Retry-After") is None, (name, kind)


@pytest.mark.parametrize("name", builtin_names())
@pytest.mark.parametrize("unit", QuotaUnit)
def test_good_answers_say_where_the_quota_stands_or_nothing(name: str, unit: QuotaUnit) -> None:
    quota = Quota(limit=50_000, remaining=1_961, resets=RESET, window=60.0, unit=unit, asked=12)
    said = load_builtin(name).quota_headers(quota, 0.31, WALL)
    assert bool(said) == (unit in load_builtin(name).quotas)
    names = [key.lower() for key, _ in said]
    assert len(names) == len(set(names))
    for _, value in said:
        assert b"${" not in value
    if said:
        wire = b" ".join(value for _, value in said)
        assert b"1961" in wire or b"48039" in wire


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        (
            "openai",
            "requests",
            {
                "x-ratelimit-limit-requests": "50000",
                "x-ratelimit-remaining-requests": "1961",
                "x-ratelimit-reset-requests": "47.5s",
            },
        ),
        (
            "openai",
            "tokens",
            {
                "x-ratelimit-limit-tokens": "50000",
                "x-ratelimit-remaining-tokens": "1961",
                "x-ratelimit-reset-tokens": "47.5s",
            },
        ),
        (
            "anthropic",
            "tokens",
            {
                "anthropic-ratelimit-input-tokens-limit": "50000",
                "anthropic-ratelimit-input-tokens-remaining": "1961",
                "anthropic-ratelimit-input-tokens-reset": "2026-11-22T12:01:47Z",
            },
        ),
        (
            "github",
            "requests",
            {
                "X-RateLimit-Limit": "50000",
                "X-RateLimit-Remaining": "1961",
                "X-RateLimit-Reset": "1795348907",
                "X-RateLimit-Used": "48039",
                "X-RateLimit-Resource": "core",
            },
        ),
        (
            "generic",
            "requests",
            {"RateLimit-Policy": '"default";q=50000;w=60', "RateLimit": '"default";r=1961;t=48'},
        ),
        (
            "generic",
            "concurrency",
            {"RateLimit-Policy": '"default";q=50000;qu="concurrent-requests"', "RateLimit": '"default";r=1961'},
        ),
        ("salesforce", "requests", {"Sforce-Limit-Info": "api-usage=48039/50000"}),
        ("stripe", "requests", {}),
        ("slack", "requests", {}),
        ("gemini", "requests", {}),
        ("nginx", "requests", {}),
    ],
)
def test_quota_headers_have_the_vendors_format(name: str, unit: str, expected: dict[str, str]) -> None:
    quota = Quota(limit=50_000, remaining=1_961, resets=RESET, window=60.0, unit=QuotaUnit(unit))
    said = load_builtin(name).quota_headers(quota, 0.31, WALL)
    assert {key.decode(): value.decode() for key, value in said} == expected
