"""Two connections joined into one: bytes pass both ways, and so does the way in which either of them ends.

Used once nobody has to understand what is said: in a blind tunnel, and after an upgrade. Knows no HTTP and no call.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from chaosproxy.dataplane.http.endings import reset, unsent

IDLE_LIMIT = 3600.0
"""Seconds without a byte in either direction after which a tunnel is given up."""

HALF_IDLE_LIMIT = 300.0
"""The same once one side has ended its half: nobody would tell us if it has gone altogether."""

FLUSH_TIME = 1.0
"""Seconds that what came before a reset may take to be delivered before the reset is passed on."""


class Takeover(Protocol):
    """What becomes of a connection after a CONNECT or an upgrade, while it is still ours."""

    def agent_left(self) -> None:
        """The connection has gone."""

    def close_if_idle(self) -> bool:
        """End it, unless something is in progress; True if something is."""

    def abort(self) -> None:
        """End it at once."""


class Splice:
    """Joins two live transports, byte for byte, until both of them have ended."""

    __slots__ = ("__weakref__", "_agent", "_ended", "_idle", "_loop", "_moved", "_timer", "_upstream", "half_idle")

    _loop: asyncio.AbstractEventLoop

    def __init__(self, ended: Callable[["Splice"], None], *, idle: float = IDLE_LIMIT) -> None:
        """`ended` is called once, when both connections are gone; until then neither has another protocol than ours."""
        self._ended = ended
        self._idle = idle
        self.half_idle = min(idle, HALF_IDLE_LIMIT)
        """Seconds without a byte, once one side has ended its half."""
        self._agent: _Side | None = None
        self._upstream: _Side | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._moved = 0.0

    def join(
        self,
        agent: asyncio.Transport,
        upstream: asyncio.Transport,
        *,
        to_upstream: bytes = b"",
        to_agent: bytes = b"",
    ) -> None:
        """Take both transports over; neither may have been lost. What was read of either goes out first."""
        self._loop = asyncio.get_running_loop()
        self._agent = near = _Side(self, agent)
        self._upstream = far = _Side(self, upstream)
        near.other, far.other = far, near
        self.moved()
        self._timer = self._loop.call_later(self._idle, self._look)
        for side in (near, far):
            side.transport.set_protocol(side)
        for side, data in ((near, to_agent), (far, to_upstream)):
            side.hold_other_if_full()
            if data:
                side.write(data)
        for side in (near, far):
            if not side.held:
                side.transport.resume_reading()

    def abort(self) -> None:
        """End both connections at once."""
        for side in (self._agent, self._upstream):
            if side is not None and not side.lost:
                side.transport.abort()

    @property
    def bytes_up(self) -> int:
        """Bytes from the agent, on their way to the upstream."""
        return 0 if self._upstream is None else self._upstream.written

    @property
    def bytes_down(self) -> int:
        """Bytes from the upstream, on their way to the agent."""
        return 0 if self._agent is None else self._agent.written

    def moved(self) -> None:
        """A byte has come."""
        self._moved = self._loop.time()

    def half_ended(self) -> None:
        """One side has said that it will send no more."""
        self._idle = self.half_idle
        self.moved()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(self._idle, self._look)

    def lost(self) -> None:
        """One side is gone."""
        near, far = self._agent, self._upstream
        if near is None or far is None or not (near.lost and far.lost):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._ended(self)

    def _look(self) -> None:
        """Has anything come lately? If not, both sides end: with FIN, if that does not need them to read first."""
        until = self._moved + self._idle
        if self._loop.time() < until:
            self._timer = self._loop.call_at(until, self._look)
            return
        # Once more, in case even closing takes forever.
        self._moved = self._loop.time()
        self._timer = self._loop.call_later(self._idle, self._look)
        for side in (self._agent, self._upstream):
            if side is not None and not side.lost:
                side.give_up()


class _Side(asyncio.Protocol):
    """One of the two connections: what it says is written to the other."""

    __slots__ = ("_flush_until", "ended", "held", "lost", "other", "splice", "transport", "written")

    other: "_Side"

    def __init__(self, splice: Splice, transport: asyncio.Transport) -> None:
        self.splice = splice
        self.transport = transport
        self.written = 0
        """Bytes written to it."""
        self.ended = False
        """Has it said that it will send no more?"""
        self.held = False
        """Is it not read from, because the other side is full?"""
        self.lost = False
        self._flush_until = 0.0

    # What the loop tells it

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        self.splice.moved()
        self.other.write(data)

    def eof_received(self) -> bool:
        """No more will come from here; the other way goes on, but TLS knows no such half. Called by the loop."""
        if not self.ended:
            self.ended = True
            self.splice.half_ended()
            self.other.finish()
        return self.transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self.lost = self.ended = True
        if not self.other.lost:
            if isinstance(exc, ConnectionError):
                self.other.reset_when_sent()
            else:
                self.other.close()
        self.splice.lost()

    def pause_writing(self) -> None:
        """Called by the loop."""
        self.other.hold(True)

    def resume_writing(self) -> None:
        """Called by the loop."""
        self.other.hold(False)

    # What the other side, and the splice, ask of it

    def write(self, data: bytes) -> None:
        """Write to it; to one that is gone, nothing."""
        if not self.lost:
            self.written += len(data)
            self.transport.write(data)

    def hold(self, held: bool) -> None:
        """Stop reading from it, or go on. One that has ended would only end again."""
        if held is self.held or self.ended:
            return
        self.held = held
        if self.transport.is_closing():
            return
        if held:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def hold_other_if_full(self) -> None:
        """What was written before we came may be waiting still, and we were not told."""
        if self.transport.get_write_buffer_size() > self.transport.get_write_buffer_limits()[1]:
            self.other.hold(True)

    def finish(self) -> None:
        """The other side has ended: say so here, with FIN, or with the end of the connection if this was all."""
        if self.lost or self.transport.is_closing():
            return
        if self.ended or not self.transport.can_write_eof() or not self.other.transport.can_write_eof():
            self.close()
            self.other.close()
        else:
            self.transport.write_eof()

    def close(self) -> None:
        """Close it, once only: asyncio's TLS, closed twice, loses sight of its connection, and cannot abort it."""
        if not self.transport.is_closing():
            self.transport.close()

    def reset_when_sent(self) -> None:
        """RST, as the other side had it; but what that one said before is delivered first."""
        loop = asyncio.get_running_loop()
        if not self._flush_until:
            self._flush_until = loop.time() + FLUSH_TIME
        if self.lost:
            return
        if unsent(self.transport) and loop.time() < self._flush_until:
            loop.call_later(0.001, self.reset_when_sent)
        else:
            reset(self.transport)

    def give_up(self) -> None:
        """End it in good order if it can be, else at once."""
        if self.transport.get_write_buffer_size() or self.transport.is_closing():
            self.transport.abort()
        else:
            self.transport.close()
