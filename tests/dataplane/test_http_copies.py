"""Good replies that are kept, and which are not: at most so much each, so much together, the oldest first to go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.answer import Reply
from chaosproxy.dataplane.http.copies import ALL_CAP, COPY_CAP, Copies, Copying, can_be_kept
from chaosproxy.dataplane.http.wire import Headers

HEADERS = ((b"A", b"1"), (b"Content-Encoding", b"gzip"))


def reply(body: bytes) -> Reply:
    return Reply(200, b"OK", HEADERS, body)


def test_what_is_kept_last_is_what_there_is() -> None:
    copies = Copies()
    copies.keep("a", reply(b"first"))
    copies.keep("b", reply(b"other"))
    copies.keep("a", reply(b"second"))

    assert copies.get("a") == reply(b"second")
    assert copies.get("b") == reply(b"other")
    assert copies.get("c") is None


def test_what_was_kept_least_recently_goes_first() -> None:
    copies = Copies(cap=30_000)
    for key in ("a", "b", "a", "c", "d"):
        copies.keep(key, reply(b"x" * 8_000))

    assert [copies.get(key) is not None for key in ("b", "a", "c", "d")] == [False, True, True, True]


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 20_000)), max_size=60))
def test_never_more_than_the_cap_and_always_the_latest(kept: list[tuple[str, int]]) -> None:
    copies = Copies(cap=50_000)
    for key, size in kept:
        copies.keep(key, reply(b"x" * size))
        latest = copies.get(key)
        assert latest is not None
        assert len(latest.body) == size
        bodies = {each: found.body for each in "abcdefgh" if (found := copies.get(each)) is not None}
        assert sum(map(len, bodies.values())) <= copies.size <= 50_000


def test_empty_bodies_count_too() -> None:
    copies = Copies()
    for number in range(ALL_CAP // 1024 + 10):
        copies.keep(str(number), reply(b""))

    assert copies.get("0") is None
    assert copies.size <= ALL_CAP


def copied(*pieces: bytes, ended: bool = True) -> Reply | None:
    copies = Copies()
    headers = [(b"Connection", b"close"), *HEADERS]
    copying = Copying(copies, ("k",), (200, b"OK", headers))
    for piece in pieces:
        copying.take(piece)
    if ended:
        copying.end()
    return copies.get("k")


def test_copy_is_the_whole_reply_without_what_was_about_the_connection() -> None:
    assert copied(b"01", b"23") == reply(b"0123")
    assert copied() == reply(b"")


def test_half_a_reply_is_not_kept() -> None:
    assert copied(b"01", ended=False) is None


@pytest.mark.parametrize(("size", "kept"), [(COPY_CAP, True), (COPY_CAP + 1, False)])
def test_reply_over_the_cap_is_not_kept(size: int, kept: bool) -> None:
    body = b"x" * size

    assert copied(body[:1000], body[1000:], b"") == (reply(body) if kept else None)


EVENTS = [(b"content-TYPE", b"Text/Event-Stream; charset=utf-8")]


@pytest.mark.parametrize(
    ("method", "status", "headers", "kept"),
    [
        (b"GET", 200, (), True),
        (b"POST", 201, (), True),
        (b"DELETE", 204, (), True),
        (b"GET", 206, (), False),
        (b"GET", 304, (), False),
        (b"GET", 404, (), False),
        (b"GET", 500, (), False),
        (b"GET", 101, (), False),
        (b"HEAD", 200, (), False),
        (b"GET", 200, EVENTS, False),
    ],
)
def test_only_good_whole_replies_can_be_kept(method: bytes, status: int, headers: Headers, kept: bool) -> None:
    assert can_be_kept(method, status, headers) is kept
