"""How long an agent is waited for: for what it has to say, for what it has to read, and for it to leave.

One for each connection. Decides that something has taken too long; what then happens is the connection's own doing.
"""

import asyncio
from time import monotonic
from typing import Protocol

from chaosproxy.dataplane.http.agents.deadlines import TICK, Deadlines
from chaosproxy.dataplane.http.agents.incoming import Incoming
from chaosproxy.dataplane.http.agents.limits import Limits
from chaosproxy.dataplane.http.agents.presence import Presence, has_said_fin, presence
from chaosproxy.dataplane.http.endings import unsent
from chaosproxy.dataplane.http.exchange import Exchange
from chaosproxy.dataplane.http.wire import Malformed

LOOK_EVERY = 15.0
"""Seconds after which a call in progress is looked at in any case: for what nobody tells us of."""

HELD_EVERY = 1.0
"""The same for an agent that we do not read from, who could leave without our noticing."""

LEFT_FIRST, LEFT_LAST = 0.005, 0.5
"""Seconds between looks at whether an agent that has half closed is still there: at first, and in the end."""


class Awaited(Protocol):
    """The connection."""

    transport: asyncio.Transport
    incoming: Incoming
    exchange: Exchange | None
    gone: bool
    full: bool
    held: bool

    @property
    def taken_over(self) -> bool:
        """Does it belong to a tunnel?"""

    def report(self, error: Malformed) -> None:
        """Something was refused."""

    def refuse(self, error: Malformed) -> None:
        """Refuse it and close."""

    def close(self) -> None:
        """Close, once all is written."""


class Patience:
    """Watches one connection."""

    __slots__ = (
        "_behind",
        "_behind_since",
        "_connection",
        "_deadlines",
        "_limits",
        "_look_every",
        "deadline",
        "heading",
        "watched",
    )

    def __init__(self, connection: Awaited, limits: Limits, deadlines: Deadlines) -> None:
        self._connection = connection
        self._limits = limits
        self._deadlines = deadlines
        self._look_every = min(LOOK_EVERY, limits.unread / 4, (limits.upstream_silence or LOOK_EVERY * 4) / 4)
        self.heading = False
        """Is it a head that is awaited? A head has one deadline, however many pieces it comes in; the next, another."""
        self._behind = -1
        """Bytes that one side was behind, or at, when we looked last; -1 if we have not looked."""
        self._behind_since = 0.0
        self.deadline = 0.0
        """When whatever is awaited of the agent must have come, while no call is in progress (monotonic seconds)."""
        self.watched = 0

    # What the connection says it waits for

    def wait(self, seconds: float) -> None:
        """For something that must come within this time."""
        self._behind = -1
        self.deadline = monotonic() + seconds
        self.watch(self.deadline)

    def wait_for_more(self) -> None:
        """Of a request that has begun, or for the next one."""
        incoming = self._connection.incoming
        if incoming.deaf:
            return
        if not incoming.midway:
            self.heading = False
            self.wait(self._limits.idle)
        elif incoming.receiving is not None:
            self.heading = False
            self.wait(self._limits.body)
        elif not self.heading:
            self.heading = True
            self.wait(self._limits.head)

    def watch(self, at: float) -> None:
        """Look at that time (monotonic seconds), if not before."""
        if not self.watched or (self.watched - 1) * TICK > at:
            self._deadlines.watch(self, at)

    def held(self) -> None:
        """The connection is not read from any longer."""
        self._deadlines.watch(self, monotonic() + HELD_EVERY)

    def full(self) -> None:
        """The agent is behind with reading."""
        self._behind = -1

    def no_more(self) -> None:
        """The connection has gone."""
        self._deadlines.forget(self)

    def half_closed(self) -> bool:
        """The agent has said FIN: is it still there to read? If so, it is watched until it leaves."""
        there = presence(self._connection.transport) is Presence.THERE
        if there:
            asyncio.get_running_loop().call_later(LEFT_FIRST, self._look_whether_left, LEFT_FIRST)
        return there

    def _look_whether_left(self, delay: float) -> None:
        """Nothing tells us when an agent that has half closed closes altogether."""
        connection = self._connection
        if connection.gone or connection.transport.is_closing():
            return
        if presence(connection.transport) is Presence.THERE:
            delay = min(delay * 2, LEFT_LAST)
            asyncio.get_running_loop().call_later(delay, self._look_whether_left, delay)
        else:
            connection.transport.abort()

    # When time has passed

    def look(self, now: float) -> float:
        """A deadline may have passed. Returns when to look again; 0 for never."""
        connection = self._connection
        exchange = connection.exchange
        if exchange is not None:
            self._look_at_call(exchange, now)
        elif not connection.taken_over and not connection.gone and now >= self.deadline:
            self._overdue(now)
        exchange = connection.exchange
        if exchange is not None:
            return self._next_look(exchange, now)
        return 0.0 if connection.gone or connection.taken_over else max(self.deadline, now)

    def _next_look(self, exchange: Exchange, now: float) -> float:
        """While a call is in progress."""
        if self._connection.gone:
            return exchange.deadline
        at = now + (HELD_EVERY if self._connection.held else self._look_every)
        return min(at, exchange.deadline) if exchange.deadline else at

    def _look_at_call(self, exchange: Exchange, now: float) -> None:
        connection = self._connection
        if exchange.deadline and now >= exchange.deadline:
            exchange.overdue()
        if exchange.finished:
            if connection.gone:
                connection.exchange = None
        elif not connection.gone:  # else the tool runs to its end all the same
            self._look_at_both_ends(exchange, now)

    def _look_at_both_ends(self, exchange: Exchange, now: float) -> None:
        """Has one of them gone, or gone to sleep, where nobody would tell us?"""
        connection = self._connection
        if connection.full:
            if self._takes_nothing_in(now, self._limits.unread):
                exchange.problem = f"the agent read nothing for {self._limits.unread:g} s"
                connection.transport.abort()
        elif connection.held:
            if self._has_left_unseen():
                connection.transport.abort()
        elif self._limits.upstream_silence:
            self._look_for_silence(exchange, now)

    def _look_for_silence(self, exchange: Exchange, now: float) -> None:
        """Give up on a tool that has been silent for too long in the middle of a body."""
        limit = self._limits.upstream_silence
        if exchange.bytes_out != self._behind or not exchange.first_byte:
            self._behind = exchange.bytes_out
            self._behind_since = now
        elif now - self._behind_since >= limit:
            exchange.break_off(504, f"the upstream said nothing for {limit:g} s in the middle of its answer")

    def _overdue(self, now: float) -> None:
        """What was awaited of the agent has not come."""
        connection = self._connection
        incoming = connection.incoming
        if incoming.deaf:
            if self._takes_nothing_in(now, 0.0):
                connection.transport.abort()
            else:
                self.deadline = now + self._limits.flush
        elif incoming.midway:
            connection.refuse(Malformed(408, "slow_request", "the request did not arrive in time"))
        else:
            if not incoming.began:
                nothing = f"not a byte of a request came within {self._limits.silence:g} s"
                connection.report(Malformed(0, "silent_connection", nothing))
            connection.close()

    def _takes_nothing_in(self, now: float, limit: float) -> bool:
        """Has the agent taken in nothing of what is on its way to it for so long? Or is there nothing?"""
        behind = unsent(self._connection.transport)
        if behind and behind != self._behind:
            self._behind = behind
            self._behind_since = now
            return False
        return now - self._behind_since >= limit

    def _has_left_unseen(self) -> bool:
        """While we do not read from it, the loop tells us nothing."""
        transport = self._connection.transport
        there = presence(transport)
        return there is Presence.GONE or (there is Presence.UNKNOWN and has_said_fin(transport))
