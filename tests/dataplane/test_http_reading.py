"""What a request says about itself, and what an agent makes of a response."""

from typing import Any

import pytest

from chaosproxy.core.answer import UpstreamTruth
from chaosproxy.core.call import Call
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.requests.reading import Reader, outcome_of, said_replayed, truth_of
from chaosproxy.dataplane.http.requests.routing import Router
from chaosproxy.dataplane.http.requests.sessions import Peer
from chaosproxy.dataplane.http.wire import Request
from chaosproxy.profiles.models import Profile


def reader() -> Reader:
    profile = Profile.model_validate(
        {
            "version": 1,
            "name": "a test",
            "upstreams": {"tool": "http://tool.test"},
            "tools": {"charge": {"upstream": "tool", "path": "/charge", "idempotency_key": "header:X-Order"}},
        }
    )
    return Reader(profile, Router(profile, set()))


def read(
    *headers: tuple[bytes, bytes], target: bytes = b"/tool/x", body: bytes = b"", by: Reader | None = None
) -> Call:
    asked = Request(b"POST", target, [(b"Host", b"a"), *headers], "1.1")
    asked.parts = [body] if body else []
    asked.size = len(body)
    asked.complete = True
    by = by or reader()
    return by.read(asked, by.destination(asked), Peer("127.0.0.1", 1), 12.5)


def test_call_of_a_request() -> None:
    by = reader()
    read(by=by)
    call = read((b"X-A", b"1"), (b"x-a", b"2"), target=b"/~run42/tool/x?q=1", body=b'{"a": [1]}', by=by)

    assert (call.number, call.session, call.session_source) == (2, "run42", "path")
    assert (call.route.tool, call.route.query, call.received) == ("POST /x", "q=1", 12.5)
    assert call.headers == [(b"Host", b"a"), (b"X-A", b"1"), (b"x-a", b"2")]
    assert (call.body, call.body_bytes) == ({"a": [1]}, 10)
    assert (call.operation_key, call.credential, call.sdk_retry, call.trace_id) == (None, None, 0, None)


@pytest.mark.parametrize("body", [b"", b"not json", b'{"a":', b"\xff\xfe"])
def test_body_that_is_not_json_is_none(body: bytes) -> None:
    assert read(body=body).body is None


def test_body_that_still_streams_is_not_read() -> None:
    asked = Request(b"POST", b"/tool/x", [(b"Host", b"a"), (b"Content-Length", b"20")], "1.1")
    asked.parts = [b'{"a": 1}']
    by = reader()
    call = by.read(asked, by.destination(asked), Peer("127.0.0.1", 1), 0.0)

    assert call.body is None
    assert call.fingerprint != read(body=b'{"a": 1}').fingerprint


@pytest.mark.parametrize(
    "name", [b"Idempotency-Key", b"X-Idempotency-Key", b"amz-sdk-invocation-id", b"PayPal-Request-Id"]
)
def test_operation_key_comes_from_any_usual_header(name: bytes) -> None:
    by = reader()
    one = read((name, b"order-7"), by=by).operation_key

    assert one is not None
    assert one == read((name.upper(), b"order-7"), by=by).operation_key
    assert one != read((name, b"order-8"), by=by).operation_key


def test_a_tools_own_operation_key_goes_before_the_usual_ones() -> None:
    by = reader()
    key = read((b"X-Order", b"7"), (b"Idempotency-Key", b"random"), target=b"/tool/charge", by=by).operation_key

    assert key == read((b"X-Order", b"7"), target=b"/tool/charge", by=by).operation_key
    assert read((b"Idempotency-Key", b"random"), target=b"/tool/charge", by=by).operation_key is None


@pytest.mark.parametrize("name", [b"Authorization", b"X-Api-Key", b"api-key", b"x-goog-api-key", b"Cookie"])
def test_credentials_are_seen_to_be_equal_and_never_seen(name: bytes) -> None:
    by = reader()
    one = read((name, b"Bearer s3cret-token"), by=by)

    assert one.credential == read((name, b"Bearer s3cret-token"), by=by).credential
    assert one.credential != read((name, b"Bearer another"), by=by).credential
    assert one.credential != read((name, b"Bearer s3cret-token")).credential, "keyed: no other run has the same"
    everything = [str(value) for field, value in _fields(one) if field != "headers"]
    assert not any("s3cret" in text for text in everything)


def _fields(call: Call) -> list[tuple[str, Any]]:
    return [(field, getattr(call, field)) for field in call.__dataclass_fields__]


@pytest.mark.parametrize(
    ("header", "retries"),
    [
        ((b"x-stainless-retry-count", b"0"), 0),
        ((b"X-Stainless-Retry-Count", b"2"), 2),
        ((b"x-stainless-retry-count", b"-1"), 0),
        ((b"x-stainless-retry-count", b"many"), 0),
        ((b"x-stainless-retry-count", b"99999"), 0),
        ((b"amz-sdk-request", b"attempt=1; max=3"), 0),
        ((b"amz-sdk-request", b"ttl=20260101T000000Z; attempt=3;max=5"), 2),
        ((b"amz-sdk-request", b"attempt=0"), 0),
        ((b"amz-sdk-request", b"attempt=x"), 0),
        ((b"amz-sdk-request", b""), 0),
    ],
)
def test_sdks_say_which_retry_it_is(header: tuple[bytes, bytes], retries: int) -> None:
    assert read(header).sdk_retry == retries


@pytest.mark.parametrize(
    ("parent", "trace"),
    [
        (b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"),
        (b"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", "4bf92f3577b34da6a3ce929d0e0e4736"),
        (b"00-4bf92f3577b34da6a3ce929d0e0e4736", None),
        (b"00-4bf92f3577b34da6a3ce929d0e0e4736x00f067aa0ba902b7-01", None),
        (b"00-<script>alert(1)</script>______e-00f067aa0ba902b7-01", None),
        (b"", None),
    ],
)
def test_trace_id(parent: bytes, trace: str | None) -> None:
    assert read((b"traceparent", parent)).trace_id == trace


# Responses


@pytest.mark.parametrize(
    ("status", "outcome", "truth"),
    [
        (200, Outcome.OK, UpstreamTruth.EXECUTED),
        (204, Outcome.OK, UpstreamTruth.EXECUTED),
        (302, Outcome.OK, UpstreamTruth.EXECUTED),
        (400, Outcome.INVALID, UpstreamTruth.REJECTED),
        (401, Outcome.AUTH, UpstreamTruth.REJECTED),
        (402, Outcome.QUOTA, UpstreamTruth.REJECTED),
        (403, Outcome.DENIED, UpstreamTruth.REJECTED),
        (404, Outcome.NOT_FOUND, UpstreamTruth.REJECTED),
        (407, Outcome.AUTH, UpstreamTruth.REJECTED),
        (408, Outcome.TIMEOUT, UpstreamTruth.REJECTED),
        (409, Outcome.INVALID, UpstreamTruth.REJECTED),
        (410, Outcome.NOT_FOUND, UpstreamTruth.REJECTED),
        (429, Outcome.THROTTLED, UpstreamTruth.REJECTED),
        (500, Outcome.UNAVAILABLE, UpstreamTruth.SENT_UNKNOWN),
        (503, Outcome.UNAVAILABLE, UpstreamTruth.SENT_UNKNOWN),
        (504, Outcome.TIMEOUT, UpstreamTruth.SENT_UNKNOWN),
        (529, Outcome.UNAVAILABLE, UpstreamTruth.SENT_UNKNOWN),
    ],
)
def test_what_a_status_means(status: int, outcome: Outcome, truth: UpstreamTruth) -> None:
    assert (outcome_of(status), truth_of(status)) == (outcome, truth)


@pytest.mark.parametrize(
    ("header", "replayed"),
    [
        ((b"Idempotent-Replayed", b"true"), True),
        ((b"idempotency-replayed", b" True"), True),
        ((b"Idempotent-Replayed", b"false"), False),
        ((b"X", b"true"), False),
    ],
)
def test_replays_are_said(header: tuple[bytes, bytes], replayed: bool) -> None:
    assert said_replayed([(b"A", b"1"), header]) is replayed


def test_what_is_long_is_read_and_not_remembered() -> None:
    by, long = reader(), b"x" * 60_000
    read((b"Authorization", b"short"), (b"Content-Type", b"text/plain"), body=b"short", by=by)
    once = read((b"Authorization", long), (b"Content-Type", long), body=b"short", by=by)
    again = read((b"Authorization", long), (b"Content-Type", long), body=b"short", by=by)

    assert (once.credential, once.fingerprint) == (again.credential, again.fingerprint)
    assert (len(by._hashes), len(by._contents)) == (1, 1), "thousands of them would be hundreds of megabytes"
