"""Effects that take time or end the call, one after the other, and the one timer that this takes.

Knows no reply: what comes when they are over, it is told.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import assert_never

from chaosproxy.core.answer import Origin
from chaosproxy.core.effects import Delay, Disconnect, Ending, Hang, Hold
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.exchange import Exchange
from chaosproxy.dataplane.http.misbehaving.pause import Pause
from chaosproxy.dataplane.http.overtaking import hold_back, let_go
from chaosproxy.dataplane.http.uploading import discard

NOT_OVERTAKEN = "nothing_overtook"
"""Why a reply that was held back came in its place all the same: no later call was answered in time."""

log = logging.getLogger("chaosproxy.striking")


def _nothing() -> None:
    """Nothing comes after the end."""


class Striking:
    """What may still happen to one call by a fault. The call is in `struck` for as long as something may."""

    __slots__ = ("_effects", "_overtaken", "_struck", "_then", "exchange", "over", "pause")

    def __init__(self, exchange: Exchange, struck: set[Exchange]) -> None:
        self.exchange = exchange
        self.pause = Pause(self.safely)
        self.over = False
        """Does nothing more happen by a fault?"""
        self._struck = struck
        self._effects: Iterator[Delay | Hang | Hold | Disconnect] = iter(())
        self._overtaken: bool | None = None
        """Has a later call been answered while the reply was held back? None while none is held back."""
        self._then: Callable[[], None] = self.end
        struck.add(exchange)

    def safely(self, act: Callable[[], None]) -> None:
        """A mistake of ours must not look like a hang: the agent gets an answer, but one only, and the call an end."""
        exchange = self.exchange
        if self.over:
            return
        try:
            act()
        except Exception:
            log.exception("fault_failed")
            self.end()
            if not exchange.finished:
                exchange.skipped = "fault_failed"
                exchange.break_off(502, "the reply could not be made")
        if exchange.finished:
            self.end()

    def cancel(self) -> None:
        """The call has ended, or is about to: do nothing more for it.

        And hold nothing any longer that leads back here: thousands of rings a second keep the garbage collector
        busy, and all calls wait while it looks for them.
        """
        self.over = True
        self.pause.cancel()
        self._effects, self._then = iter(()), _nothing
        self._let_go()
        self._struck.discard(self.exchange)

    def end(self) -> None:
        """Nothing more happens by a fault. If the call goes on, it does so as a quiet one."""
        self.cancel()
        self.exchange.driver = None

    def strike(self, effects: Sequence[Delay | Hang | Hold | Disconnect], then: Callable[[], None]) -> None:
        """Apply these effects in order, and if the call survives them, go on with `then`."""
        self._effects, self._then = iter(effects), then
        self._next()

    def break_call(self, ending: Ending, outcome: Outcome) -> None:
        """End the agent's connection in this way, and the call with it."""
        exchange = self.exchange
        exchange.end_connection(ending)
        exchange.drop_upstream()
        exchange.finish(outcome, keep=False)

    def _next(self) -> None:
        effect = next(self._effects, None)
        match effect:
            case None:
                self._then()
            case Delay():
                self._wait(effect.seconds, self._delayed)
            case Hang():
                self.exchange.drop_upstream()
                discard(self.exchange)
                self._wait(effect.seconds, self._hung)
            case Hold():
                self._overtaken = False
                hold_back(self.exchange.plane.held, self.exchange.judged.call, self)
                self._wait(effect.seconds, self._held_back)
            case Disconnect():
                self.exchange.origin = Origin.INJECTED
                self.break_call(effect.ending, Outcome.RESET)
            case _:
                assert_never(effect)

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        """Let time pass. An agent that leaves meanwhile left because of us."""
        exchange = self.exchange
        exchange.origin = Origin.INJECTED
        exchange.waiting_since = monotonic()
        self.pause.until(exchange.waiting_since + seconds, then)

    def overtaken(self) -> None:
        """A later call of the session has been answered."""
        self._overtaken = True
        self.pause.hasten()

    def _held_back(self) -> None:
        if not self._overtaken:
            self.exchange.skipped = NOT_OVERTAKEN
        self._let_go()
        self._delayed()

    def _let_go(self) -> None:
        if self._overtaken is False:
            let_go(self.exchange.plane.held, self.exchange.judged.call)
        self._overtaken = None

    def _delayed(self) -> None:
        self.exchange.waited()
        self._next()

    def _hung(self) -> None:
        self.exchange.waited()
        self.break_call(Ending.CLOSE, Outcome.TIMEOUT)
