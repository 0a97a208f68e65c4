"""Calls at a fixed pace, each timed from when it was due, so that a relay that stalls cannot hide what it held up.

wrk asks as fast as it is answered and has no pace. Plain sockets and `select`, because an event loop's timers are only
exact to a millisecond. Must not know whom it calls.
"""

import ctypes
import gc
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import msgspec

from benchmarks.errors import RelayError

CONNECTIONS = 32

_SET_TIMERSLACK, _GET_TIMERSLACK = 29, 30
_PATIENCE = 5.0
"""Seconds: how long a connection may be silent while warming up, and how long stragglers are waited for at the end."""


class Pace(msgspec.Struct, frozen=True):
    """How long calls took that came at a fixed pace."""

    asked: int
    answered: int
    p50: float
    """Seconds, of those answered."""
    p99: float

    @property
    def problem(self) -> str | None:
        """Why the figures do not count, if they do not."""
        if self.answered < self.asked:
            return f"at the fixed pace {self.asked - self.answered} of {self.asked} calls were not answered in time"
        return None


def run(port: int, requests: Sequence[bytes], body: bytes, *, per_second: int, seconds: float) -> Pace:
    """Send `requests` in turn to 127.0.0.1:`port`, whatever became of those before; each reply must end with `body`.

    Raises:
        RelayError: no connection, or a reply that is not the right one.
    """
    with ExitStack() as stack:
        stack.enter_context(_punctual())
        lines = [_Line(stack, port, body) for _ in range(CONNECTIONS)]
        for line, request in zip(lines, requests, strict=False):
            line.warm_up(request)
        caller = _Caller(lines, requests, per_second)
        caller.run(round(per_second * seconds))
    if not caller.took:
        raise RelayError("no call was answered at the fixed pace")
    took = sorted(caller.took)
    return Pace(caller.asked, len(took), took[len(took) // 2], took[len(took) * 99 // 100])


class _Line:
    """One keep-alive connection, with at most one call on it."""

    def __init__(self, stack: ExitStack, port: int, body: bytes) -> None:
        try:
            self.socket = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE))
        except OSError as error:
            raise RelayError(f"cannot connect: {error}") from error
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = 0.0
        self._body = body
        self._reply = b""

    def fileno(self) -> int:
        return self.socket.fileno()

    def ask(self, request: bytes, due: float) -> None:
        self.due = due
        self._reply = b""
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what has come. True when the reply is whole, however it was framed."""
        piece = self.socket.recv(65536)
        if not piece:
            raise RelayError("a connection was closed on a call at the fixed pace")
        self._reply += piece
        if not self._reply.startswith(b"HTTP/1.1 200"[: len(self._reply)]):
            raise RelayError(f"a call at the fixed pace was answered: {self._reply[:60]!r}")
        return self._reply.endswith((self._body, self._body + b"\r\n0\r\n\r\n"))

    def warm_up(self, request: bytes) -> None:
        """One call that is not counted, so that no figure holds the opening of a connection."""
        self.ask(request, 0.0)
        try:
            while not self.receive():
                pass
        except OSError as error:
            raise RelayError(f"no reply on a new connection: {error}") from error


class _Caller:
    """Keeps to the pace; when all connections are busy, a call waits for one and its time runs."""

    def __init__(self, lines: Sequence[_Line], requests: Sequence[bytes], per_second: int) -> None:
        self._idle = deque(lines)
        self._busy: set[_Line] = set()
        self._requests = requests
        self._gap = 1.0 / per_second
        self.asked = 0
        self.took: list[float] = []
        """Seconds from due to whole, of each call answered."""

    def run(self, calls: int) -> None:
        start = time.perf_counter() + self._gap
        deadline = start + calls * self._gap + _PATIENCE
        while len(self.took) < calls and time.perf_counter() < deadline:
            next_due = start + self.asked * self._gap if self.asked < calls else deadline
            if self._idle and next_due <= time.perf_counter():
                self._ask(next_due)
            else:
                self._listen(next_due if self._idle else deadline)
        self.asked = calls

    def _ask(self, due: float) -> None:
        line = self._idle.popleft()
        line.ask(self._requests[self.asked % len(self._requests)], due)
        self._busy.add(line)
        self.asked += 1

    def _listen(self, until: float) -> None:
        readable, _, _ = select.select(self._busy, (), (), max(0.0, until - time.perf_counter()))
        for line in readable:
            if line.receive():
                self.took.append(time.perf_counter() - line.due)
                self._busy.discard(line)
                self._idle.append(line)


@contextmanager
def _punctual() -> Iterator[None]:
    """Wake when asked to: Linux lets timers be 50 microseconds late, and Python stops to collect garbage."""
    prctl = ctypes.CDLL(None).prctl
    slack = prctl(_GET_TIMERSLACK, 0, 0, 0, 0)
    prctl(_SET_TIMERSLACK, 1, 0, 0, 0)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        prctl(_SET_TIMERSLACK, slack, 0, 0, 0)
