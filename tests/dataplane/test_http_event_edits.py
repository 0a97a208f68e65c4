"""Changes to single events: what is sent for what has come, at any cut of the stream."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chaosproxy.core.effects import EditEvent, ErrorEvent, EventChange, Reject
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.dataplane.http.misbehaving.event_edits import (
    NO_SUCH_EVENT,
    NO_TERMINATOR,
    NOTHING_TO_SPOIL,
    EventEdits,
    malformed,
)
from chaosproxy.dataplane.http.misbehaving.sse import data_of, name_of

REJECT = Reject(FailureKind.UNAVAILABLE, Phase.DURING_BODY)
SWAP, DUPLICATE, DROP, MALFORM = EventChange.SWAP, EventChange.DUPLICATE, EventChange.DROP, EventChange.MALFORM
ENDLESS = EditEvent(1, EventChange.NO_TERMINATOR)
Edit = EditEvent | ErrorEvent
EDITS = st.one_of(
    st.builds(EditEvent, st.integers(1, 5), st.sampled_from(EventChange)),
    st.builds(ErrorEvent, st.integers(1, 5), st.just(REJECT)),
)


def editing(*edits: Edit) -> EventEdits:
    return EventEdits(edits, lambda reject: b"event: error\ndata: %s\n\n" % reject.kind.encode())


def stream(*events: object, line_end: bytes = b"\n") -> bytes:
    return b"".join(b"data: %s%s%s" % (str(event).encode(), line_end, line_end) for event in events)


def sent(edits: EventEdits, pieces: Iterable[bytes]) -> bytes:
    out = [block for piece in pieces for block in edits.feed(piece)]
    return b"".join([*out, *edits.end()])


@pytest.mark.parametrize(
    ("edits", "gets"),
    [
        ([], "12345"),
        ([EditEvent(2, DUPLICATE)], "122345"),
        ([EditEvent(2, DROP)], "1345"),
        ([EditEvent(2, SWAP)], "13245"),
        ([EditEvent(4, SWAP)], "12354"),
        ([EditEvent(1, SWAP), EditEvent(2, SWAP)], "32145"),
        ([EditEvent(1, SWAP), EditEvent(2, DROP)], "1345"),
        ([EditEvent(1, SWAP), EditEvent(2, DUPLICATE)], "221345"),
        ([EditEvent(2, SWAP), EditEvent(2, DUPLICATE)], "132245"),
        ([EditEvent(1, DROP), EditEvent(5, DROP)], "234"),
        ([EditEvent(3, DROP), EditEvent(3, DUPLICATE)], "1245"),
    ],
)
@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_events_are_changed(edits: list[Edit], gets: str, line_end: bytes, size: int) -> None:
    whole = stream(*range(1, 6), line_end=line_end)
    running = editing(*edits)
    got = sent(running, [whole[n : n + size] for n in range(0, len(whole), size)])
    assert got == stream(*gets, line_end=line_end)
    assert (running.applied, running.skipped, running.stopped) == (bool(edits), None, False)


def test_only_the_event_that_is_to_be_late_waits() -> None:
    running = editing(EditEvent(2, SWAP))
    assert running.feed(b"data: 1\n\n") == [b"data: 1\n\n"]
    assert running.feed(b"data: 2\n\n") == []
    assert running.feed(b": ping\n\n") == [b": ping\n\n"], "no event, so nothing waits for it, and it for nothing"
    assert running.feed(b"data: 3\n\n") == [b"data: 3\n\n", b"data: 2\n\n"]
    assert running.feed(b"data: 4\n\n") == [b"data: 4\n\n"]


def test_comments_and_bare_ids_are_not_counted() -> None:
    running = editing(EditEvent(2, DROP))
    whole = b"retry: 10\n\n: hello\n\n" + stream(1) + b"id: 5\n\n" + stream(2, 3)
    assert sent(running, [whole]) == whole.replace(b"data: 2\n\n", b"")


@pytest.mark.parametrize("how", [DUPLICATE, DROP, SWAP, MALFORM])
@pytest.mark.parametrize("event", [1, 2])
def test_a_changed_event_is_whole_also_where_crlf_came_in_two_pieces(how: EventChange, event: int) -> None:
    """Clients that look for CRLF CRLF must find it, in each copy, and no empty line more."""
    whole = stream("one", "two", "three", line_end=b"\r\n")
    halves = whole.replace(b"\r\n\r\n", b"\r\n\r|\n").split(b"|")
    assert sent(editing(EditEvent(event, how)), halves) == sent(editing(EditEvent(event, how)), [whole])


def test_an_lf_is_left_out_only_where_it_was_sent_before() -> None:
    running = editing(EditEvent(1, DUPLICATE))
    assert running.feed(b"data: 1\r\n\r") == [b"data: 1\r\n\r\n"] * 2
    assert running.feed(b": no LF\n\n") == [b": no LF\n\n"]
    assert running.feed(b"\n") == [b"\n"]


def test_two_that_wait_for_each_other_wait_for_a_third() -> None:
    running = editing(EditEvent(1, SWAP), EditEvent(2, SWAP))
    assert running.feed(stream(1, 2)) == []
    assert running.end() == [stream(2), stream(1)]
    assert (running.applied, running.skipped) == (True, NO_SUCH_EVENT), "the first has come after the second"


def test_an_event_that_waits_for_none_comes_at_the_end() -> None:
    running = editing(EditEvent(2, SWAP))
    assert running.feed(stream(1, 2) + b"data: uncomplete") == [b"data: 1\n\n"]
    assert running.end() == [b"data: 2\n\n", b"data: uncomplete"]
    assert (running.applied, running.skipped) == (False, NO_SUCH_EVENT)


@pytest.mark.parametrize(
    ("edits", "why"),
    [
        ([EditEvent(4, DROP)], NO_SUCH_EVENT),
        ([ErrorEvent(4, REJECT)], NO_SUCH_EVENT),
        ([ENDLESS], NO_TERMINATOR),
        ([EditEvent(3, MALFORM)], NOTHING_TO_SPOIL),
    ],
)
def test_an_edit_that_finds_nothing_says_why_and_changes_nothing(edits: list[Edit], why: str) -> None:
    running = editing(*edits)
    whole = stream(1, 2, "")
    assert sent(running, [whole]) == whole
    assert (running.applied, running.skipped) == (False, why)


def test_one_of_two_edits_may_find_nothing() -> None:
    running = editing(EditEvent(1, DROP), EditEvent(9, DROP))
    sent(running, [stream(1, 2)])
    assert (running.applied, running.skipped) == (True, NO_SUCH_EVENT)


def test_before_its_end_nobody_can_say_that_a_stream_has_no_such_event() -> None:
    running = editing(EditEvent(9, DROP))
    running.feed(stream(1, 2))
    assert (running.applied, running.skipped) == (False, None)


# Error events


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_an_error_takes_the_place_of_an_event_and_ends_the_stream(line_end: bytes) -> None:
    running = editing(ErrorEvent(2, REJECT))
    error = b"event: error%sdata: unavailable%s%s" % (line_end, line_end, line_end)
    assert running.feed(stream(1, 2, 3, line_end=line_end)) == [stream(1, line_end=line_end), error]
    assert running.stopped
    assert running.feed(stream(4) + b"data: 5") == []
    assert running.end() == []
    assert (running.applied, running.skipped) == (True, None)


def test_what_was_late_comes_before_the_error() -> None:
    assert sent(editing(EditEvent(1, SWAP), ErrorEvent(2, REJECT)), [stream(1, 2, 3)]) == (
        stream(1) + b"event: error\ndata: unavailable\n\n"
    )


# Terminators

CHAT = b'data: {"choices":[{"finish_reason":"stop"}]}\n\n'
LAST_EVENTS = {
    "chat completions": b"data: [DONE]\n\n",
    "without a blank": b"data:[DONE]\r\n\r\n",
    "messages": b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    "responses": b'event: response.completed\ndata: {"type":"response.completed","response":{}}\n\n',
    "incomplete": b'event: response.incomplete\ndata: {"type":"response.incomplete"}\n\n',
    "failed": b'event: response.failed\ndata: {"type":"response.failed"}\n\n',
    "responses, unnamed": b'data: {"type": "response.completed"}\n\n',
}


@pytest.mark.parametrize("name", LAST_EVENTS)
def test_a_stream_does_not_say_that_it_is_complete(name: str) -> None:
    running = editing(ENDLESS)
    assert sent(running, [CHAT + LAST_EVENTS[name]]) == CHAT
    assert (running.applied, running.skipped) == (True, None)


def test_all_that_says_so_is_left_out() -> None:
    """Gateways close an Anthropic or Responses stream with an OpenAI one's words behind its own."""
    assert sent(editing(ENDLESS), [CHAT + LAST_EVENTS["messages"] + LAST_EVENTS["chat completions"]]) == CHAT


@pytest.mark.parametrize(
    "event",
    [
        *(
            b"data: [DONE] is what it says\n\n",
            b"data: message_stop\n\n",
            b': [DONE]\n\nevent: done\ndata: {"a":1}\n\n',
        ),
        b'data: {"delta": "response.completed"}\n\n',
        b'data: {"type": ["message_stop"]}\n\n',
        b'event: delta\ndata: {"type":"message_stop"}\n\n',
        b"event: message_stop\n\n",
    ],
)
def test_what_only_looks_like_it_is_kept(event: bytes) -> None:
    running = editing(ENDLESS)
    assert sent(running, [event]) == event
    assert running.skipped == NO_TERMINATOR


# Malformed events


@pytest.mark.parametrize(
    ("block", "gets"),
    [
        (b'event: e\ndata: {"a":"bcd"}\nid: 3\n\n', b'event: e\ndata: {"a":\nid: 3\n\n'),
        (b'data:{"a":1}\r\n\r\n', b'data:{"a\r\n\r\n'),
        (b"data: {\rdata: 1,\rdata: 2}\r\r", b"data: {\rdata: 1\r\r"),
        (b"data: [DONE]\n\n", b"data: [DO\n\n"),
        (b"data: 1234\n\n", b"data: \n\n"),
        ("data: é\n\n".encode(), b"data: \n\n"),
        ("data: aé€\n\n".encode(), "data: aé\n\n".encode()),
    ],
)
def test_data_breaks_off_in_the_middle(block: bytes, gets: bytes) -> None:
    assert malformed(block) == gets


def test_nothing_can_break_off_nothing() -> None:
    assert malformed(b"data\ndata: \n\n") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from([None, 1]), st.sampled_from([b"\n", b"\r", b"\r\n"]))
@example(" \u00e9" * 5, None, b"\n")
def test_json_is_no_longer_json_but_utf8_and_an_event_still(value: object, indent: int | None, line_end: bytes) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False).encode()
    lines = [b"event: e", b"id: 1", *(b"data: " + line for line in text.split(b"\n"))]
    spoiled = malformed(b"".join(line + line_end for line in [*lines, b""]))
    assert spoiled is not None
    assert name_of(spoiled) == b"e"
    assert b"id: 1" + line_end in spoiled
    assert spoiled.endswith(line_end * 2)
    data = data_of(spoiled)
    assert text.startswith(data)
    data.decode()
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|Invalid"):
        json.loads(data)


# Laws

BLOCKS = st.sampled_from(
    [*LAST_EVENTS.values(), b"data: x\n\n", b'data: {"a": "\xc3\xa9"}\r\n\r\n', b": ping\n\n", b"\r\n", b"data: y\r\r"]
)


@given(st.lists(EDITS, max_size=3), st.lists(BLOCKS, max_size=8).map(b"".join), st.integers(1, 30))
def test_how_the_stream_was_cut_makes_no_difference(edits: list[Edit], whole: bytes, size: int) -> None:
    at_once, in_pieces = editing(*edits), editing(*edits)
    assert sent(in_pieces, [whole[n : n + size] for n in range(0, len(whole), size)]) == sent(at_once, [whole])
    assert in_pieces.skipped == at_once.skipped
    assert in_pieces.stopped == at_once.stopped


@given(st.lists(BLOCKS, max_size=8).map(b"".join), st.integers(6, 9), st.sampled_from([DUPLICATE, DROP, MALFORM]))
def test_without_an_edit_of_its_own_no_byte_changes(whole: bytes, event: int, how: EventChange) -> None:
    running = editing(EditEvent(event + 100, how))
    assert sent(running, [whole]) == whole
