"""How long a failing answer asks to wait, in all the ways in which that is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.effects import Quota, QuotaUnit, Reject
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.core.replies import HINT_SOURCES, Hint
from chaosproxy.dataplane.http.requests.hints import BODY_MOST, hint_of
from chaosproxy.dialects import builtin_names, load_builtin

WALL = 1_795_348_800.0
"""Sun, 22 Nov 2026 12:00:00 GMT."""


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ([(b"Retry-After", b"7")], Hint(7.0, "retry-after")),
        ([(b"retry-after", b" 0 ")], Hint(0.0, "retry-after")),
        ([(b"Retry-After", b"1.5")], Hint(1.5, "retry-after")),
        ([(b"Retry-After-Ms", b"250")], Hint(0.25, "retry-after-ms")),
        ([(b"Retry-After", b"7"), (b"retry-after-ms", b"250")], Hint(0.25, "retry-after-ms")),
        ([(b"Retry-After", b"7"), (b"retry-after-ms", b"soon")], Hint(7.0, "retry-after")),
        ([(b"Retry-After", b"7"), (b"Retry-After", b"9")], Hint(7.0, "retry-after")),
        ([(b"Retry-After", b"Sun, 22 Nov 2026 12:00:30 GMT")], Hint(30.0, "retry-after", 1.0)),
        ([(b"Retry-After", b"Sun, 22 Nov 2026 12:00:30 -0000")], Hint(30.0, "retry-after", 1.0)),
        ([(b"Retry-After", b"Sun, 22 Nov 2020 12:00:30 GMT")], Hint(0.0, "retry-after", 1.0)),
        ([(b"Retry-After", b"-7")], None),
        ([(b"retry-after-ms", b"-7")], None),
        ([(b"Retry-After", b"soon")], None),
        ([(b"Retry-After", b"")], None),
        ([(b"Retry-After", b"nan")], None),
        ([(b"Retry-After", b"inf")], None),
        ([(b"Retry-After", b"1_0")], None),
        ([(b"Retry-After", b"Mon, 01 Jan 99999999999 00:00:00 GMT")], None),
        ([(b"Retry-After", b"Mon, 01 Jan 2026 00:00:00 +99999999999999999999")], None),
        ([(b"X", b"7")], None),
        ([], None),
    ],
)
def test_headers(headers: list[tuple[bytes, bytes]], said: Hint | None) -> None:
    assert hint_of(headers, WALL) == said


@given(
    st.binary(max_size=40)
    | st.from_regex(rb"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ [+-]?\w+", fullmatch=True)
)
def test_any_hint_is_read_or_none(value: bytes) -> None:
    hint = hint_of([(b"Retry-After", value), (b"retry-after-ms", value)], WALL)

    assert hint is None or hint.seconds >= 0


def hint(*headers: tuple[str, str], body: str = "") -> tuple[str, float] | None:
    found = hint_of([(name.encode(), value.encode()) for name, value in headers], WALL, body.encode())
    return None if found is None else (found.source, found.seconds)


@pytest.mark.parametrize(
    "name", ["retry-after-ms", "x-ms-retry-after-ms", "x-amz-retry-after", "grpc-retry-pushback-ms"]
)
def test_milliseconds(name: str) -> None:
    assert hint((name.title(), "1500")) == (name, 1.5)
    assert hint(("Retry-After", "7"), (name, "1500")) == (name, 1.5)
    assert hint((name, "-1")) is None, "gRPC's word for: do not come back"


def test_a_date_is_reckoned_from_the_answers_own_clock() -> None:
    later, own = ("Retry-After", "Sun, 22 Nov 2026 12:00:30 GMT"), ("Date", "Sun, 22 Nov 2026 11:59:50 GMT")

    assert hint(later, own) == hint(own, later) == ("retry-after", 40.0)
    assert hint(later, ("Date", "yesterday")) == ("retry-after", 30.0)


RETRY_INFO = """{"error": {"code": 429, "details": [
    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3.5s"}]}}"""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (RETRY_INFO, ("retry-info", 3.5)),
        ("Requested 3906. Please try again in 3.89s. Visit https://platform.openai.com", ("text", 3.89)),
        ("Please try again in 120ms.", ("text", 0.12)),
        ("try again in 6m0s", ("text", 360.0)),
        ("Please TRY AGAIN in 1h2m3.5s. Visit", ("text", 3723.5)),
        ("S0 pricing tier. Please retry after 20 seconds. Please go here", ("text", 20.0)),
        ("Please try again after '5' seconds.", ("text", 5.0)),
        ("Service available in 1 hour 5 minutes", ("text", 3900.0)),
        ('{"message": "Rate limit is exceeded. Try again in 17 seconds."}', ("text", 17.0)),
        ("wait a few minutes before you try again. 5 seconds", None),
        ("Please try again later", None),
        ("try again in 30", None),
        ("took 5 seconds", None),
        ("try again in 30 segments", None),
        (" " * BODY_MOST + "try again in 3s", None),
    ],
)
def test_what_a_body_says(body: str, said: tuple[str, float] | None) -> None:
    assert hint(body=body) == said


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"RateLimit": '"default";r=0;t=30'}, ("ratelimit", 30.0)),
        ({"RateLimit": '"a";r=10;t=3, "b";r=0;t=30;pk=:YQ==:'}, ("ratelimit", 30.0)),
        ({"RateLimit": '"a";r=10;t=3'}, None),
        ({"RateLimit": '"a";r=0'}, None),
        ({"RateLimit": "limit=100, remaining=0, reset=30"}, ("ratelimit", 30.0)),
        ({"RateLimit": "limit=100, remaining=7, reset=30"}, None),
        ({"RateLimit-Reset": "5"}, ("ratelimit-reset", 5.0)),
        ({"RateLimit-Reset": "5", "RateLimit-Remaining": "1"}, None),
        ({"X-RateLimit-Reset": "1795348860", "X-RateLimit-Remaining": "0"}, ("x-ratelimit-reset", 60.0)),
        ({"X-RateLimit-Reset": "1795348860000", "X-RateLimit-Remaining": "0"}, ("x-ratelimit-reset", 60.0)),
        ({"X-RateLimit-Reset": "60", "X-RateLimit-Remaining": "0"}, ("x-ratelimit-reset", 60.0)),
        ({"X-RateLimit-Reset": "2026-11-22T13:01Z", "X-RateLimit-Remaining": "0"}, ("x-ratelimit-reset", 3660.0)),
        ({"X-RateLimit-Reset": "1795348860", "X-RateLimit-Remaining": "12"}, None),
        ({"X-RateLimit-Reset": "1795348860"}, None),
        (
            {"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": "2026-11-22T12:00:07Z"},
            ("anthropic-ratelimit-tokens-reset", 7.0),
        ),
        (
            {"x-ratelimit-remaining-tokens": "-27689", "x-ratelimit-reset-tokens": "6m0s"},
            ("x-ratelimit-reset-tokens", 360.0),
        ),
        (
            {
                "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "644ms",
            },
            ("x-ratelimit-reset-requests", 1.0),
        ),
    ],
)  # fmt: skip
def test_resets_count_when_nothing_is_left(headers: dict[str, str], said: tuple[str, float] | None) -> None:
    assert hint(*headers.items()) == said


def test_the_more_telling_goes_first() -> None:
    reset, header, milliseconds = ("RateLimit", '"a";r=0;t=30'), ("Retry-After", "7"), ("Retry-After-Ms", "250")

    assert hint(reset, header, milliseconds, body=RETRY_INFO) == ("retry-after-ms", 0.25)
    assert hint(reset, header, body=RETRY_INFO) == ("retry-after", 7.0), "Retry-After goes before RateLimit"
    assert hint(reset, body=RETRY_INFO + "try again in 9s") == ("retry-info", 3.5)
    assert hint(reset, body="try again in 9s") == ("text", 9.0)
    assert hint(reset) == ("ratelimit", 30.0)


@pytest.mark.parametrize("name", sorted(builtin_names()))
@pytest.mark.parametrize("unit", [QuotaUnit.REQUESTS, QuotaUnit.TOKENS])
def test_what_a_vendor_is_made_to_say_is_understood(name: str, unit: QuotaUnit) -> None:
    quota = Quota(limit=10, remaining=0, resets=20.0, window=60.0, unit=unit)
    reject = Reject(FailureKind.RATE_LIMITED, Phase.BEFORE_UPSTREAM, retry_after=20.0, quota=quota)
    reply = load_builtin(name).reply(reject, WALL)
    found = hint_of(reply.headers, WALL, reply.body)

    assert found is None or found.seconds == pytest.approx(20.0, abs=1.0)


NAMES = st.sampled_from([*HINT_SOURCES, "date", "x-ratelimit-remaining", "ratelimit-remaining"])
VALUES = (
    st.text(max_size=30)
    | st.from_regex(r"-?[0-9]{1,20}(\.[0-9]+)?(ms|s|m|h)?", fullmatch=True)
    | st.from_regex(r'"[a-z]";r=-?[0-9]{1,20};t=[0-9]{1,20}', fullmatch=True)
    | st.datetimes().map(lambda moment: moment.isoformat())
    | st.sampled_from(["0", "nan", "inf", "1e400", "limit=1, remaining=0, reset=x"])
)
BODIES = (
    st.binary(max_size=80)
    | st.from_regex(rb"(try again|retry|wait) (in|after) [0-9]{1,12}(\.[0-9]{1,12})?.{0,8}", fullmatch=True)
    | st.from_regex(rb'"retryDelay": "-?[0-9.]{0,12}s"', fullmatch=True)
)


@given(
    st.lists(st.tuples(NAMES.map(str.encode), VALUES.map(lambda text: text.encode("utf-8", "replace"))), max_size=6),
    BODIES,
)
def test_anything_is_a_hint_or_none(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    found = hint_of(headers, WALL, body)

    assert found is None or (found.seconds >= 0 and found.source in HINT_SOURCES)
