"""An agent's process: started, waited for, passed signals, and killed if need be. Knows no proxy.

On a terminal the agent is in our own process group, so that all that the terminal does to a job it does to both, once.
Without one it has a group of its own, which signals are sent to as a whole.
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from chaosproxy.core.errors import UsageError
from chaosproxy.launch.command import Command
from chaosproxy.launch.processes import group_of, marked

_OURS_ALONE = (signal.SIGPIPE, signal.SIGXFSZ)
"""Python ignores these, and what is ignored stays so in whoever is started."""


class Agent:
    """A running agent."""

    def __init__(self, pid: int, mark: tuple[str, str], *, own_group: bool) -> None:
        self.pid = pid
        self._mark = mark
        self._own_group = own_group
        self._over = False

    @property
    def shares_terminal(self) -> bool:
        """Does the terminal's Ctrl-C reach it without us?"""
        return not self._own_group

    async def ended(self) -> int:
        """Wait for its end: its exit status; as shells have it, 128 and the number of the signal that ended it."""
        # WNOWAIT, so that its pid is nobody else's until we know that it is over.
        wait = partial(os.waitid, os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        await asyncio.get_running_loop().run_in_executor(None, wait)
        self._over = True
        return self._reap()

    def _reap(self) -> int:
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return code if code >= 0 else 128 - code

    def pass_on(self, number: signal.Signals) -> None:
        """Send it, and what it has started in its group, a signal."""
        if self._over:
            return
        if self._own_group:
            with suppress(OSError):
                os.killpg(self.pid, number)
            return
        group = os.getpgid(0)
        members = [each.pid for each in marked(*self._mark) if group_of(each.pid) == group]
        for pid in dict.fromkeys((self.pid, *members)):
            with suppress(OSError):
                os.kill(pid, number)

    def kill(self) -> None:
        """End it, and what it has started in its group, whatever it thinks of it."""
        self.pass_on(signal.SIGKILL)


def start(command: Command, environ: Mapping[str, str], mask: set[signal.Signals], mark: str) -> Agent:
    """Start an agent with our own standard input, output and error.

    Args:
        command: what to start.
        environ: all of its environment.
        mask: the signals that are to be held back from it.
        mark: the variable by which its processes are known.

    Raises:
        UsageError: if the program cannot be executed.
    """
    own_group = not has_terminal()
    spawn = partial(os.posix_spawn, setsigmask=mask, setsigdef=_OURS_ALONE)
    if own_group:
        spawn = partial(spawn, setpgroup=0)
    try:
        pid = spawn(command.program, command.arguments, environ)
    except OSError as error:
        raise UsageError(f"{command.program} cannot be run: {_why(error)}") from None
    return Agent(pid, (mark, environ[mark]), own_group=own_group)


def has_terminal() -> bool:
    """Is there a terminal that starts, stops and interrupts us?"""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _why(error: OSError) -> str:
    missing = isinstance(error, FileNotFoundError)
    return "its interpreter (the first line's #!) is not there" if missing else str(error.strerror)
