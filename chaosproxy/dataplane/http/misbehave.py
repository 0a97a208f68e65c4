"""One call that a fault strikes: its effects one after the other, in the fixed order, on a live connection.

Runs as a task of its own for as long as the call lasts, which may be long: it ends when the agent leaves, when its time
is up, or when the listener stops. A connection that a fault has broken is never used again.
"""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import assert_never

import msgspec

from chaosproxy.core.answer import Origin, Reply
from chaosproxy.core.effects import Delay, Disconnect, Ending, Hang, Reject, Respond, Truncate, Unfit
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.exchange import Exchange
from chaosproxy.dataplane.http.reading import hint_of, outcome_of
from chaosproxy.dataplane.http.rendering import (
    Stages,
    cut_reply,
    made_outcome,
    made_reply,
    reply_bytes,
    rewritten,
    whole_reply,
)
from chaosproxy.dataplane.http.upstream import UpstreamError
from chaosproxy.dataplane.http.wire import Framing, Headers, end_to_end, with_length
from chaosproxy.dialects import Dialect

REPLY_CAP = 16 * 1024 * 1024
"""Bytes of an upstream's reply that are held to be spoiled or delayed as a whole; a larger one passes unharmed."""


async def misbehave(exchange: Exchange, plan: Stages, dialects: Mapping[str, Dialect]) -> None:
    """Let happen to the call what was decided."""
    for effect in plan.before:
        if not await _strike(exchange, effect):
            return
    if plan.instead is not None:
        _answer(exchange, plan.instead, dialects)
    elif plan.needs_reply:
        await _after(exchange, plan, dialects)
    else:
        exchange.origin = Origin.UPSTREAM
        exchange.forward()


async def sleep_for(seconds: float) -> None:
    """Sleep at least this long: a loop's timers count from the time at which it last looked at the clock."""
    until = monotonic() + seconds
    while (rest := until - monotonic()) > 0:
        await asyncio.sleep(rest)


async def _strike(exchange: Exchange, effect: Delay | Hang | Disconnect) -> bool:
    """Apply one effect that takes time or ends the call; False if it has ended."""
    match effect:
        case Delay():
            await _pass_time(exchange, effect.seconds)
            return True
        case Hang():
            exchange.discard_request()
            await _pass_time(exchange, effect.seconds)
            exchange.end_connection(Ending.CLOSE)
            exchange.finish(Outcome.TIMEOUT, keep=False)
        case Disconnect():
            exchange.origin = Origin.INJECTED
            exchange.end_connection(effect.ending)
            exchange.finish(Outcome.RESET, keep=False)
        case _:
            assert_never(effect)
    return False


async def _pass_time(exchange: Exchange, seconds: float) -> None:
    """Wait. An agent that leaves meanwhile left because of us."""
    exchange.origin = Origin.INJECTED
    exchange.waiting_since = monotonic()
    await sleep_for(seconds)
    exchange.waited()


def _answer(exchange: Exchange, effect: Reject | Respond, dialects: Mapping[str, Dialect]) -> None:
    """Answer in the tool's place."""
    wall = exchange.plane.wall()
    reply = made_reply(effect, dialects, exchange.judged.destination.origin.settings.dialect, wall)
    outcome = made_outcome(effect, outcome_of(reply.status))
    exchange.hint = hint_of(reply.headers, wall)
    _deliver(exchange, reply, outcome)


def _deliver(exchange: Exchange, reply: Reply, outcome: Outcome) -> None:
    head_only = exchange.method == b"HEAD"
    exchange.origin = Origin.INJECTED
    exchange.bytes_out = 0 if head_only else len(reply.body)
    exchange.answer_with(reply_bytes(reply, head_only=head_only), reply.status)
    exchange.finish(outcome, keep=exchange.request.complete)


class Collected(msgspec.Struct):
    """The upstream's whole reply."""

    reply: Reply
    framing: Framing
    trailers: Headers


class Collector:
    """Receives a response to its end. One that cannot be held is handed on, to be relayed as it comes."""

    def __init__(self, exchange: Exchange, *, keep: bool) -> None:
        self.method = exchange.method
        self.ended: asyncio.Future[Collected | None] = asyncio.get_running_loop().create_future()
        """Resolves to the reply, or to None if the exchange took over or the upstream failed."""
        self._exchange = exchange
        self._keep = keep
        self._relaying = False
        self._head: tuple[int, bytes, list[tuple[bytes, bytes]]] = (0, b"", [])
        self._framing = Framing.NONE
        self._parts: list[bytes] = []
        self._size = 0

    def interim(self, status: int, reason: bytes, headers: Headers) -> None:
        """1xx responses pass."""
        self._exchange.interim(status, reason, headers)

    def head(self, status: int, reason: bytes, headers: list[tuple[bytes, bytes]], framing: Framing) -> None:
        """The response begins."""
        self._exchange.note_upstream(status, headers)
        self._head = (status, reason, headers)
        self._framing = framing
        kinds = [value for name, value in headers if name.lower() == b"content-type"]
        if self._keep and kinds and kinds[0].lower().startswith(b"text/event-stream"):
            self._hand_on("event_stream")

    def data(self, data: bytes) -> None:
        """A piece of the body."""
        if self._relaying:
            self._exchange.data(data)
            return
        self._size += len(data)
        if self._keep:
            self._parts.append(data)
            if self._size > REPLY_CAP:
                self._hand_on("body_too_large")
        else:
            self._exchange.digest_body(data)

    def flush(self) -> None:
        """Told so far."""
        if self._relaying:
            self._exchange.flush()

    def done(self, trailers: Headers) -> None:
        """The response is complete."""
        if self._relaying:
            self._exchange.done(trailers)
            return
        exchange = self._exchange
        exchange.upstream = None
        exchange.upstream_seconds = monotonic() - exchange.sent_at
        status, reason, headers = self._head
        for part in self._parts:
            exchange.digest_body(part)
        reply = Reply(status, reason, tuple(end_to_end(headers)), b"".join(self._parts))
        if not self.ended.done():
            self.ended.set_result(Collected(reply, self._framing, trailers))

    def broke(self, problem: str, *, reset: bool) -> None:
        """The upstream failed by itself; there is nothing to spoil."""
        if not self._relaying:
            self._exchange.skipped = "upstream_failed"
            self._exchange.origin = Origin.UPSTREAM
            self._resolve_empty()
            if self._head[0] and not self._exchange.left:
                self._hand_over()
        self._exchange.broke(problem, reset=reset)

    def upstream_full(self, full: bool) -> None:
        """Backpressure on a streamed request."""
        self._exchange.upstream_full(full)

    def _hand_on(self, reason: str) -> None:
        if self._exchange.left:
            # Nobody to hand it to: the tool runs to its end, and what it says is not kept.
            self._keep = False
            for part in self._parts:
                self._exchange.digest_body(part)
            self._parts = []
            return
        self._exchange.skipped = reason
        self._exchange.origin = Origin.UPSTREAM
        self._hand_over()
        self._resolve_empty()

    def _hand_over(self) -> None:
        self._relaying = True
        status, why, headers = self._head
        self._exchange.head(status, why, headers, self._framing)
        for part in self._parts:
            self._exchange.data(part)
        self._parts = []

    def _resolve_empty(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


async def _after(exchange: Exchange, plan: Stages, dialects: Mapping[str, Dialect]) -> None:
    """Let the tool run to its end, then let the rest happen to its reply."""
    exchange.origin = Origin.UPSTREAM
    exchange.outlives_agent = True
    delivers = plan.replaced is None and not any(isinstance(effect, Hang | Disconnect) for effect in plan.after)
    pool = exchange.plane.pool
    origin = exchange.judged.destination.origin
    try:
        # Always tried once only: a kept connection that may be dying is not worth a doubt about what the tool did.
        connection = pool.take(origin, unsafe=True) or await pool.connect(origin)
    except UpstreamError as error:
        exchange.skipped = "upstream_failed"
        exchange.refuse(error.status, error.problem)
        return
    collector = Collector(exchange, keep=delivers)
    exchange.send_request(connection, collector)
    collected = await collector.ended
    exchange.outlives_agent = False
    if collected is None:
        return
    if exchange.left:
        exchange.finish(Outcome.AGENT_LEFT, keep=False)
        return
    for effect in plan.after:
        if not await _strike(exchange, effect):
            return
    if plan.replaced is not None:
        _answer(exchange, plan.replaced, dialects)
    else:
        _hand_out(exchange, plan, collected)


def _for_version(version: str, collected: Collected) -> tuple[Reply, Framing]:
    """HTTP/1.0 knows no chunks: there, the body ends with the connection."""
    reply = collected.reply
    if version != "1.0" or collected.framing is not Framing.CHUNKED:
        return reply, collected.framing
    headers = tuple(pair for pair in reply.headers if pair[0].lower() != b"transfer-encoding")
    return Reply(reply.status, reply.reason, headers, reply.body), Framing.CLOSE


def _hand_out(exchange: Exchange, plan: Stages, collected: Collected) -> None:
    """Deliver the tool's reply as the rest of the plan leaves it."""
    reply, framing = _for_version(exchange.request.version, collected)
    outcome = outcome_of(reply.status)
    changed = _changed(exchange, plan, reply)
    if changed is None:
        if plan.delivery is not None and _cut(exchange, plan.delivery, reply, framing):
            return
        exchange.origin = Origin.UPSTREAM
        exchange.bytes_out = len(reply.body)
        exchange.answer_with(whole_reply(reply, framing, collected.trailers), reply.status)
        exchange.finish(outcome, keep=framing is not Framing.CLOSE)
        return
    if plan.delivery is not None and exchange.method != b"HEAD":
        headers = tuple(with_length(changed.headers, len(changed.body)))
        framed = Reply(changed.status, changed.reason, headers, changed.body)
        if _cut(exchange, plan.delivery, framed, Framing.LENGTH):
            return
    _deliver(exchange, changed, Outcome.MALFORMED if outcome is Outcome.OK else outcome_of(changed.status))


def _changed(exchange: Exchange, plan: Stages, reply: Reply) -> Reply | None:
    """The reply as the rewrites leave it; None if there are none, or it cannot be rewritten."""
    if not plan.rewrites:
        return None
    changed = rewritten(reply, plan.rewrites, REPLY_CAP)
    if isinstance(changed, Unfit):
        exchange.skipped = changed.reason
        return None
    return changed


def _cut(exchange: Exchange, effect: Truncate | Disconnect, reply: Reply, framing: Framing) -> bool:
    """Deliver the first part and break off; False if there is nothing that could break off."""
    cut = cut_reply(reply, framing, effect)
    if isinstance(cut, Unfit):
        exchange.skipped = cut.reason
        return False
    exchange.origin = Origin.INJECTED
    exchange.bytes_out = cut.body_bytes
    exchange.answer_with(cut.data, reply.status)
    exchange.end_connection(cut.ending)
    exchange.finish(Outcome.RESET if cut.ending is Ending.RESET else Outcome.TRUNCATED, keep=False)
    return True
