"""Calls at a fixed pace, each timed from when it was due, so that a relay that stalls cannot hide what it held up.

wrk asks as fast as it is answered and has no pace, and an event loop's timers are only exact to a millisecond. Must not
know whom it calls.
"""

import ctypes
import gc
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import msgspec

from benchmarks.distribution import distribution_of
from benchmarks.errors import RelayError
from benchmarks.lines import Line, Watch, Way

CONNECTIONS = 32

_SET_TIMERSLACK, _GET_TIMERSLACK = 29, 30
_PATIENCE = 5.0
"""Seconds: how long stragglers are waited for at the end."""


class Pace(msgspec.Struct, frozen=True):
    """How long calls took that came at a fixed pace."""

    asked: int
    answered: int
    p50: float
    """Seconds, of those answered."""
    p99: float
    longest: float = 0.0

    @property
    def problem(self) -> str | None:
        """Why the figures do not count, if they do not."""
        if self.answered < self.asked:
            return f"at the fixed pace {self.asked - self.answered} of {self.asked} calls were not answered in time"
        return None


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """How many calls, how fast."""

    per_second: int
    calls: int
    connections: int = CONNECTIONS
    """At least as many as will be under way at once."""


class Taken(msgspec.Struct, frozen=True):
    """How long one call took."""

    number: int
    """Which of the calls, from 0, in the order in which they were due."""
    seconds: float
    """From due to whole."""


def run(port: int, requests: Sequence[bytes], body: bytes, *, per_second: int, seconds: float) -> Pace:
    """Send `requests` in turn to 127.0.0.1:`port`, whatever became of those before; each reply must end with `body`.

    Raises:
        RelayError: no connection, or a reply that is not the right one.
    """
    rhythm = Rhythm(per_second=per_second, calls=round(per_second * seconds))
    whole = distribution_of([one.seconds for one in each(port, requests, body, rhythm)])
    return Pace(rhythm.calls, whole.count, whole.p50, whole.p99, whole.longest)


def each(port: int, requests: Sequence[bytes], body: bytes, rhythm: Rhythm) -> list[Taken]:
    """As `run`, call by call. Those that were not answered in time are missing.

    Raises:
        RelayError: no connection, or a reply that is not the right one, or none at all.
    """
    with ExitStack() as stack:
        stack.enter_context(_punctual())
        lines = [Line(stack, Way(port), body) for _ in range(rhythm.connections)]
        for number, line in enumerate(lines):
            line.warm_up(requests[number % len(requests)])
        caller = _Caller(lines, Watch(stack, lines), requests, rhythm.per_second)
        caller.run(rhythm.calls)
    if not caller.taken:
        raise RelayError("no call was answered at the fixed pace")
    return caller.taken


class _Caller:
    """Keeps to the pace; when all connections are busy, a call waits for one and its time runs."""

    def __init__(self, lines: Sequence[Line], watch: Watch, requests: Sequence[bytes], per_second: int) -> None:
        self._idle = deque(lines)
        self._watch = watch
        self._requests = requests
        self._gap = 1.0 / per_second
        self._asked = 0
        self.taken: list[Taken] = []
        """Each call answered."""

    def run(self, calls: int) -> None:
        start = time.perf_counter() + self._gap
        deadline = start + calls * self._gap + _PATIENCE
        while len(self.taken) < calls and time.perf_counter() < deadline:
            next_due = start + self._asked * self._gap if self._asked < calls else deadline
            if self._idle and next_due <= time.perf_counter():
                self._ask(next_due)
            else:
                self._listen(next_due if self._idle else deadline)

    def _ask(self, due: float) -> None:
        line = self._idle.popleft()
        line.ask(self._requests[self._asked % len(self._requests)], due, self._asked)
        self._asked += 1

    def _listen(self, until: float) -> None:
        for line in self._watch.readable(until):
            if line.receive():
                self.taken.append(Taken(line.number, time.perf_counter() - line.due))
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
