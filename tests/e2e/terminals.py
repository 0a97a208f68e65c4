"""A program on a terminal of its own, as a user has it: keys typed, signals sent, and what the screen was told."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.e2e.programs import PATIENCE, surroundings

CTRL_C, CTRL_Z, CTRL_BACKSLASH = b"\x03", b"\x1a", b"\x1c"


class Terminal:
    """A program that leads a session, whose terminal we have the other end of."""

    def __init__(self, command: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self._ours, theirs = pty.openpty()
        self.resize(24, 100)
        self.shown = b""
        """All that was written to the terminal so far."""
        given = surroundings({"TERM": "xterm-256color", **(environ or {})})
        self.process = subprocess.Popen(
            # `setsid --ctty` gives it the terminal, and with it Ctrl-C.
            ["setsid", "--ctty", *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env=given,
        )
        os.close(theirs)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def until(self, *texts: str) -> str:
        """Wait until these have been shown, one after the other; all that was shown."""
        until = time.monotonic() + PATIENCE
        while not self._has(texts):
            if time.monotonic() > until or not self._read(until):
                pytest.fail(f"waited in vain for {texts}, and saw: {self.text}", pytrace=False)
        return self.text

    def end(self) -> int:
        """Wait for the program's end: its exit code."""
        until = time.monotonic() + PATIENCE
        while self._read(until):
            pass
        return self.process.wait(PATIENCE)

    @property
    def text(self) -> str:
        return self.shown.decode(errors="replace")

    def _has(self, texts: Sequence[str]) -> bool:
        at = 0
        for text in texts:
            at = self.text.find(text, at)
            if at < 0:
                return False
            at += len(text)
        return True

    def _read(self, until: float) -> bool:
        """More of what is shown; False if there will be no more."""
        ready, _, _ = select.select([self._ours], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return False
        try:
            more = os.read(self._ours, 65536)
        except OSError:  # the other end is closed: how a terminal ends
            return False
        self.shown += more
        return bool(more)

    def hang_up(self) -> None:
        """As when the window is closed."""
        os.close(self._ours)
        self._ours = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._ours >= 0:
            os.close(self._ours)
