"""What is shown of a run on its terminal, and that nothing of it stays."""

import os
import pty
import re
import struct
import termios
from collections.abc import Iterator
from fcntl import ioctl

import pytest

from chaosproxy.cli.progress import Live, Plain, Silent, line, progress_for
from chaosproxy.telemetry.totals import Totals

XTERM = {"TERM": "xterm"}


def totals(calls: int = 0, faults: int = 0, episodes: int = 0) -> Totals:
    return Totals(calls, faults, episodes, 1, 1)


class Screen:
    """A terminal of 24 rows; what it is told, and no more than that."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        self.resize(24)

    def resize(self, rows: int, columns: int = 80) -> None:
        ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def keys_one_by_one(self, raw: bool) -> None:
        settings = termios.tcgetattr(self.theirs)
        settings[3] = settings[3] & ~termios.ICANON if raw else settings[3] | termios.ICANON
        termios.tcsetattr(self.theirs, termios.TCSANOW, settings)

    def told(self) -> str:
        """All since the last time; a mark says that it is all, since a terminal takes its time."""
        os.write(self.theirs, b"<mark>")
        told = b""
        while not told.endswith(b"<mark>"):
            told += os.read(self.ours, 65536)
        return told.removesuffix(b"<mark>").decode()


@pytest.fixture
def screen() -> Iterator[Screen]:
    given = Screen()
    yield given
    os.close(given.ours)
    os.close(given.theirs)


def test_the_line_says_how_far_the_run_is() -> None:
    assert line(totals(34, 3, 1), 65.4) == "1m 5s  34 calls  3 faults  1 episode open"
    assert line(totals(1, 1, 0), 0.4) == "0s  1 call  1 fault  0 episodes open"


def test_auto_is_live_on_a_terminal_and_nothing_elsewhere(screen: Screen) -> None:
    reading, writing = os.pipe()
    try:
        assert isinstance(progress_for("auto", screen.theirs, totals, XTERM), Live)
        assert isinstance(progress_for("auto", screen.theirs, totals, {"TERM": "dumb"}), Plain)
        assert isinstance(progress_for("auto", screen.theirs, totals, {}), Plain)
        assert isinstance(progress_for("auto", writing, totals, XTERM), Silent)
        assert isinstance(progress_for("live", writing, totals, XTERM), Plain)
        assert isinstance(progress_for("plain", screen.theirs, totals, XTERM), Plain)
        assert isinstance(progress_for("off", screen.theirs, totals, XTERM), Silent)
    finally:
        os.close(reading)
        os.close(writing)


def test_the_last_row_is_taken_drawn_and_given_back(screen: Screen) -> None:
    live = Live(screen.theirs, lambda: totals(2))
    live.show()
    told = screen.told()
    assert "\x1b[1;23r" in told
    assert "\x1b[24;1H" in told
    assert "2 calls" in told
    assert told.count("\x1b7") == told.count("\x1b8")  # the cursor is where it was

    live.show()
    assert screen.told() == ""  # nothing new

    live.stop()
    told = screen.told()
    assert "\x1b[r" in told
    assert "\x1b[24;1H\x1b[2K" in told
    assert told.count("\x1b7") == told.count("\x1b8")

    live.stop()
    assert screen.told() == ""


def test_a_new_size_moves_it(screen: Screen) -> None:
    live = Live(screen.theirs, totals)
    live.show()
    screen.told()
    screen.resize(40)
    live.show()

    told = screen.told()
    assert told.index("\x1b[r") < told.index("\x1b[1;39r") < told.index("\x1b[40;1H\x1b[2K\x1b[2m")


def test_who_draws_on_the_terminal_has_all_of_it(screen: Screen) -> None:
    live = Live(screen.theirs, totals)
    live.show()
    screen.told()

    screen.keys_one_by_one(True)
    live.show()
    assert "\x1b[r" in screen.told()
    live.show()
    assert screen.told() == ""

    screen.keys_one_by_one(False)
    live.show()
    assert "\x1b[1;23r" in screen.told()


def test_it_is_no_wider_than_the_terminal_and_not_there_on_a_tiny_one(screen: Screen) -> None:
    screen.resize(24, 20)
    live = Live(screen.theirs, totals)
    live.show()
    (shown,) = re.findall(r"\x1b\[2m(.*?)\x1b\[0m", screen.told())
    assert len(shown) == 19

    screen.resize(5, 20)
    live.show()
    assert "\x1b[2m" not in screen.told()


def test_plain_lines_come_when_something_has_happened(screen: Screen) -> None:
    now = [totals()]
    plain = Plain(screen.theirs, lambda: now[0])
    plain.show()
    assert screen.told() == ""

    now[0] = totals(3, 1, 1)
    plain.show()
    plain.show()
    assert screen.told() == "chaosproxy  0s  3 calls  1 fault  1 episode open\r\n"


def test_a_terminal_that_has_gone_is_no_error() -> None:
    ours, theirs = pty.openpty()
    live = Live(theirs, totals)
    live.show()
    os.close(ours)
    live.show()
    live.stop()
    os.close(theirs)
