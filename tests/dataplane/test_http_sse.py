"""Where events end, by the WHATWG rules, however the bytes are cut; every byte is handed out, and none is late."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chaosproxy.dataplane.http.misbehaving.sse import (
    LARGEST_EVENT,
    EventSplitter,
    data_of,
    has_data,
    is_event_stream,
    name_of,
)

LINE_ENDS = (b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n", b"\r\r")
FIELDS = (b"data", b"data:", b"data: ", b":", b"event: x", b"id: 1", b"retry: 5")
VALUES = (b"x", b" ", b"\xef\xbb\xbf", "é€😀".encode(), b"\xff", b'{"a": "b"}')
PARTS = st.sampled_from([*LINE_ENDS, *FIELDS, *VALUES])
STREAMS = st.lists(PARTS, max_size=25).map(b"".join)
PIECES = st.lists(st.lists(PARTS, max_size=4).map(b"".join), max_size=8)


def split(pieces: list[bytes], largest: int = LARGEST_EVENT) -> tuple[list[bytes], bytes]:
    splitter = EventSplitter(largest)
    blocks = [block for piece in pieces for block in splitter.feed(piece)]
    return blocks, splitter.rest()


def events_by_the_standard(stream: bytes) -> list[tuple[bytes, bytes]]:
    """The whole read at once, as section 9.2.6 has it: name and data of each event that is dispatched."""
    lines = re.split(rb"\r\n|\n|\r", stream.removeprefix(b"\xef\xbb\xbf"))[:-1]
    events: list[tuple[bytes, bytes]] = []
    data, name = b"", b""
    for line in lines:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            if data:
                events.append((name, data.removesuffix(b"\n")))
            data, name = b"", b""
        elif field == b"data":
            data += value + b"\n"
        elif field == b"event":
            name = value
    return events


def events(blocks: list[bytes]) -> list[tuple[bytes, bytes]]:
    return [(name_of(block), data_of(block)) for block in blocks if has_data(block)]


@given(PIECES)
@example([b"data: x\r\n\r", b"\n", b"data: y\r\n\r\n"])
@example([b"data: x\r\rdata: y", b"\n\n"])
@example([b"\xef", b"\xbb", b"\xbfdata: x\n\n"])
def test_every_byte_is_handed_out_in_order(pieces: list[bytes]) -> None:
    blocks, rest = split(pieces)
    assert b"".join(blocks) + rest == b"".join(pieces)


@given(PIECES)
@example([b"data: x\r\n\r", b"\n", b"data: y\r\n\r\n"])
@example([b"data: x\r\r", b"\n", b"\n", b"data: y\n\n"])
@example([b"\xef", b"\xbb", b"\xbfdata: x\n\n"])
@example([b"\n\xef\xbb\xbfdata: x\n\n"])
def test_events_are_those_of_the_standard_however_the_stream_is_cut(pieces: list[bytes]) -> None:
    stream = b"".join(pieces)
    expected = events_by_the_standard(stream)
    assert events(split([stream])[0]) == expected
    assert events(split(pieces)[0]) == expected
    assert events(split([stream[n : n + 1] for n in range(len(stream))])[0]) == expected


@given(STREAMS)
def test_no_event_is_late(stream: bytes) -> None:
    """Byte by byte, each is handed out with the byte after which the standard would dispatch it."""
    splitter = EventSplitter()
    told = 0
    for n in range(len(stream)):
        told += len(events(splitter.feed(stream[n : n + 1])))
        # A last CR ends its line, whatever follows.
        assert told == len(events_by_the_standard(stream[: n + 1]))


@given(PIECES, st.integers(1, 20))
def test_what_is_too_large_passes_in_pieces_and_is_no_event(pieces: list[bytes], largest: int) -> None:
    splitter = EventSplitter(largest)
    blocks: list[bytes] = []
    for piece in pieces:
        blocks += splitter.feed(piece)
        assert len(splitter._held) <= max(largest, 2), "no more is held than may be"
    assert b"".join(blocks) + splitter.rest() == b"".join(pieces)
    # The rest of the stream is read as ever: what small events there are, in order.
    expected = iter(events_by_the_standard(b"".join(pieces)))
    assert all(event in expected for event in events(blocks)), "only whole events count"


def test_after_one_that_was_too_large_events_count_again() -> None:
    large = b"data: " + b"x" * 50 + b"\ndata: y\n\n"
    blocks, rest = split([large[:20], large[20:] + b"data: z\n\n"], largest=16)
    assert b"".join(blocks) == large + b"data: z\n\n"
    assert rest == b""
    assert events(blocks) == [(b"", b"z")]


def test_a_piece_of_what_is_too_large_goes_out_at_once() -> None:
    splitter = EventSplitter(8)
    assert splitter.feed(b"data: 12345") == [b"data: 12345"]
    assert splitter.feed(b"6") == [b"6"]
    assert splitter.feed(b"\r") == []
    assert splitter.feed(b"\n") == []
    assert splitter.feed(b"\r") == [b"\r\n", b"\r"]
    assert splitter.feed(b"\ndata: a\n\n") == [b"\n", b"data: a\n\n"]


def test_a_cr_does_not_wait_for_the_lf_that_may_follow() -> None:
    splitter = EventSplitter()
    assert splitter.feed(b"data: 1\r\n\r") == [b"data: 1\r\n\r"]
    assert splitter.feed(b"\n") == [b"\n"]
    assert splitter.feed(b"\n") == [b"\n"], "an empty line, which means nothing"
    assert splitter.feed(b"data: 2\r\rdata: 3") == [b"data: 2\r\r"]
    assert splitter.rest() == b"data: 3"
    assert splitter.rest() == b""


def test_a_large_event_in_small_pieces_is_not_read_over_and_over() -> None:
    """One of a mebibyte, 64 bytes at a time: a search from its beginning each time would take minutes."""
    event = b"data: " + b"x" * (LARGEST_EVENT - 8) + b"\n\n"
    blocks, _ = split([event[n : n + 64] for n in range(0, len(event), 64)])
    assert blocks == [event]
    assert has_data(event)


@pytest.mark.parametrize(
    ("block", "data"),
    [
        (b"data: x\n\n", b"x"),
        (b"data:x\n\n", b"x"),
        (b"data:  x \n\n", b" x "),
        (b"event: e\r\ndata: 1\r\nid: 7\r\ndata:2\r\n\r\n", b"1\n2"),
        (b"data\rdata\r\r", b"\n"),
        (b"data:\n\n", b""),
    ],
)
def test_data(block: bytes, data: bytes) -> None:
    assert has_data(block)
    assert data_of(block) == data


@pytest.mark.parametrize(
    "block",
    [
        b"\n",
        b"\r\n",
        b": ping\n\n",
        b"retry: 3\n\n",
        b"id: 1\nevent: e\n\n",
        b" data: x\n\n",
        b"dat: x\n\n",
        b"Data: x\n\n",
        b"data: x\n",
        b"data: x",
        b"",
    ],
)
def test_no_data(block: bytes) -> None:
    assert not has_data(block)


@pytest.mark.parametrize(
    ("headers", "stream"),
    [
        ([(b"Content-Type", b"text/event-stream")], True),
        ([(b"content-type", b"Text/Event-Stream; charset=utf-8")], True),
        ([(b"Content-Type", b"text/event-stream"), (b"Content-Encoding", b"identity")], True),
        ([(b"Content-Type", b"text/event-stream"), (b"Content-Encoding", b"gzip")], False),
        ([(b"Content-Type", b"text/event-streams")], False),
        ([(b"Content-Type", b"application/json")], False),
        ([], False),
    ],
)
def test_event_stream(headers: list[tuple[bytes, bytes]], stream: bool) -> None:
    assert is_event_stream(headers) is stream
