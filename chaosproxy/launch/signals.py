"""Signals that come to us while an agent runs, and who they were for. Knows no agent.

A signal that the terminal sends (Ctrl-C) has reached every process in its foreground, and so the agent too; one that
was sent to us alone has not, and must be passed on. The kernel tells them apart, but only whoever takes signals by
`sigwaitinfo` is told; so they are held back from all threads and taken by one of our own.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Self

import msgspec

STOPPING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
"""What asks a program to stop."""
PASSED_ON = STOPPING | {signal.SIGUSR1, signal.SIGUSR2}
"""All that are passed on. What stops and resumes a job (Ctrl-Z) and tells of a window's size needs nobody's help."""

_WAKE = signal.SIGUSR2
_FROM_KERNEL = 0x80
"""`si_code` of what the terminal sends (Linux: SI_KERNEL)."""


class Sent(msgspec.Struct, frozen=True):
    """A signal that came."""

    number: signal.Signals
    by_terminal: bool
    """Has the agent, if it shares our terminal, got it already?"""


@contextmanager
def held_back() -> Iterator[set[signal.Signals]]:
    """Hold signals back from this thread and those that it starts, until the end; gives the mask as it was.

    To be entered before any thread is started that could take them.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _taken())
    try:
        yield {each for each in before if isinstance(each, signal.Signals)}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def ended_tidily() -> Iterator[None]:
    """Who is stopped here by SIGTERM or SIGHUP ends as by Ctrl-C, so that what it has to put away is put away."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    given = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) is signal.SIG_DFL]
    for each in given:
        signal.signal(each, stop)
    try:
        yield
    finally:
        for each in given:
            signal.signal(each, signal.SIG_DFL)


def stop_is_pending() -> bool:
    """Has somebody asked us to stop, and nobody taken it yet?"""
    return bool(STOPPING & _taken() & signal.sigpending())


def _taken() -> set[signal.Signals]:
    """Without those that we were started to ignore (as `nohup` does): the agent ignores them too."""
    return {each for each in PASSED_ON if signal.getsignal(each) is not signal.SIG_IGN or each is _WAKE}


class Watch:
    """Takes signals that are held back, in a thread, and calls `tell` there with each."""

    def __init__(self, tell: Callable[[Sent], None]) -> None:
        self._tell = tell
        self._taken = _taken()
        self._stopping = False
        self._thread = Thread(target=self._take, name="signals", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Take no more. What comes from now on stays held back."""
        self._stopping = True
        ident = self._thread.ident
        if ident is not None and self._thread.is_alive():
            signal.pthread_kill(ident, _WAKE)
        self._thread.join(1.0)

    def _take(self) -> None:
        while True:
            sent = _next(self._taken)
            if self._stopping:
                if sent.number is not _WAKE:
                    os.kill(os.getpid(), sent.number)
                return
            self._tell(sent)


def _next(taken: set[signal.Signals]) -> Sent:
    wait = getattr(signal, "sigwaitinfo", None)
    if wait is None:  # macOS: who sent it is not told, and these two are mostly typed
        number = signal.Signals(signal.sigwait(taken))
        return Sent(number, number in (signal.SIGINT, signal.SIGQUIT))
    info = wait(taken)
    return Sent(signal.Signals(info.si_signo), info.si_code == _FROM_KERNEL)
