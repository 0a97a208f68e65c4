"""What is shown of a run while the agent has the terminal: a line at its bottom, that the agent's output scrolls above.

The agent's standard error is ours, so what it prints there cannot be seen or moved. Instead the terminal is told to
scroll all lines but the last one, as package managers do. An agent that draws on the terminal itself reads keys one by
one, which can be seen: while it does, the line is given up. Knows no proxy.
"""

import os
import termios
from abc import ABC, abstractmethod
from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Literal, Protocol

from chaosproxy.core.units import format_duration
from chaosproxy.telemetry.totals import Totals

Mode = Literal["auto", "live", "plain", "off"]
MODES: tuple[Mode, ...] = ("auto", "live", "plain", "off")

LIVE_EVERY = 0.25
PLAIN_EVERY = 10.0
FEWEST_ROWS = 6

_SAVE, _RESTORE, _CLEAR_LINE = "\x1b7", "\x1b8", "\x1b[2K"
_DOWN, _UP = "\x1bD", "\x1b[1A"
"""A line down, at the bottom by scrolling; and up again. Neither changes the column."""


class Progress(Protocol):
    """Something that shows how far a run is."""

    def start(self, loop: AbstractEventLoop) -> None:
        """Begin to show it, now and then, from this loop."""

    def stop(self) -> None:
        """Show no more, and leave nothing behind."""


def progress_for(mode: Mode, descriptor: int, totals: Callable[[], Totals], environ: Mapping[str, str]) -> Progress:
    """What shows a run's progress on an open file.

    Args:
        mode: `auto` is `live` on a terminal, and `off` elsewhere; a terminal that can only print gets `plain`.
        descriptor: of the file.
        totals: how far the run is.
        environ: says what the terminal can do (TERM).
    """
    terminal = os.isatty(descriptor)
    if mode == "off" or (mode == "auto" and not terminal):
        return Silent()
    if mode == "plain" or not terminal or environ.get("TERM", "dumb") == "dumb":
        return Plain(descriptor, totals)
    return Live(descriptor, totals)


def line(totals: Totals, seconds: float) -> str:
    """`1m 05s  34 calls  3 faults  1 episode open`."""
    parts = [
        format_duration(float(int(seconds))) if seconds >= 1 else "0s",
        _counted(totals.calls, "call"),
        _counted(totals.faults_injected, "fault"),
        f"{_counted(totals.episodes_open, 'episode')} open",
    ]
    return "  ".join(parts)


def _counted(number: int, of: str) -> str:
    return f"{number} {of}" if number == 1 else f"{number} {of}s"


class Silent:
    """Shows nothing."""

    def start(self, loop: AbstractEventLoop) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""


class _Repeating(ABC):
    """Shows something in intervals."""

    def __init__(self, descriptor: int, totals: Callable[[], Totals], every: float) -> None:
        self._descriptor = descriptor
        self._totals = totals
        self._every = every
        self._began = monotonic()
        self._timer: TimerHandle | None = None

    def start(self, loop: AbstractEventLoop) -> None:
        """Begin, at once."""
        self._began = monotonic()
        self._again(loop)

    def stop(self) -> None:
        """Show no more."""
        if self._timer is not None:
            self._timer.cancel()

    @abstractmethod
    def show(self) -> None:
        """Show it once."""

    def text(self) -> str:
        """The line."""
        return line(self._totals(), monotonic() - self._began)

    def write(self, text: str) -> None:
        """In one piece, so that the agent's output cannot come in between. A terminal that has gone is no error."""
        with suppress(OSError):
            os.write(self._descriptor, text.encode())

    def _again(self, loop: AbstractEventLoop) -> None:
        self.show()
        self._timer = loop.call_later(self._every, self._again, loop)


class Plain(_Repeating):
    """A line of its own now and then, if anything has happened."""

    def __init__(self, descriptor: int, totals: Callable[[], Totals], every: float = PLAIN_EVERY) -> None:
        super().__init__(descriptor, totals, every)
        self._shown = totals()

    def show(self) -> None:
        """Print a line, unless there is nothing new."""
        totals = self._totals()
        told = (totals.calls, totals.faults_injected, totals.episodes_open)
        if told != (self._shown.calls, self._shown.faults_injected, self._shown.episodes_open):
            self._shown = totals
            self.write(f"chaosproxy  {self.text()}\n")


class Live(_Repeating):
    """The terminal's last line."""

    def __init__(self, descriptor: int, totals: Callable[[], Totals], every: float = LIVE_EVERY) -> None:
        super().__init__(descriptor, totals, every)
        self._rows = 0
        """Of the terminal, while its last line is ours; 0 while it is not."""
        self._shown = ""

    def show(self) -> None:
        """Draw the line, if it is ours to draw."""
        rows, columns = self._size()
        if rows < FEWEST_ROWS or self._is_drawn_on():
            self.give_up()
            return
        if rows != self._rows:
            self._take(rows)
        text = self.text()[: max(0, columns - 1)]
        if text != self._shown:
            self._shown = text
            self.write(f"{_SAVE}\x1b[{rows};1H{_CLEAR_LINE}\x1b[2m{text}\x1b[0m{_RESTORE}")

    def stop(self) -> None:
        """Give the line back."""
        super().stop()
        self.give_up()

    def give_up(self) -> None:
        """Let the terminal scroll all of its lines again."""
        if self._rows:
            self.write(f"{_SAVE}\x1b[r\x1b[{self._rows};1H{_CLEAR_LINE}{_RESTORE}")
            self._rows = 0
            self._shown = ""

    def _take(self, rows: int) -> None:
        """Scroll only the lines above the last one, and see to it that the cursor stands on one of them."""
        self.give_up()
        self.write(f"{_DOWN}{_UP}{_SAVE}\x1b[1;{rows - 1}r{_RESTORE}")
        self._rows = rows

    def _size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self._descriptor)
        except OSError:
            return 0, 0
        return size.lines, size.columns

    def _is_drawn_on(self) -> bool:
        """Does somebody read the terminal's keys one by one?"""
        try:
            return not termios.tcgetattr(self._descriptor)[3] & termios.ICANON
        except termios.error:
            return True
