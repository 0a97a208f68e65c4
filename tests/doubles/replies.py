"""Replies for a test to deliver: told piece by piece, and the steps that follow from them."""

from collections.abc import Sequence
from typing import Any

from chaosproxy.dataplane.http.misbehaving.delivery import Delivery, Send, Step, Stop
from chaosproxy.dataplane.http.misbehaving.stages import Wait
from chaosproxy.dataplane.http.wire import Framing, Headers

HEADERS: dict[Framing, Headers] = {
    Framing.LENGTH: [(b"A", b"1"), (b"Content-Length", b"10")],
    Framing.CHUNKED: [(b"A", b"1"), (b"Transfer-Encoding", b"chunked")],
    Framing.CLOSE: [(b"A", b"1")],
    Framing.NONE: [(b"A", b"1"), (b"Content-Length", b"10")],
}
PIECES = [b"0123", b"456789"]


def delivery_of(*effects: Any, version: str = "1.1") -> Delivery:  # noqa: ANN401  any effect on delivery
    return Delivery(effects, lambda reject: b"data: %b\n\n" % reject.kind.encode(), version)


def deliver(
    delivery: Delivery,
    framing: Framing,
    pieces: Sequence[bytes] = PIECES,
    headers: Headers | None = None,
    trailers: Headers = (),
) -> list[Step]:
    """All steps of a reply, each piece of which is a chunk of its own where there are chunks."""
    steps = list(delivery.head(200, b"OK", HEADERS[framing] if headers is None else headers, framing))
    for piece in pieces if framing is not Framing.NONE else ():
        steps += delivery.data(piece)
        if framing is Framing.CHUNKED:
            steps += delivery.chunk_end()
    if framing is Framing.CHUNKED:
        steps += delivery.chunk_end()  # the last chunk
    return steps + list(delivery.end(trailers))


def told(steps: Sequence[Step]) -> list[bytes | Wait | Stop]:
    """The steps, with what is sent in one go as one."""
    seen: list[bytes | Wait | Stop] = []
    for step in steps:
        if isinstance(step, Send):
            if seen and isinstance(seen[-1], bytes):
                seen[-1] += step.data
            else:
                seen.append(step.data)
        else:
            seen.append(step)
    return seen


def sent(steps: Sequence[Step]) -> bytes:
    return b"".join([step.data for step in steps if isinstance(step, Send)])


def body_bytes(steps: Sequence[Step]) -> int:
    return sum(step.body for step in steps if isinstance(step, Send))


def length(number: int) -> list[tuple[bytes, bytes]]:
    return [(b"Content-Length", b"%d" % number)]
