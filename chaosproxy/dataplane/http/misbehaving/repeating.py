"""A request that was answered is sent to the tool again, as a network does that delivers at least once.

All of it happens before the agent gets an answer: then the tool has run as often as it will, whatever the agent does
next, and each run of a test sees the same. It happens too if the agent has left, which such a network would not know.
A repeat that fails by itself is noted, and the agent never hears of it.
"""

from collections import deque
from collections.abc import Callable, Sequence
from hashlib import blake2b
from time import monotonic

from chaosproxy.core.answer import UpstreamTruth
from chaosproxy.core.effects import Repeat
from chaosproxy.dataplane.http.misbehaving.courier import CHUNK_END, End, Head, Parcel
from chaosproxy.dataplane.http.misbehaving.delivery import REPLY_CAP
from chaosproxy.dataplane.http.misbehaving.striking import Striking
from chaosproxy.dataplane.http.requests.fingerprint import DIGEST_BYTES
from chaosproxy.dataplane.http.requests.reading import said_replayed, truth_of
from chaosproxy.dataplane.http.upstreams.upstream import UpstreamConnection, UpstreamError
from chaosproxy.dataplane.http.wire import Framing, Headers, streams_events

FAILED = "upstream_failed"
"""Why a fault was skipped: the tool failed by itself."""

_BY_WEIGHT = (UpstreamTruth.NOT_SENT, UpstreamTruth.REJECTED, UpstreamTruth.SENT_UNKNOWN, UpstreamTruth.EXECUTED)
"""What the tool did with a request that it got several times: the last of these that it did with one of them."""


class Repeating:
    """Sends the request of one call again. As a `Receiver` it is told of the further answers."""

    __slots__ = (
        "_answered",
        "_digest",
        "_driver",
        "_exchange",
        "_gaps",
        "_keeps",
        "_last",
        "_over",
        "_parcels",
        "_ran",
        "_size",
        "_status",
        "_streams",
        "method",
    )

    def __init__(self, driver: Striking, repeats: Sequence[Repeat], over: Callable[[Sequence[Parcel]], None]) -> None:
        """`over` is told when all is done: of the last answer, if that is the one that the agent gets."""
        self._driver = driver
        self._exchange = driver.exchange
        self.method = driver.exchange.method
        self._over = over
        self._gaps = deque(repeat.gap for repeat in repeats for _ in range(repeat.times))
        self._keeps = any(repeat.last for repeat in repeats)
        """Are the answers kept?"""
        self._last: Sequence[Parcel] = ()
        """The last whole answer."""
        self._parcels: list[Parcel] = []
        """The one that is coming."""
        self._size = self._status = 0
        self._streams = self._answered = self._ran = False
        self._digest = blake2b(digest_size=DIGEST_BYTES)
        """Of the answer that is coming."""

    def begin(self) -> None:
        """The request has been answered once. The call outlives its agent, and goes on doing so."""
        self._exchange.waiting_since = monotonic()
        self._next()

    def _next(self) -> None:
        if self._gaps:
            gap = self._gaps.popleft()
            self._driver.pause.until(monotonic() + gap, self._send)
            return
        exchange, over = self._exchange, self._over
        exchange.waited()
        if not self._answered:
            exchange.skipped = FAILED
        over(self._last)

    def _send(self) -> None:
        plane, origin = self._exchange.plane, self._exchange.judged.destination.origin
        connection = plane.pool.take(origin, unsafe=True)  # as for the first time: nothing may be in doubt
        if connection is not None:
            self._sent(connection)
        else:
            self._exchange.task = plane.spawn(self._connect())

    async def _connect(self) -> None:
        try:
            connection = await self._exchange.plane.pool.connect(self._exchange.judged.destination.origin)
        except UpstreamError as error:
            self._failed(error.problem)
            return
        self._driver.safely(lambda: self._sent(connection))

    def _sent(self, connection: UpstreamConnection) -> None:
        exchange = self._exchange
        settings = exchange.judged.destination.origin.settings
        self._parcels, self._size, self._status = [], 0, 0
        self._digest = blake2b(digest_size=DIGEST_BYTES)
        exchange.upstream = connection
        self._driver.pause.until(monotonic() + settings.timeout, self._overdue)
        connection.send(self, exchange.judged.asked(), whole=True)

    # What the upstream's connection tells (Receiver)

    def interim(self, status: int, reason: bytes, headers: Headers) -> None:
        """The agent has had those of the first answer."""

    def head(self, status: int, reason: bytes, headers: list[tuple[bytes, bytes]], framing: Framing) -> None:
        """An answer begins."""
        if self._driver.over:
            return
        self._status = status
        self._answered = True
        self._ran = status < 400 and not said_replayed(headers)
        if self._ran:
            self._exchange.executions += 1
            self._exchange.replayed = False
        self._did(truth_of(status))
        self._streams = streams_events(headers)
        self._take(Head(status, reason, headers, framing))

    def data(self, data: bytes) -> None:
        """A piece of its body."""
        self._size += len(data)
        self._digest.update(data)
        self._take(data)

    def chunk_end(self) -> None:
        """A chunk is complete."""
        self._take(CHUNK_END)

    def flush(self) -> None:
        """Told so far. Of a stream of events, which may never end, the head is the answer."""
        if self._streams:
            self._driver.safely(self._enough)

    def done(self, trailers: Headers) -> None:
        """The answer is complete."""
        self._take(End(trailers))
        self._exchange.upstream = None
        self._driver.safely(self._whole)

    def switch(self, reason: bytes, headers: list[tuple[bytes, bytes]], said: bytes) -> None:
        """Never: a connection switches protocols only if it is told what was asked for, and it was not."""

    def broke(self, problem: str, *, reset: bool) -> None:  # noqa: ARG002 - as a `Receiver` has it
        """The tool broke off, or never began."""
        self._exchange.upstream = None
        self._failed(problem)

    def upstream_full(self, full: bool) -> None:
        """There is no more of the request to come that could wait."""

    def _take(self, parcel: Parcel) -> None:
        if self._keeps and self._size <= REPLY_CAP:
            self._parcels.append(parcel)

    # What follows from it

    def _whole(self) -> None:
        self._driver.pause.call_off()
        if self._ran:
            self._exchange.note_repeated(self._digest.digest())
        if self._keeps and self._size <= REPLY_CAP:
            self._last = self._parcels
        self._next()

    def _enough(self) -> None:
        self._exchange.drop_upstream()
        self._driver.pause.call_off()
        self._next()

    def _overdue(self) -> None:
        authority = self._exchange.judged.destination.origin.authority
        self._exchange.drop_upstream()
        self._failed(f"no whole answer from {authority} in time")

    def _failed(self, problem: str) -> None:
        """It is noted, and what else is to be sent is sent."""
        self._exchange.problem = f"sent again: {problem}"
        self._driver.pause.call_off()
        self._driver.safely(self._next)

    def _did(self, truth: UpstreamTruth) -> None:
        """The tool did this with the request, besides what it did before."""
        self._exchange.truth = max(self._exchange.truth, truth, key=_BY_WEIGHT.index)
