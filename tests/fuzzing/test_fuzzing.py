"""Spoiled messages, cut up at random: the readers never raise, never disagree with themselves, and write one meaning.

`make fuzz` feeds them a million and more; here it is enough to see that a change has broken a law.
"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzzing.campaign import one_request, one_response
from tests.fuzzing.readers import check_onward, check_written, read_requests, read_response

INPUTS = 4_000


@pytest.mark.parametrize("seed", range(4))
def test_requests(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(INPUTS):
        one_request(dice)


@pytest.mark.parametrize("seed", range(4))
def test_responses(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(INPUTS):
        one_response(dice)


TOKEN = st.text("abcdefXYZ!#$%&'*+-.^_`|~09", min_size=1, max_size=8).map(str.encode)
VALUE = st.binary(max_size=12).map(lambda value: bytes(byte for byte in value if byte > 32 and byte != 127))
HEADERS = st.lists(st.tuples(TOKEN.map(lambda name: b"X-" + name), VALUE), max_size=5)


def lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(name + b": " + value + b"\r\n" for name, value in headers)


@given(headers=HEADERS, body=st.binary(max_size=300), trailers=HEADERS, cut=st.integers(1, 50), chunked=st.booleans())
def test_what_is_written_is_read_as_it_was(
    headers: list[tuple[bytes, bytes]], body: bytes, trailers: list[tuple[bytes, bytes]], cut: int, chunked: bool
) -> None:
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)
    head = lines(headers) + framing + b"\r\n\r\n"
    parts = [body[at : at + cut] for at in range(0, len(body), cut)]
    framed = body
    if chunked:
        framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n" + lines(trailers) + b"\r\n"
    request = b"POST /onward HTTP/1.1\r\nHost: tool.example\r\n" + head + framed
    response = b"HTTP/1.1 200 OK\r\n" + head + framed

    read = read_requests([request[at : at + cut] for at in range(0, len(request), cut)])
    told = read_response(b"GET", [response[at : at + cut] for at in range(0, len(response), cut)])

    (asked,) = read.asked
    assert read.refused is None
    assert (asked.body, told.body, told.ended) == (body, body, "done")
    check_onward(asked, read.onward[0])
    check_written(b"GET", told)
    assert list(asked.headers)[1 : 1 + len(headers)] == headers
    assert told.head is not None
    assert list(told.head[2])[: len(headers)] == headers
    assert list(told.trailers) == (trailers if chunked else [])
