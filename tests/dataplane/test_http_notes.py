"""What is noted of an answer, pure: when to come back, what was wrong, whether it is done, whether it is the same."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.answer import Hint
from chaosproxy.dataplane.http.requests.hints import BODY_MOST
from chaosproxy.dataplane.http.requests.notes import COMPLAINT_MOST, WATCHED_MOST, Notes, Said

GZIP = (b"Content-Encoding", b"gzip")


def said(
    body: Any,  # noqa: ANN401  bytes, or what is said as JSON
    *headers: tuple[bytes, bytes],
    status: int = 200,
    ok: bool | None = None,
) -> Said:
    """Of an answer whose body comes byte by byte at first."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    notes = Notes(status, headers, failing=status >= 400)
    for at in range(min(len(data), 20)):
        notes.data(data[at : at + 1])
    notes.data(data[20:])
    return notes.said(0.0, ok=status < 400 if ok is None else ok)


# Failing answers


COMPLAINT = b"amount: \xc3\xa9 is no number, try again in 3s"


@pytest.mark.parametrize("status", [400, 404, 409, 410, 413, 414, 422])
def test_a_complaint_is_kept(status: int) -> None:
    assert said(COMPLAINT, status=status).complaint == COMPLAINT.decode()
    assert said(gzip.compress(COMPLAINT), GZIP, status=status).complaint == COMPLAINT.decode()
    assert said(b"x" * 50_000, status=status).complaint == "x" * COMPLAINT_MOST
    assert said(b"", status=status).complaint is None


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_what_is_not_about_the_arguments_is_no_complaint(status: int) -> None:
    assert said(COMPLAINT, status=status).complaint is None
    assert said(COMPLAINT, status=status).hint == Hint(3.0, "text")


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(COMPLAINT, mtime=0)[:-9], b"gzip"),
        (COMPLAINT, b"gzip"),
        (COMPLAINT, b"br"),
        (COMPLAINT, b"gzip, br"),
    ],
)
def test_a_body_in_a_coding_that_cannot_be_read(body: bytes, coding: bytes) -> None:
    found = said(body, (b"Content-Encoding", coding), (b"Retry-After", b"7"), status=422)

    assert found.hint == Hint(7.0, "retry-after")
    assert COMPLAINT.decode().startswith(found.complaint or ""), "of a gzip that is cut off there is what there is"


def test_a_hint_far_down_is_not_looked_for() -> None:
    assert said(b" " * BODY_MOST + b"try again in 3s", status=429).hint is None


def test_of_what_was_not_taken_for_a_failure_nothing_is_said() -> None:
    found = said(COMPLAINT, (b"Retry-After", b"7"), status=422, ok=True)

    assert (found.hint, found.complaint, found.digest, found.pending) == (None, None, None, False)


# Good answers


@pytest.mark.parametrize(
    "body",
    [
        {"status": "running"},
        {"status": "In Progress"},
        {"state": "PENDING"},
        {"phase": "Queued"},
        {"job_status": "not-started"},
        {"data": {"status": "validating"}},
        {"done": False},
        {"id": 7, "job": {"finished": False}},
        {"jsonrpc": "2.0", "id": 1, "result": {"status": "working"}},
        {"jsonrpc": "2.0", "id": 1, "result": {"content": [], "structuredContent": {"job": {"state": "submitted"}}}},
        b'event: message\ndata: {"jsonrpc": "2.0", "id": 1, "result": {"status": "working"}}\n\n',
    ],
)
def test_not_done_yet(body: Any) -> None:  # noqa: ANN401
    assert said(body).pending
    assert said(gzip.compress(body if isinstance(body, bytes) else json.dumps(body).encode()), GZIP).pending


@pytest.mark.parametrize(
    "body",
    [
        {"status": "completed"},
        {"status": "completed", "step": {"status": "running"}},
        {"status": 200},
        {"status": "a text that says: running"},
        {"done": True},
        {"done": "no"},
        {"jobs": [{"status": "running"}]},
        {"a": {"b": {"status": "running"}}},
        {"jsonrpc": "2.0", "id": 1, "error": {"code": 1}},
        [{"status": "running"}],
        b"status: running",
        b"",
        b"[" * 5_000,
    ],
)
def test_done(body: Any) -> None:  # noqa: ANN401
    assert not said(body).pending


def test_pending_by_status_or_by_header() -> None:
    assert said(b"", status=202).pending
    assert said(b"x" * (WATCHED_MOST + 1), status=202).pending
    assert said(b"", (b"retry-after", b"1")).pending
    assert not said(b"", status=202, ok=False).pending


def test_the_same_body_has_the_same_digest() -> None:
    body = b'{"a": 1}'
    assert said(body).digest == said(gzip.compress(body, mtime=1), GZIP).digest
    assert said(body).digest != said(b'{"a": 2}').digest
    assert said(b"x" * WATCHED_MOST).digest is not None
    assert said(b"x" * (WATCHED_MOST + 1)).digest is None


@pytest.mark.parametrize("form", [b"%b", b"event: message\ndata: %b\n\n"])
def test_the_id_of_a_json_rpc_answer_is_no_difference(form: bytes) -> None:
    def digest(number: int, result: int) -> str | None:
        return said(form % json.dumps({"jsonrpc": "2.0", "id": number, "result": {"id": result}}).encode()).digest

    assert digest(1, 7) == digest(2, 7)
    assert digest(1, 7) != digest(1, 8)


# Laws


ODD = st.binary(max_size=60) | st.binary(max_size=60).map(gzip.compress) | st.text(max_size=30).map(str.encode)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"Content-Encoding", b"Retry-After", b"Date", b"RateLimit"]),
        st.sampled_from([b"gzip", b"br", b"", b"7", b"Sun, 22 Nov 2026 12:00:00 GMT"]) | st.binary(max_size=9),
    ),
    max_size=4,
)


@given(st.lists(ODD, max_size=4), HEADERS, st.sampled_from([200, 202, 400, 429, 500]), st.booleans())
def test_whatever_comes_something_is_noted(
    pieces: list[bytes], headers: list[tuple[bytes, bytes]], status: int, ok: bool
) -> None:
    notes = Notes(status, headers, failing=status >= 400)
    for piece in pieces:
        notes.data(piece)
    found = notes.said(0.0, ok=ok)

    assert found.complaint is None or 0 < len(found.complaint) <= COMPLAINT_MOST


@given(st.lists(st.binary(max_size=20_000), max_size=8))
def test_no_more_is_kept_than_is_looked_at(pieces: list[bytes]) -> None:
    notes = Notes(500, (), failing=True)
    for piece in pieces:
        notes.data(piece)

    assert sum(map(len, notes._parts)) <= BODY_MOST + 1
