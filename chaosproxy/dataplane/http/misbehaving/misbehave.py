"""One call that a fault strikes: its effects one after the other, in the fixed order, on a live connection.

No task: callbacks and one timer, because calls hang by the thousand. It ends when the agent leaves, when its time is
up, or when the listener stops. A connection that a fault has broken is never used again.
"""

import asyncio
from collections.abc import Mapping

import msgspec

from chaosproxy.core.answer import Origin
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.exchange import Exchange
from chaosproxy.dataplane.http.misbehaving.delivery import TOO_LARGE
from chaosproxy.dataplane.http.misbehaving.rendering import NOTHING, Stages, recalled, stages
from chaosproxy.dataplane.http.misbehaving.replying import Replying
from chaosproxy.dataplane.http.misbehaving.striking import Striking
from chaosproxy.dataplane.http.requests.reading import BODY_CAP
from chaosproxy.dialects import Dialect

NOTHING_KEPT = "nothing_kept"
"""Why a fault was skipped: no reply was kept that could have been told again."""
STREAMED = "streamed_request"
"""The same: the request is passed on while it comes, and not kept, so that it cannot be sent again."""


def misbehave(exchange: Exchange, dialects: Mapping[str, Dialect], struck: set[Exchange]) -> None:
    """Let happen to the call what was decided. It is in `struck` for as long as something still may."""
    driver = exchange.driver = Misbehaviour(exchange, dialects, struck)
    # Not at once: whoever judges the call is still reading its request.
    asyncio.get_running_loop().call_soon(driver.begin)


class Misbehaviour(Striking):
    """Drives one call."""

    __slots__ = ("_dialects", "_plan", "_replying")

    def __init__(self, exchange: Exchange, dialects: Mapping[str, Dialect], struck: set[Exchange]) -> None:
        super().__init__(exchange, struck)
        self._dialects = dialects
        self._plan = NOTHING
        self._replying: Replying | None = None

    def cancel(self) -> None:
        """As `Striking` has it."""
        super().cancel()
        self._replying = None

    def begin(self) -> None:
        """Called by the loop."""
        self.safely(self._begin)

    def agent_full(self, full: bool) -> None:
        """Backpressure from the agent."""
        if self._replying is not None:
            self._replying.agent_full(full)

    def if_agent_leaves(self) -> Outcome:
        """An agent that leaves while it is kept waiting, or after it got what is wrong, leaves because of us."""
        if self.pause.pending:
            return Outcome.TIMEOUT
        return self._replying.if_agent_leaves() if self._replying is not None else Outcome.AGENT_LEFT

    def _begin(self) -> None:
        self._plan = stages(self.exchange.judged.decision)
        self.strike(self._plan.before, self._reach_the_tool)

    def _reach_the_tool(self) -> None:
        """Or what comes instead of it."""
        plan, exchange = self._possible(self._plan), self.exchange
        if plan.instead is not None:
            self._replying = Replying(self, plan, self._dialects)
            self._replying.answer(plan.instead)
        elif plan.needs_reply:
            self._replying = Replying(self, plan, self._dialects)
            self._replying.ask()
        else:
            if self._plan == NOTHING:
                exchange.skipped = "no_handshake"
            exchange.origin = Origin.UPSTREAM
            self.end()
            exchange.forward()

    def _possible(self, plan: Stages) -> Stages:
        """The plan as far as it can be followed with this request, and with what is kept now."""
        exchange = self.exchange
        if plan.recalls:
            plan, all_there = recalled(plan, exchange.plane.copies, exchange.plane.wall())
            exchange.skipped = None if all_there else NOTHING_KEPT
        request = exchange.request
        if plan.repeats and not request.complete:
            plan = msgspec.structs.replace(plan, repeats=())
            exchange.skipped = TOO_LARGE if max(request.size, request.length()) > BODY_CAP else STREAMED
        return plan
