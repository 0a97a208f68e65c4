"""Takes a reply to the agent as its `Delivery` says: writes, waits, and lets the upstream wait in turn.

Runs in the loop's callbacks. Knows nothing of why: what the steps are is the delivery's business, and what becomes of
the call when they have been taken is its owner's.
"""

from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic

import msgspec

from chaosproxy.core.answer import Origin
from chaosproxy.dataplane.http.exchange import Exchange
from chaosproxy.dataplane.http.misbehaving.delivery import Delivery, Send, Step, Stop
from chaosproxy.dataplane.http.misbehaving.pause import Pause
from chaosproxy.dataplane.http.misbehaving.stages import Wait
from chaosproxy.dataplane.http.wire import Framing, Headers

WAITING_LIMIT = 64 * 1024
"""Bytes of the upstream's that may wait here before it has to wait; also how much is written to the agent at once."""


class Head(msgspec.Struct, frozen=True):
    """A reply begins."""

    status: int
    reason: bytes
    headers: Headers
    framing: Framing


class ChunkEnd(msgspec.Struct, frozen=True):
    """A chunk of the upstream's is complete."""


class End(msgspec.Struct, frozen=True):
    """The reply is complete."""

    trailers: Headers = ()


class Broken(msgspec.Struct, frozen=True):
    """The upstream broke off."""

    problem: str
    reset: bool


CHUNK_END = ChunkEnd()

Parcel = Head | bytes | ChunkEnd | End | Broken
"""What comes of a reply: pieces of its body are bytes."""


def _told(last: Stop | Broken) -> None:
    """Whoever wanted to know has been told."""


class Courier:
    """Delivers one reply. What comes before `start` waits."""

    __slots__ = (
        "_body",
        "_exchange",
        "_out",
        "_over",
        "_pause",
        "_sent",
        "_status",
        "_steps",
        "_upstream_waits",
        "agent_is_full",
        "delivery",
        "parcels",
        "size",
    )

    def __init__(self, exchange: Exchange, pause: Pause, over: Callable[[Stop | Broken], None]) -> None:
        self._exchange = exchange
        self._pause = pause
        self._over = over
        self.parcels: deque[Parcel] = deque()
        """What waits."""
        self.size = 0
        """How many bytes of the body are among it."""
        self.delivery: Delivery | None = None
        self._steps: Iterator[Step | Broken] = iter(())
        self._out: list[bytes] = []
        """What is to be written in one go."""
        self._body = self._status = 0
        self._sent = 0.0
        """When bytes were last written."""
        self._upstream_waits = False
        self.agent_is_full = False
        """Can the agent take no more for now?"""

    # What is told

    def take(self, parcel: Parcel) -> None:
        """The next of what has come."""
        self.parcels.append(parcel)
        if isinstance(parcel, bytes):
            self.size += len(parcel)

    def throw_away(self) -> None:
        """Nobody wants what waits."""
        self.parcels.clear()
        self.size = 0

    def start(self, delivery: Delivery) -> None:
        """Deliver what waits and what is to come."""
        self.delivery = delivery
        self.go_on()

    # What is done

    def go_on(self) -> None:
        """Take as many steps as can be taken now."""
        last: Stop | Broken | None = None
        while last is None and (step := self._next()) is not None:
            match step:
                case Send():
                    self._send(step)
                case Wait():
                    self._flush()
                    self._wait(step)
                case _:
                    last = step
        self._flush()
        self.balance()
        if last is not None:
            over, self._over, self._steps = self._over, _told, iter(())  # no ring: see `Striking.cancel`
            over(last)
            self.delivery = None

    def balance(self) -> None:
        """Let the upstream wait while too much waits here."""
        upstream, waits = self._exchange.upstream, self.size > WAITING_LIMIT
        if upstream is None or waits is self._upstream_waits or upstream.transport.is_closing():
            return
        self._upstream_waits = waits
        if waits:
            upstream.transport.pause_reading()
        else:
            upstream.transport.resume_reading()

    def _next(self) -> Step | Broken | None:
        """The next step, if it may be taken now, and what has come holds one."""
        while not self.agent_is_full and not self._pause.pending:
            step = next(self._steps, None)
            if step is not None or not self.parcels or self.delivery is None:
                return step
            self._steps = self._opened(self.parcels.popleft(), self.delivery)
        return None

    def _opened(self, parcel: Parcel, delivery: Delivery) -> Iterator[Step | Broken]:
        match parcel:
            case Head():
                self._status = parcel.status
                yield from delivery.head(parcel.status, parcel.reason, parcel.headers, parcel.framing)
            case bytes():
                self.size -= len(parcel)
                yield from delivery.data(parcel)
            case ChunkEnd():
                yield from delivery.chunk_end()
            case End():
                yield from delivery.end(parcel.trailers)
            case Broken():
                yield from delivery.broke()
                yield parcel

    def _send(self, step: Send) -> None:
        self._out.append(step.data)
        self._body += step.body
        self._exchange.bytes_out += step.body
        if self._body >= WAITING_LIMIT:
            self._flush()

    def _flush(self) -> None:
        if not self._out:
            return
        data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out = []
        self._body = 0
        self._sent = monotonic()
        if self._exchange.first_byte:
            self._exchange.agent.send(data)
        else:
            self._exchange.answer_with(data, self._status)

    def _wait(self, step: Wait) -> None:
        """Begin to wait, unless the time since the last bytes was long enough by itself."""
        now = monotonic()
        until = (self._sent if step.paced else now) + step.seconds
        if until <= now and step.seconds:
            return
        exchange = self._exchange
        exchange.origin = Origin.INJECTED
        exchange.waiting_since = now
        self._pause.until(until, self._waited)

    def _waited(self) -> None:
        self._exchange.waited()
        self._exchange.origin = Origin.UPSTREAM
        self.go_on()
