"""What holds for every reply, however it comes and whatever is done to it."""

import httptools
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.effects import Ending, Extent, Misframe, Misframing, Place, Stall, Throttle, Truncate
from chaosproxy.dataplane.http.misbehaving.delivery import Stop
from chaosproxy.dataplane.http.misbehaving.stages import Wait
from chaosproxy.dataplane.http.wire import Framing, Headers, chunk, last_chunk, response_head
from tests.doubles.replies import HEADERS, body_bytes, deliver, delivery_of, length, sent

FIN, FINE = Stop(Ending.CLOSE), Stop(None)
L, C, E = Framing.LENGTH, Framing.CHUNKED, Framing.CLOSE

pieces = st.lists(st.binary(min_size=1, max_size=20), max_size=8)
framings = st.sampled_from([L, C, E])
shares = st.floats(0, 1, exclude_max=True)
places = st.one_of(
    st.builds(Place, st.just(Extent.BODY), shares),
    st.builds(Place, st.just(Extent.BYTES), st.integers(0, 60)),
    st.builds(Place, st.just(Extent.CHUNKS), st.integers(0, 8)),
)
pauses = st.builds(Stall, places, st.just(1.0), st.none())
paces = st.builds(Throttle, st.sampled_from([Extent.BYTES, Extent.CHUNKS]), st.integers(1, 30), st.just(1.0))


def headers_for(framing: Framing, body: bytes) -> Headers:
    return length(len(body)) if framing is L else HEADERS[framing]


class Reader:
    """A strict client."""

    def __init__(self) -> None:
        self.body = b""
        self.complete = False

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete = True


def read(said: bytes) -> Reader:
    reader = Reader()
    httptools.HttpResponseParser(reader).feed_data(said)
    return reader


@given(pieces, framings)
def test_what_is_written_reads_as_what_was_told(told_pieces: list[bytes], framing: Framing) -> None:
    body = b"".join(told_pieces)
    reader = read(sent(deliver(delivery_of(), framing, told_pieces, headers_for(framing, body))))

    assert reader.body == body
    assert reader.complete is (framing is not E)


@given(pieces, framings)
def test_it_sends_what_the_relay_sends(told_pieces: list[bytes], framing: Framing) -> None:
    headers = headers_for(framing, b"".join(told_pieces))
    relayed = b"".join(chunk(piece) if framing is C else piece for piece in told_pieces)

    said = sent(deliver(delivery_of(), framing, told_pieces, headers))
    assert said == response_head(200, b"OK", headers) + relayed + (last_chunk(()) if framing is C else b"")


@given(pieces, framings, st.lists(paces, max_size=2), st.lists(pauses, max_size=3))
def test_what_is_slow_is_whole(
    told_pieces: list[bytes], framing: Framing, slow: list[Throttle], halting: list[Stall]
) -> None:
    body = b"".join(told_pieces)
    delivery = delivery_of(*slow, *halting)
    steps = deliver(delivery, framing, told_pieces, headers_for(framing, body))

    assert read(sent(steps)).body == body
    assert body_bytes(steps) == len(body)
    assert steps[-1] == FINE
    assert delivery.applied is any(isinstance(step, Wait) for step in steps)
    assert delivery.spoilt is False


@given(pieces, framings, st.lists(pauses, min_size=1, max_size=3))
def test_pauses_change_no_byte(told_pieces: list[bytes], framing: Framing, halting: list[Stall]) -> None:
    headers = headers_for(framing, b"".join(told_pieces))

    halted = sent(deliver(delivery_of(*halting), framing, told_pieces, headers))
    assert halted == sent(deliver(delivery_of(), framing, told_pieces, headers))


@given(pieces, framings, places, st.sampled_from([*Ending, None]), st.lists(paces, max_size=1))
def test_what_is_cut_is_a_beginning(
    told_pieces: list[bytes], framing: Framing, place: Place, ending: Ending | None, slow: list[Throttle]
) -> None:
    body = b"".join(told_pieces)
    delivery = delivery_of(Truncate(place, ending), *slow)
    steps = deliver(delivery, framing, told_pieces, headers_for(framing, body))

    assert steps[-1] == Stop(ending if delivery.spoilt else None)
    reader = read(sent(steps))
    assert body.startswith(reader.body)
    assert len(reader.body) == body_bytes(steps)
    if not delivery.spoilt:
        assert reader.body == body
    elif ending is not None:
        assert reader.complete is False
    else:
        assert reader.complete is (framing is C)


@given(pieces.filter(any), framings, st.sampled_from(Misframing), st.lists(paces, max_size=1))
def test_whole_body_comes_in_every_wrong_frame(
    told_pieces: list[bytes], framing: Framing, how: Misframing, slow: list[Throttle]
) -> None:
    body = b"".join(told_pieces)
    delivery = delivery_of(Misframe(how), *slow)
    steps = deliver(delivery, framing, told_pieces, headers_for(framing, body))

    assert body_bytes(steps) == len(body)
    assert steps[-1] == (FINE if delivery.skipped or not delivery.spoilt else FIN)
    assert delivery.spoilt is not (how is Misframing.TRAILING_GARBAGE and framing is E)
