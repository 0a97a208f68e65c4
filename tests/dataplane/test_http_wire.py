"""Messages as bytes: what goes on, what stays here, and how a body's end is told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.dataplane.http.agents.strictness import check_request
from chaosproxy.dataplane.http.wire import (
    Framing,
    Headers,
    Malformed,
    Request,
    chunk,
    end_to_end,
    last_chunk,
    own_word,
    reason_phrase,
    request_head,
    response_framing,
    response_head,
    with_length,
)


def request(*headers: tuple[bytes, bytes], method: bytes = b"GET", version: str = "1.1") -> Request:
    return Request(method, b"/x", list(headers), version)


# Requests on their way to the tool


def test_request_head_keeps_order_case_and_duplicates() -> None:
    asked = request((b"X-b", b"1"), (b"hOST", b"proxy:1"), (b"X-A", b""), (b"x-B", b"2"))

    head = request_head(asked, b"/onward?q", b"tool:9")

    assert head == b"GET /onward?q HTTP/1.1\r\nX-b: 1\r\nhOST: tool:9\r\nX-A: \r\nx-B: 2\r\n\r\n"


def test_request_head_gets_a_host_if_it_had_none() -> None:
    asked = request((b"A", b"1"), version="1.0")

    assert request_head(asked, b"/", b"tool") == b"GET / HTTP/1.1\r\nHost: tool\r\nA: 1\r\n\r\n"


HOP = [
    (b"Connection", b"keep-alive"),
    (b"Keep-Alive", b"timeout=5"),
    (b"Proxy-Connection", b"keep-alive"),
    (b"Proxy-Authorization", b"Basic cnVuOng="),
    (b"TE", b"trailers"),
    (b"Upgrade", b"websocket"),
]


@pytest.mark.parametrize("header", HOP, ids=lambda pair: pair[0].decode())
def test_request_head_leaves_out_what_is_about_this_connection(header: tuple[bytes, bytes]) -> None:
    asked = request((b"Host", b"a"), header, (b"X", b"1"))

    assert request_head(asked, b"/", b"a") == b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n"


@pytest.mark.parametrize(
    "connection",
    [
        [(b"Connection", b"close, X-Secret")],
        [(b"connection", b"x-secret")],
        [(b"Connection", b"X-Secret"), (b"Connection", b"close")],
        [(b"Connection", b"close"), (b"Connection", b" x-SECRET ,")],
    ],
)
def test_headers_that_connection_names_go_no_further(connection: list[tuple[bytes, bytes]]) -> None:
    headers = [(b"Host", b"a"), (b"X-Secret", b"s"), *connection, (b"X", b"1")]

    assert request_head(request(*headers), b"/", b"a") == b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n"
    assert end_to_end(headers) == [(b"Host", b"a"), (b"X", b"1")]


def test_transfer_encoding_and_trailer_stay_because_the_framing_does() -> None:
    framed = [(b"Transfer-Encoding", b"chunked"), (b"Trailer", b"X-Sum")]

    assert end_to_end(framed) == framed


@pytest.mark.parametrize(
    ("version", "headers", "status", "reason"),
    [
        ("2.0", [(b"Host", b"a")], 505, "http_version"),
        ("0.9", [], 505, "http_version"),
        ("1.1", [], 400, "bad_host"),
        ("1.1", [(b"Host", b"a"), (b"host", b"a")], 400, "bad_host"),
        ("1.0", [(b"Host", b"a"), (b"Host", b"b")], 400, "bad_host"),
        ("1.0", [(b"Transfer-Encoding", b"chunked")], 400, "bad_framing"),
        ("1.1", [(b"Host", b"a"), (b"Transfer-Encoding", b"gzip, chunked")], 501, "bad_framing"),
        ("1.1", [(b"Host", b"a"), (b"Transfer-Encoding", b"")], 501, "bad_framing"),
        (
            "1.1",
            [(b"Host", b"a"), (b"Transfer-Encoding", b"gzip"), (b"Transfer-Encoding", b"chunked")],
            501,
            "bad_framing",
        ),
    ],
)
def test_requests_that_readers_disagree_about_are_refused(
    version: str, headers: list[tuple[bytes, bytes]], status: int, reason: str
) -> None:
    with pytest.raises(Malformed) as refusal:
        check_request(request(*headers, version=version))

    assert (refusal.value.status, refusal.value.reason) == (status, reason)


@pytest.mark.parametrize(
    ("version", "headers"),
    [
        ("1.1", [(b"Host", b"a"), (b"Transfer-Encoding", b"Chunked ")]),
        ("1.1", [(b"host", b"")]),
        ("1.0", []),
        ("1.0", [(b"Host", b"a")]),
    ],
)
def test_requests_that_are_clear_pass(version: str, headers: list[tuple[bytes, bytes]]) -> None:
    check_request(request(*headers, version=version))


def test_request_knows_its_length() -> None:
    assert request((b"Content-Length", b"12")).length() == 12
    assert request().length() == 0
    assert request((b"Transfer-Encoding", b"chunked")).chunked


# Responses


def test_response_head_without_a_phrase_keeps_its_space() -> None:
    assert response_head(299, b"", [(b"a", b"B"), (b"A", b"")]) == b"HTTP/1.1 299 \r\na: B\r\nA: \r\n\r\n"


LENGTH = [(b"Content-Length", b"5")]
CHUNKED = [(b"transfer-ENCODING", b"chunked")]


@pytest.mark.parametrize(
    ("method", "status", "headers", "framing"),
    [
        (b"GET", 200, LENGTH, Framing.LENGTH),
        (b"GET", 200, CHUNKED, Framing.CHUNKED),
        (b"GET", 200, [(b"Transfer-Encoding", b"gzip, Chunked ")], Framing.CHUNKED),
        (b"GET", 200, [(b"Transfer-Encoding", b"gzip"), (b"Transfer-Encoding", b"chunked")], Framing.CHUNKED),
        (b"GET", 200, [], Framing.CLOSE),
        (b"HEAD", 200, LENGTH, Framing.NONE),
        (b"HEAD", 200, CHUNKED, Framing.NONE),
        (b"POST", 204, [], Framing.NONE),
        (b"GET", 304, LENGTH, Framing.NONE),
        (b"GET", 103, [], Framing.NONE),
    ],
)
def test_framing_of_a_response(method: bytes, status: int, headers: Headers, framing: Framing) -> None:
    assert response_framing(method, status, headers) is framing


def test_chunks() -> None:
    assert chunk(b"0123456789abcdef!") == b"11\r\n0123456789abcdef!\r\n"
    assert last_chunk(()) == b"0\r\n\r\n"
    assert last_chunk([(b"X-Sum", b"1"), (b"x-sum", b"2")]) == b"0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n"


@pytest.mark.parametrize(
    ("headers", "framed"),
    [
        (
            [(b"A", b"1"), (b"content-length", b"9"), (b"B", b"2")],
            [(b"A", b"1"), (b"content-length", b"3"), (b"B", b"2")],
        ),
        (
            [(b"Transfer-Encoding", b"chunked"), (b"Trailer", b"X"), (b"B", b"2")],
            [(b"Content-Length", b"3"), (b"B", b"2")],
        ),
        ([(b"A", b"1")], [(b"A", b"1"), (b"Content-Length", b"3")]),
        ([(b"Content-Length", b"9"), (b"Content-Length", b"9")], [(b"Content-Length", b"3")]),
    ],
)
def test_with_length_tells_the_truth_once(headers: Headers, framed: Headers) -> None:
    assert with_length(headers, 3) == framed


@given(
    st.lists(st.tuples(st.sampled_from([b"Content-Length", b"transfer-encoding", b"X", b"Set-Cookie"]), st.just(b"1")))
)
def test_with_length_leaves_all_else_alone(headers: list[tuple[bytes, bytes]]) -> None:
    framed = with_length(headers, 7)

    def others(pairs: Headers) -> list[tuple[bytes, bytes]]:
        return [pair for pair in pairs if pair[0].lower() not in (b"content-length", b"transfer-encoding")]

    assert others(framed) == others(headers)
    assert [value for name, value in framed if name.lower() == b"content-length"] == [b"7"]
    assert response_framing(b"GET", 200, framed) is Framing.LENGTH


def test_own_word_is_a_problem_document() -> None:
    word = own_word(502, "it refused", close=True)

    head, _, body = word.partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 502 Bad Gateway",
        b"Content-Type: application/problem+json",
        b"Content-Length: %d" % len(body),
        b"Connection: close",
    ]
    assert json.loads(body) == {"title": "Bad Gateway", "status": 502, "detail": "it refused"}


def test_own_word_to_head_has_the_head_of_the_whole() -> None:
    assert own_word(504, "x", head_only=True) == own_word(504, "x").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def test_own_words_do_not_say_whose_they_are() -> None:
    said = b"".join(own_word(status, "the detail") for status in (400, 404, 408, 431, 501, 502, 504))

    assert not any(word in said.lower() for word in (b"chaos", b"inject", b"proxy:"))


@pytest.mark.parametrize(("status", "phrase"), [(200, b"OK"), (529, b"Site Overloaded"), (599, b"")])
def test_reason_phrases(status: int, phrase: bytes) -> None:
    assert reason_phrase(status) == phrase
