"""The journal: what happened, one JSON line an event, for reports and audits. It never stops the proxy.

Calls are only put on a list; each 64 of them are encoded at once (a fifth of a millisecond), and a thread writes twice
a second, so that a kill -9 loses less than the last second.
"""

import json
import logging
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event as Signal
from threading import Lock, Thread
from typing import TypeVar

import msgspec

from chaosproxy.core.bus import Bus
from chaosproxy.core.clock import Clock
from chaosproxy.core.events import (
    BackoffSeen,
    CallAnswered,
    CallWasted,
    CanaryFound,
    DuplicateEffect,
    EpisodeClosed,
    KeyJudged,
    LoopFound,
    RequestRefused,
    RetryAfterJudged,
    RetryOverBudget,
    SessionEnded,
    TunnelClosed,
)
from chaosproxy.telemetry.backlog import Backlog
from chaosproxy.telemetry.line_file import LineFile
from chaosproxy.telemetry.recording import Recorder
from chaosproxy.telemetry.records import Record
from chaosproxy.telemetry.run import Run

log = logging.getLogger(__name__)

BATCH = 64
WAITING_MOST = 100_000
"""Lines that may wait for a disk that is full."""
FLUSH_SECONDS = 0.5

E = TypeVar("E")


class Journal:
    """Writes one run down. `attach` it to the bus, `start` it, and `close` it at the end."""

    def __init__(
        self, path: Path, run: Run, clock: Clock, eligible: Callable[[], Mapping[str, int]] | None = None
    ) -> None:
        """Open `path` to append; `eligible` is asked at the end for the calls that each rule matched.

        Raises:
            StartError: it cannot be written.
        """
        self._file = LineFile(path)
        self._clock = clock
        self._eligible = eligible
        self._recorder = Recorder(run, clock)
        self._encoder = msgspec.json.Encoder()
        self._events: deque[CallAnswered | Record] = deque()
        self._backlog = Backlog(WAITING_MOST)
        self._calls = 0
        self._started = clock.monotonic()
        self._failing = False
        self._encoding = Lock()
        self._writing = Lock()
        self._stopping = Signal()
        self._flusher = Thread(target=self._flush_regularly, name="journal", daemon=True)

    @property
    def dropped(self) -> int:
        """Lines that were lost because they could not be written."""
        return self._backlog.dropped

    def attach(self, bus: Bus) -> None:
        """Write down what is published on `bus` from now on."""
        recorder = self._recorder
        bus.subscribe(CallAnswered, self._answered)
        bus.subscribe(EpisodeClosed, self._noting(recorder.episode))
        bus.subscribe(SessionEnded, self._noting(recorder.session))
        bus.subscribe(RetryAfterJudged, self._noting(recorder.hint_judged))
        bus.subscribe(DuplicateEffect, self._noting(recorder.duplicated))
        bus.subscribe(KeyJudged, self._noting(recorder.key_judged))
        bus.subscribe(CallWasted, self._noting(recorder.wasted))
        bus.subscribe(LoopFound, self._noting(recorder.loop))
        bus.subscribe(BackoffSeen, self._noting(recorder.backoff))
        bus.subscribe(RetryOverBudget, self._noting(recorder.over_budget))
        bus.subscribe(CanaryFound, self._noting(recorder.canary))
        bus.subscribe(RequestRefused, self._noting(recorder.refused))
        bus.subscribe(TunnelClosed, self._noting(recorder.tunnel))

    def start(self, who: str, detail: Mapping[str, str] | None = None) -> None:
        """Write `run_started`, and that `who` started it (a `control` line), and begin to write regularly."""
        self._started = self._clock.monotonic()
        self._note(self._recorder.run_started)
        self.record_control(who, "start", detail)
        self.flush()
        self._flusher.start()

    def record_control(self, who: str, what: str, detail: Mapping[str, str] | None = None) -> None:
        """Write down that `who` changed `what`; no secrets in `detail`."""
        self._note(lambda: self._recorder.control(who, what, detail or {}))

    def record_agent(self, command: str, status: int, seconds: float) -> None:
        """Write down that the command of the run is over: its name without arguments, exit status, duration."""
        self._note(lambda: self._recorder.agent(command, status, seconds))

    def flush(self) -> None:
        """Write all that waits, now. Blocks for as long as the disk takes. A disk that takes nothing is no error."""
        self._encode()
        with self._writing:
            try:
                self._file.write(self._backlog)
            except OSError as error:
                self._say_that_it_fails(error)
            else:
                self._say_that_it_works()

    def close(self, who: str, detail: Mapping[str, str] | None = None) -> None:
        """Write that `who` stopped the run, `run_ended`, and all that waits; then close the file."""
        self._stopping.set()
        if self._flusher.is_alive():
            self._flusher.join()
        self.record_control(who, "stop", detail)
        self.flush()
        seconds = self._clock.monotonic() - self._started
        eligible = None if self._eligible is None else self._eligible()
        self._note(lambda: self._recorder.run_ended(seconds, self._calls, self.dropped, eligible))
        self.flush()
        self._backlog.give_up()
        self._file.close()
        if self.dropped:
            log.warning("journal_incomplete file=%s dropped=%d", self._file.path, self.dropped)

    def _answered(self, event: CallAnswered) -> None:
        events = self._events
        events.append(event)
        if len(events) >= BATCH:
            self._encode()

    def _noting(self, make: Callable[[E], Record]) -> Callable[[E], None]:
        return lambda event: self._note(lambda: make(event))

    def _note(self, make: Callable[[], Record]) -> None:
        with self._encoding:  # the recorder is used by two threads
            self._events.append(make())

    def _encode(self) -> None:
        events, recorder = self._events, self._recorder
        with self._encoding:
            recorder.look_at_the_clock()
            calls = 0
            records: list[Record] = []
            for _ in range(len(events)):
                event = events.popleft()
                if isinstance(event, CallAnswered):
                    calls += 1
                    records.append(recorder.call(event))
                else:
                    records.append(event)
            if self._backlog.put(self._lines(records), len(records)):
                self._calls += calls

    def _lines(self, records: list[Record]) -> bytes:
        try:
            return self._encoder.encode_lines(records)
        except UnicodeEncodeError:  # half a surrogate pair, from bytes that were no text
            texts = [json.dumps(msgspec.to_builtins(record), ensure_ascii=False) for record in records]
            return "".join(f"{text}\n" for text in texts).encode(errors="replace")

    def _flush_regularly(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            self.flush()

    def _say_that_it_fails(self, error: OSError) -> None:
        if not self._failing:
            self._failing = True
            log.warning("journal_not_written file=%s error=%s", self._file.path, error.strerror)

    def _say_that_it_works(self) -> None:
        if self._failing:
            self._failing = False
            log.warning("journal_written_again file=%s dropped=%d", self._file.path, self.dropped)
