"""One agent, attended from its start to its end: what reaches it, when it has had its chance to stop, what it leaves.

Must not know how any of it is shown.
"""

import asyncio
import signal
from collections.abc import Callable
from time import monotonic

import msgspec

from chaosproxy.app import Proxy
from chaosproxy.launch.command import Command
from chaosproxy.launch.environment import OWN_URL
from chaosproxy.launch.process import Agent, start
from chaosproxy.launch.processes import Process, marked
from chaosproxy.launch.signals import STOPPING, Sent, Watch, stop_is_pending

CHANCE = 5.0
"""Seconds that an agent has to stop in when somebody has asked for it, other than at the terminal."""
TWICE_WITHIN = 3.0
"""Seconds between two Ctrl-C that mean: at once. Further apart, each is the agent's own business."""
REMIND_AFTER = 2.0
"""Seconds after a Ctrl-C that the agent outlives, until the user is told what a second one does."""
LINGER = 1.0
"""Seconds in which the processes that an agent has started may follow it before they are told of."""
DRAIN = 1.0
"""Seconds in which the connections of an agent that is over have to end."""

REMINDER = "the agent goes on; Ctrl-C twice within 3 seconds kills it"


class AgentRun(msgspec.Struct, frozen=True):
    """How an agent's run was."""

    status: int | None
    """Its exit status, as shells have it; None if it was never started."""
    seconds: float
    interrupted: bool
    """Did somebody stop it before it had come to its own end?"""
    left: tuple[Process, ...]
    """Processes that it has started and that are still there."""


class Attendance:
    """Attends to one agent. `tell` is called with what the user must know meanwhile."""

    def __init__(self, proxy: Proxy, tell: Callable[[str], None]) -> None:
        self._proxy = proxy
        self._tell = tell
        self._agent: Agent | None = None
        self._asked_at = -TWICE_WITHIN
        self._calls_when_asked: int | None = None
        self._must_stop = False
        self._killed = False
        self._reminded = False
        self._timers: list[asyncio.TimerHandle] = []

    async def attend(self, command: Command, environ: dict[str, str], mask: set[signal.Signals]) -> AgentRun:
        """Start the agent, wait for its end, and close the books on it. `mask` is given by `held_back`.

        Raises:
            UsageError: if it cannot be started.
        """
        began = monotonic()
        if stop_is_pending():
            return AgentRun(None, 0.0, interrupted=True, left=())
        self._agent = agent = start(command, environ, mask, OWN_URL)
        try:
            with Watch(self._from_thread(asyncio.get_running_loop())):
                status = await agent.ended()
        finally:
            agent.kill()  # which does nothing once it is over
            for timer in self._timers:
                timer.cancel()
        seconds = monotonic() - began
        await self._settle(command.name, status, seconds)
        return AgentRun(status, seconds, self._was_interrupted(status), await self._left(environ[OWN_URL]))

    @staticmethod
    async def _left(mark: str) -> tuple[Process, ...]:
        """What it has started and what is still there, once those that are ending with it have had a moment."""
        until = monotonic() + LINGER
        while (left := tuple(marked(OWN_URL, mark))) and monotonic() < until:
            await asyncio.sleep(0.02)
        return left

    async def _settle(self, name: str, status: int, seconds: float) -> None:
        """Its connections are ending; when they have, what it left undone is decided."""
        until = monotonic() + DRAIN
        while self._proxy.metrics.totals().connections_active and monotonic() < until:
            await asyncio.sleep(0.01)
        self._proxy.end_all_sessions()
        if self._proxy.journal is not None:
            self._proxy.journal.record_agent(name, status, seconds)

    # Signals

    def _from_thread(self, loop: asyncio.AbstractEventLoop) -> Callable[[Sent], None]:
        def hand_over(sent: Sent) -> None:
            loop.call_soon_threadsafe(self._signalled, sent)

        return hand_over

    def _signalled(self, sent: Sent) -> None:
        agent = self._agent
        if agent is None:
            return
        heard = sent.by_terminal and agent.shares_terminal
        if not heard:
            agent.pass_on(sent.number)
        if sent.number not in STOPPING:
            return
        self._calls_when_asked = self._calls()
        if sent.by_terminal and sent.number is signal.SIGINT:
            self._typed(agent)
        else:
            self._must_stop = True
            self._after(CHANCE, lambda: self._kill(agent))

    def _typed(self, agent: Agent) -> None:
        """Ctrl-C. The agent may live with one, as those that talk with their user do."""
        now = monotonic()
        if now - self._asked_at <= TWICE_WITHIN:
            self._kill(agent)
        self._asked_at = now
        if not self._reminded:
            self._reminded = True
            self._after(REMIND_AFTER, lambda: self._tell(REMINDER))

    def _kill(self, agent: Agent) -> None:
        self._killed = True
        agent.kill()

    def _after(self, seconds: float, do: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(seconds, do))

    def _was_interrupted(self, status: int) -> bool:
        """One that went on calling after a Ctrl-C, and ended otherwise, has come to its own end."""
        if self._calls_when_asked is None:
            return False
        died_of_it = status - 128 in (signal.SIGINT, signal.SIGQUIT)
        return self._must_stop or self._killed or died_of_it or self._calls_when_asked == self._calls()

    def _calls(self) -> int:
        return self._proxy.metrics.totals().calls
