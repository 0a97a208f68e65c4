"""A reply told piece by piece, and the steps by which it reaches the agent: what is sent, and when."""

from typing import Any

import pytest

from chaosproxy.core.effects import (
    Disconnect,
    EditEvent,
    Ending,
    ErrorEvent,
    EventChange,
    Extent,
    Misframe,
    Misframing,
    Place,
    Reject,
    Stall,
    Throttle,
    Truncate,
)
from chaosproxy.core.failures import FailureKind, Outcome, Phase
from chaosproxy.dataplane.http.misbehaving.delivery import REPLY_CAP, Send, Stop
from chaosproxy.dataplane.http.misbehaving.stages import Wait
from chaosproxy.dataplane.http.wire import Framing, Headers, chunk, response_head
from tests.doubles.replies import HEADERS, PIECES, body_bytes, deliver, delivery_of, length, sent, told

HALF = Place(Extent.BODY, 0.5)
FIN, RST, FINE = Stop(Ending.CLOSE), Stop(Ending.RESET), Stop(None)
L, C, E, N = Framing.LENGTH, Framing.CHUNKED, Framing.CLOSE, Framing.NONE
SSE = (b"Content-Type", b"text/event-stream")
REJECT = Reject(FailureKind.UNAVAILABLE, Phase.DURING_BODY)

HEADS = {framing: response_head(200, b"OK", headers) for framing, headers in HEADERS.items()}
IN_CHUNKS = HEADS[Framing.CHUNKED]


# Nothing happens


WHOLE = {
    L: HEADS[L] + b"0123456789",
    C: HEADS[C] + b"4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n",
    E: HEADS[E] + b"0123456789",
    N: HEADS[N],
}


@pytest.mark.parametrize("framing", Framing)
def test_without_effects_it_is_the_relay(framing: Framing) -> None:
    delivery = delivery_of()

    assert told(deliver(delivery, framing)) == [WHOLE[framing], FINE]
    assert (delivery.skipped, delivery.applied, delivery.outcome, delivery.spoilt) == (None, False, None, False)
    assert delivery.keeps is (framing is not E)


def test_each_piece_is_sent_as_soon_as_it_comes() -> None:
    delivery = delivery_of()

    assert sent(list(delivery.head(200, b"OK", HEADERS[C], C))) == HEADS[C]
    assert sent(list(delivery.data(b"abc"))) == b"3\r\nabc\r\n"


def test_trailers_come_and_what_is_about_one_connection_does_not() -> None:
    headers = [(b"Connection", b"close, X-A"), (b"X-A", b"1"), (b"x-b", b"2"), (b"Transfer-Encoding", b"chunked")]

    assert sent(deliver(delivery_of(), C, [b"a"], headers, [(b"T", b"1")])) == (
        b"HTTP/1.1 200 OK\r\nx-b: 2\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nT: 1\r\n\r\n"
    )


def test_old_agent_gets_no_chunks() -> None:
    delivery = delivery_of(version="1.0")

    assert told(deliver(delivery, C)) == [b"HTTP/1.1 200 OK\r\nA: 1\r\n\r\n0123456789", FINE]
    assert not delivery.keeps


# Cuts


CUTS = [
    # place, framing, what is sent
    (HALF, L, HEADS[L] + b"01234"),
    (HALF, C, HEADS[C] + b"4\r\n0123\r\n6\r\n4"),
    (HALF, E, HEADS[E] + b"01234"),
    (Place(Extent.BODY, 0.0), L, HEADS[L]),
    (Place(Extent.BODY, 0.0), C, HEADS[C]),
    (Place(Extent.BODY, 0.999999), E, HEADS[E] + b"012345678"),
    (Place(Extent.BYTES, 0), L, HEADS[L]),
    (Place(Extent.BYTES, 0), C, HEADS[C]),
    (Place(Extent.BYTES, 0), E, HEADS[E]),
    (Place(Extent.BYTES, 3), L, HEADS[L] + b"012"),
    (Place(Extent.BYTES, 3), C, HEADS[C] + b"4\r\n012"),
    (Place(Extent.BYTES, 4), C, HEADS[C] + b"4\r\n0123\r\n"),
    (Place(Extent.BYTES, 7), E, HEADS[E] + b"0123456"),
    (Place(Extent.BYTES, 10), C, HEADS[C] + b"4\r\n0123\r\n6\r\n456789\r\n"),
    (Place(Extent.CHUNKS, 1), L, HEADS[L] + b"0123"),
    (Place(Extent.CHUNKS, 1), C, HEADS[C] + b"4\r\n0123\r\n"),
    (Place(Extent.CHUNKS, 2), C, HEADS[C] + b"4\r\n0123\r\n6\r\n456789\r\n"),
    (Place(Extent.CHUNKS, 0), E, HEADS[E]),
    (Place(Extent.HEAD, 0.5), L, HEADS[L][: len(HEADS[L]) // 2]),
    (Place(Extent.HEAD, 0.01), C, b"H"),
    (Place(Extent.HEAD, 0.999), N, HEADS[N][:-1]),
]


@pytest.mark.parametrize(("place", "framing", "what"), CUTS)
@pytest.mark.parametrize("ending", Ending)
def test_cut(place: Place, framing: Framing, what: bytes, ending: Ending) -> None:
    delivery = delivery_of(Truncate(place, ending))

    steps = deliver(delivery, framing)
    assert told(steps) == [*([what] if what else []), Stop(ending)]
    assert delivery.outcome is (Outcome.TRUNCATED if ending is Ending.CLOSE else Outcome.RESET)
    assert (delivery.skipped, delivery.applied, delivery.spoilt) == (None, True, True)


def test_chunk_that_comes_in_pieces_is_one_chunk() -> None:
    delivery = delivery_of(Truncate(Place(Extent.CHUNKS, 2), Ending.CLOSE))
    steps = list(delivery.head(200, b"OK", HEADERS[C], C))
    for piece in (b"a", b"b", None, b"c", b"d", None, b"e"):
        steps += delivery.chunk_end() if piece is None else delivery.data(piece)

    assert sent(steps) == HEADS[C] + b"".join(chunk(piece) for piece in (b"a", b"b", b"c", b"d"))


@pytest.mark.parametrize("framing", [L, C, E])
def test_disconnect_is_half_way(framing: Framing) -> None:
    half = deliver(delivery_of(Truncate(HALF, Ending.RESET)), framing)

    assert deliver(delivery_of(Disconnect(Ending.RESET, Phase.DURING_BODY)), framing) == half


def test_disconnect_breaks_the_first_event_of_a_stream() -> None:
    delivery = delivery_of(Disconnect(Ending.RESET, Phase.DURING_BODY))
    list(delivery.head(200, b"OK", [SSE], E))

    assert told(list(delivery.data(b": hi\n\n"))) == [b": hi\n\n"]
    assert told(list(delivery.data(b"data: 12"))) == []
    assert told(list(delivery.data(b"34\n\ndata: 5\n\n"))) == [b"data: ", RST]


def test_share_of_a_known_length_holds_nothing() -> None:
    delivery = delivery_of(Truncate(HALF, Ending.CLOSE))

    assert sent(list(delivery.head(200, b"OK", HEADERS[L], L))) == HEADS[L]
    assert sent(list(delivery.data(b"012"))) == b"012"
    assert told(list(delivery.data(b"3456"))) == [b"34", FIN]


@pytest.mark.parametrize("framing", [C, E])
def test_share_of_a_length_that_nobody_knows_waits_for_the_end(framing: Framing) -> None:
    delivery = delivery_of(Truncate(HALF, Ending.CLOSE))

    assert list(delivery.head(200, b"OK", HEADERS[framing], framing)) == []
    assert list(delivery.data(b"0123456789")) == []
    assert told(list(delivery.end(())))[-1] == FIN


def test_body_over_the_cap_passes_as_it_comes() -> None:
    delivery = delivery_of(Truncate(HALF, Ending.CLOSE), Throttle(Extent.BYTES, REPLY_CAP, 1.0))
    piece = bytes(REPLY_CAP)
    assert list(delivery.head(200, b"OK", HEADERS[E], E)) == []
    assert list(delivery.data(piece)) == []

    assert told(list(delivery.data(b"x"))) == [HEADS[E] + piece, Wait(1.0, paced=True), b"x"]
    assert told(list(delivery.end(()))) == [FINE]


def test_held_body_is_delivered_when_the_tool_breaks_off() -> None:
    delivery = delivery_of(Truncate(HALF, Ending.CLOSE))
    list(delivery.head(200, b"OK", HEADERS[C], C))
    list(delivery.data(b"0123"))

    assert told(list(delivery.broke())) == [HEADS[C] + b"4\r\n0123\r\n"]
    assert delivery.skipped == "upstream_failed"


# An end in good order


@pytest.mark.parametrize(
    ("place", "what"),
    [
        (HALF, b"4\r\n0123\r\n1\r\n4\r\n0\r\n\r\n"),
        (Place(Extent.BYTES, 3), b"3\r\n012\r\n0\r\n\r\n"),
        (Place(Extent.BYTES, 4), b"4\r\n0123\r\n0\r\n\r\n"),
        (Place(Extent.BYTES, 0), b"0\r\n\r\n"),
        (Place(Extent.CHUNKS, 1), b"4\r\n0123\r\n0\r\n\r\n"),
    ],
)
def test_message_that_ends_early_in_good_order(place: Place, what: bytes) -> None:
    delivery = delivery_of(Truncate(place, None))

    assert told(deliver(delivery, C)) == [HEADS[C] + what, FINE]
    assert (delivery.keeps, delivery.outcome) == (True, Outcome.TRUNCATED)


def test_body_that_ends_with_the_connection_ends_well_with_a_fin() -> None:
    delivery = delivery_of(Truncate(HALF, None))

    assert told(deliver(delivery, E)) == [HEADS[E] + b"01234", FINE]
    assert not delivery.keeps


# Stalls


@pytest.mark.parametrize(("place", "framing", "what"), CUTS)
@pytest.mark.parametrize("ending", Ending)
def test_stall_that_ends_the_connection(place: Place, framing: Framing, what: bytes, ending: Ending) -> None:
    delivery = delivery_of(Stall(place, 7.0, ending))

    assert told(deliver(delivery, framing)) == [what, Wait(7.0), Stop(ending)]
    assert delivery.outcome is (Outcome.TRUNCATED if ending is Ending.CLOSE else Outcome.RESET)


@pytest.mark.parametrize(("place", "framing", "what"), CUTS)
def test_stall_that_is_over_leaves_every_byte_as_it_was(place: Place, framing: Framing, what: bytes) -> None:
    delivery = delivery_of(Stall(place, 7.0, None))

    assert told(deliver(delivery, framing)) == [what, Wait(7.0), WHOLE[framing][len(what) :], FINE]
    assert (delivery.applied, delivery.spoilt, delivery.outcome) == (True, False, None)


def test_stalls_and_a_cut_come_at_their_places_whatever_their_order() -> None:
    late, early, cut = (
        Stall(Place(Extent.BYTES, 6), 2.0, None),
        Stall(Place(Extent.BYTES, 2), 1.0, None),
        Truncate(Place(Extent.BYTES, 8), None),
    )
    steps = told(deliver(delivery_of(late, cut, early), C, [b"0123456789"]))

    assert steps == [HEADS[C] + b"8\r\n01", Wait(1.0), b"2345", Wait(2.0), b"67\r\n0\r\n\r\n", FINE]


# Paces


@pytest.mark.parametrize(
    ("effect", "pieces"),
    [
        (Throttle(Extent.BYTES, 3, 0.5), [b"012", b"3", b"45", b"678", b"9"]),
        (Throttle(Extent.BYTES, 9, 0.5), [b"0123", b"45678", b"9"]),
        (Throttle(Extent.CHUNKS, 1, 0.5), [b"0123", b"456789"]),
    ],
)
def test_paced_bodies(effect: Throttle, pieces: list[bytes]) -> None:
    delivery = delivery_of(effect)
    steps = deliver(delivery, E)

    assert [step.data for step in steps if isinstance(step, Send)][1:] == pieces
    assert {step for step in steps if isinstance(step, Wait)} == {Wait(0.5, paced=True)}
    assert not isinstance(steps[-2], Wait), "no pause after the last piece"
    assert (delivery.applied, delivery.spoilt, delivery.outcome) == (True, False, None)


def test_pauses_come_before_each_piece_but_the_first() -> None:
    steps = told(deliver(delivery_of(Throttle(Extent.BYTES, 4, 2.0)), C))

    pause = Wait(2.0, paced=True)
    assert steps == [HEADS[C] + b"4\r\n0123\r\n", pause, b"4\r\n4567\r\n", pause, b"2\r\n89\r\n0\r\n\r\n", FINE]


def test_events_at_their_pace_are_whole() -> None:
    delivery = delivery_of(Throttle(Extent.EVENTS, 1, 1.0))
    pieces = [b": hi\n\nda", b"ta: 1\n\ndata: 2\n", b"\n", b"rest"]

    pause = Wait(1.0, paced=True)
    assert told(deliver(delivery, E, pieces, [SSE])) == [
        response_head(200, b"OK", [SSE]) + b": hi\n\ndata: 1\n\n",
        pause,
        b"data: 2\n\n",
        pause,
        b"rest",
        FINE,
    ]


# Frames


@pytest.mark.parametrize(
    ("how", "framing", "what", "outcome"),
    [
        (Misframing.NO_LAST_CHUNK, C, IN_CHUNKS + b"4\r\n0123\r\n6\r\n456789\r\n", Outcome.TRUNCATED),
        (Misframing.NO_LAST_CHUNK, L, IN_CHUNKS + b"4\r\n0123\r\n6\r\n456789\r\n", Outcome.TRUNCATED),
        (Misframing.NO_LAST_CHUNK, E, IN_CHUNKS + b"4\r\n0123\r\n6\r\n456789\r\n", Outcome.TRUNCATED),
        (Misframing.BAD_CHUNK_SIZE, C, IN_CHUNKS + b"zz\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n", Outcome.MALFORMED),
        (Misframing.BAD_CHUNK_SIZE, L, IN_CHUNKS + b"zz\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n", Outcome.MALFORMED),
        (Misframing.TRAILING_GARBAGE, L, WHOLE[L] + b"}]}\r\n", None),
        (Misframing.TRAILING_GARBAGE, C, WHOLE[C] + b"}]}\r\n", None),
        (Misframing.LENGTH_TOO_LONG, L, WHOLE[L].replace(b"10", b"15"), Outcome.TRUNCATED),
        (Misframing.LENGTH_TOO_SHORT, L, WHOLE[L].replace(b"10", b"5"), Outcome.MALFORMED),
        (Misframing.LENGTH_TOO_LONG, C, WHOLE[L].replace(b"10", b"15"), Outcome.TRUNCATED),
        (Misframing.LENGTH_TOO_SHORT, E, WHOLE[L].replace(b"10", b"5"), Outcome.MALFORMED),
    ],
)
def test_whole_body_in_a_wrong_frame(how: Misframing, framing: Framing, what: bytes, outcome: Outcome | None) -> None:
    delivery = delivery_of(Misframe(how))

    steps = deliver(delivery, framing)
    assert told(steps) == [what, FIN]
    assert body_bytes(steps) == 10
    assert (delivery.outcome, delivery.spoilt, delivery.skipped) == (outcome, True, None)


def test_empty_chunked_body_has_a_bad_last_chunk() -> None:
    assert sent(deliver(delivery_of(Misframe(Misframing.BAD_CHUNK_SIZE)), C, [])) == HEADS[C] + b"zz\r\n\r\n"


def test_agent_that_leaves_in_the_middle_has_met_what_was_wrong_from_the_start() -> None:
    delivery = delivery_of(Misframe(Misframing.LENGTH_TOO_SHORT))
    list(delivery.head(200, b"OK", HEADERS[L], L))

    assert (delivery.outcome, delivery.spoilt) == (Outcome.MALFORMED, True)


# Events


EVENTS = [b"data: 1\n\n", b"data: 2\n\n", b"data: [DONE]\n\n"]
STREAM = [SSE, (b"Transfer-Encoding", b"chunked")]


@pytest.mark.parametrize(
    ("edit", "events", "outcome"),
    [
        (EditEvent(1, EventChange.DROP), [1, 2], Outcome.MALFORMED),
        (EditEvent(2, EventChange.DUPLICATE), [0, 1, 1, 2], Outcome.MALFORMED),
        (EditEvent(1, EventChange.SWAP), [1, 0, 2], Outcome.MALFORMED),
        (EditEvent(1, EventChange.NO_TERMINATOR), [0, 1], Outcome.TRUNCATED),
    ],
)
def test_changed_events(edit: EditEvent, events: list[int], outcome: Outcome) -> None:
    delivery = delivery_of(edit)
    head = response_head(200, b"OK", STREAM)

    said = sent(deliver(delivery, C, EVENTS, STREAM))
    assert said == head + b"".join(chunk(EVENTS[each]) for each in events) + b"0\r\n\r\n"
    assert (delivery.outcome, delivery.spoilt, delivery.keeps) == (outcome, True, True)


def test_stream_that_says_it_failed_ends_in_good_order() -> None:
    delivery = delivery_of(ErrorEvent(2, REJECT))
    steps = deliver(delivery, C, EVENTS, STREAM)

    failed = chunk(b"data: unavailable\n\n")
    assert told(steps) == [response_head(200, b"OK", STREAM) + chunk(EVENTS[0]) + failed + b"0\r\n\r\n", FINE]
    assert (delivery.outcome, delivery.spoilt) == (Outcome.SOFT_ERROR, True)


def test_changed_stream_does_not_promise_the_old_length() -> None:
    headers = [SSE, (b"Content-Length", b"18")]
    steps = deliver(delivery_of(EditEvent(1, EventChange.DUPLICATE)), L, EVENTS[:2], headers)

    assert sent(steps).startswith(response_head(200, b"OK", STREAM) + chunk(EVENTS[0]) * 2)


def test_events_that_do_not_come_are_no_reason_to_hold_anything() -> None:
    delivery = delivery_of(Stall(Place(Extent.EVENTS, 3), 1.0, None))
    list(delivery.head(200, b"OK", STREAM, C))

    assert [sent(list(delivery.data(event))) for event in EVENTS[:2]] == [chunk(event) for event in EVENTS[:2]]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_stream_that_stops_after_events(count: int) -> None:
    delivery = delivery_of(Truncate(Place(Extent.EVENTS, count), Ending.RESET))
    steps = deliver(delivery, C, [b"".join(EVENTS)], STREAM)

    assert sent(steps) == response_head(200, b"OK", STREAM) + b"".join(map(chunk, EVENTS[:count]))
    assert steps[-1] == RST


# What cannot be done


UNFIT = [
    (Truncate(HALF, Ending.CLOSE), N, None, "empty_body"),
    (Truncate(HALF, Ending.CLOSE), L, length(0), "empty_body"),
    (Truncate(HALF, None), L, None, "length_framing"),
    (Truncate(Place(Extent.HEAD, 0.5), None), L, None, "half_a_head"),
    (Truncate(Place(Extent.BYTES, 10), Ending.RESET), L, None, "body_too_short"),
    (Truncate(Place(Extent.BYTES, 11), Ending.RESET), C, None, "body_too_short"),
    (Truncate(Place(Extent.CHUNKS, 3), Ending.RESET), C, None, "body_too_short"),
    (Truncate(Place(Extent.CHUNKS, 2), Ending.RESET), L, None, "body_too_short"),
    (Truncate(Place(Extent.EVENTS, 1), Ending.RESET), L, None, "not_an_event_stream"),
    (Truncate(HALF, Ending.RESET), C, STREAM, "event_stream"),
    (Disconnect(Ending.RESET, Phase.DURING_BODY), C, [*STREAM, (b"Content-Encoding", b"gzip")], "event_stream"),
    (Stall(Place(Extent.BYTES, 10), 1.0, Ending.CLOSE), L, None, "body_too_short"),
    (Stall(Place(Extent.EVENTS, 9), 1.0, None), C, STREAM, "body_too_short"),
    (Throttle(Extent.BYTES, 10, 1.0), C, None, "body_too_short"),
    (Throttle(Extent.EVENTS, 1, 1.0), C, None, "not_an_event_stream"),
    (Throttle(Extent.BYTES, 1, 1.0), N, None, "empty_body"),
    (Misframe(Misframing.TRAILING_GARBAGE), E, None, "close_framing"),
    (Misframe(Misframing.NO_LAST_CHUNK), N, None, "empty_body"),
    (Misframe(Misframing.LENGTH_TOO_LONG), C, STREAM, "event_stream"),
    (EditEvent(1, EventChange.DROP), C, None, "not_an_event_stream"),
    (EditEvent(9, EventChange.DROP), C, STREAM, "no_such_event"),
    (ErrorEvent(1, REJECT), N, None, "empty_body"),
]


@pytest.mark.parametrize(("effect", "framing", "headers", "reason"), UNFIT)
def test_what_cannot_be_done_leaves_the_reply_alone(
    effect: Any,  # noqa: ANN401  any effect on delivery
    framing: Framing,
    headers: Headers | None,
    reason: str,
) -> None:
    pieces = EVENTS if headers == STREAM else [] if headers == length(0) else PIECES
    delivery = delivery_of(effect)
    steps = deliver(delivery, framing, pieces, headers)

    assert sent(steps) == sent(deliver(delivery_of(), framing, pieces, headers))
    assert [step for step in steps if not isinstance(step, Send)] == [FINE]
    assert (delivery.skipped, delivery.applied, delivery.outcome, delivery.spoilt) == (reason, False, None, False)


@pytest.mark.parametrize("framing", [C, E])
@pytest.mark.parametrize("effect", [Truncate(HALF, Ending.RESET), Misframe(Misframing.LENGTH_TOO_LONG)])
def test_body_that_turns_out_to_be_empty_is_left_alone(framing: Framing, effect: Any) -> None:  # noqa: ANN401
    delivery = delivery_of(effect)

    assert told(deliver(delivery, framing, [])) == [HEADS[framing] + (b"0\r\n\r\n" if framing is C else b""), FINE]
    assert delivery.skipped == "empty_body"


@pytest.mark.parametrize("how", [Misframing.NO_LAST_CHUNK, Misframing.BAD_CHUNK_SIZE])
def test_old_agents_know_no_chunks_that_could_be_wrong(how: Misframing) -> None:
    delivery = delivery_of(Misframe(how), version="1.0")

    assert sent(deliver(delivery, C)).endswith(b"\r\n\r\n0123456789")
    assert delivery.skipped == "no_chunks"


def test_one_effect_that_shows_is_enough() -> None:
    delivery = delivery_of(Truncate(Place(Extent.EVENTS, 1), Ending.RESET), Stall(Place(Extent.BYTES, 1), 1.0, None))
    deliver(delivery, C)

    assert (delivery.applied, delivery.skipped) == (True, None)
