"""The reply to a call that a fault strikes: asked of the tool, kept or passed on as it comes, spoiled, or made up.

Knows what comes after what; how a reply is delivered is `delivery`'s, and that steps are taken `courier`'s.
"""

import asyncio
from collections.abc import Mapping, Sequence
from enum import Enum

from chaosproxy.core.answer import Origin, Reply
from chaosproxy.core.effects import Delivery as DeliveryEffect
from chaosproxy.core.effects import Disconnect, Reject, Respond, Unfit
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.exchange import Exchange
from chaosproxy.dataplane.http.misbehaving.courier import CHUNK_END, Broken, Courier, End, Head, Parcel
from chaosproxy.dataplane.http.misbehaving.delivery import REPLY_CAP, TOO_LARGE, Delivery, Stop
from chaosproxy.dataplane.http.misbehaving.fitting import ENDLESS
from chaosproxy.dataplane.http.misbehaving.rendering import (
    Stages,
    framed,
    made_outcome,
    made_reply,
    rewritten,
    rewritten_outcome,
    spoken,
    takes_long,
)
from chaosproxy.dataplane.http.misbehaving.repeating import FAILED, Repeating
from chaosproxy.dataplane.http.misbehaving.striking import Striking
from chaosproxy.dataplane.http.requests.notes import Notes
from chaosproxy.dataplane.http.requests.reading import outcome_of
from chaosproxy.dataplane.http.upstreams.upstream import UpstreamError
from chaosproxy.dataplane.http.wire import Framing, Headers, end_to_end, streams_events
from chaosproxy.dialects import Dialect

LEFT_FIRST = "agent_left"
"""Why a fault was skipped: the agent left before it had its turn."""
SWITCHED = "protocol_switched"
"""Why a fault was skipped: the answer was a 101, after which there is no body."""

_SAYS_NOTHING_OF_FAILURE = frozenset({Outcome.OK, Outcome.MALFORMED})
"""What comes of replies that do not say themselves that anything has failed."""


class State(Enum):
    """How far the reply has come."""

    ASKED = "asked"
    """It is not there yet, or not enough of it; or it is there, and the tool is asked again."""
    AFTER = "after"
    """What comes after the tool is happening."""
    DELIVERING = "delivering"


class Replying:
    """One reply. As a `Receiver` it is told of the upstream's response."""

    __slots__ = (
        "_courier",
        "_dialects",
        "_driver",
        "_exchange",
        "_keeps",
        "_made",
        "_outcome",
        "_plan",
        "_repeats",
        "_state",
        "_streams",
        "method",
    )

    def __init__(self, driver: Striking, plan: Stages, dialects: Mapping[str, Dialect]) -> None:
        self._driver = driver
        self._exchange = driver.exchange
        self.method = self._exchange.method
        self._plan = plan
        self._dialects = dialects
        self._courier = Courier(self._exchange, driver.pause, self._delivered)
        self._state = State.ASKED
        self._repeats = plan.repeats
        """What is to come, of asking again."""
        self._keeps = plan.wants_body
        """Is the body of the upstream's reply wanted?"""
        self._streams = False
        """Is that reply a stream of events, which may never end?"""
        self._made = False
        """Is the reply that is delivered another than the tool's?"""
        self._outcome = Outcome.OK
        """What the agent makes of the reply if its delivery does it no harm."""

    def ask(self) -> None:
        """Let the tool run, to its end if something is to come after it."""
        exchange = self._exchange
        exchange.origin = Origin.UPSTREAM
        exchange.outlives_agent = True
        # Always tried once only: a kept connection that may be dying is not worth a doubt about what the tool did.
        connection = exchange.plane.pool.take(exchange.judged.destination.origin, unsafe=True)
        if connection is not None:
            exchange.send_request(connection, self)
        else:
            exchange.task = exchange.plane.spawn(self._connect())

    async def _connect(self) -> None:
        exchange = self._exchange
        try:
            connection = await exchange.plane.pool.connect(exchange.judged.destination.origin)
        except UpstreamError as error:
            exchange.skipped = FAILED
            self._driver.end()
            exchange.refuse(error.status, error.problem)
            return
        exchange.send_request(connection, self)

    def agent_full(self, full: bool) -> None:
        """Backpressure from the agent."""
        self._courier.agent_is_full = full
        if not full and self._state is State.DELIVERING:
            self._driver.safely(self._courier.go_on)

    def if_agent_leaves(self) -> Outcome:
        """What an agent that leaves now has made of the reply."""
        delivery, exchange = self._courier.delivery, self._exchange
        if delivery is None:
            return Outcome.AGENT_LEFT
        exchange.skipped = exchange.skipped or delivery.skipped
        if self._made or delivery.spoilt:
            exchange.origin = Origin.INJECTED
        return delivery.outcome or Outcome.AGENT_LEFT

    # What the upstream's connection tells (Receiver)

    def interim(self, status: int, reason: bytes, headers: Headers) -> None:
        """1xx responses pass."""
        self._exchange.interim(status, reason, headers)

    def head(self, status: int, reason: bytes, headers: list[tuple[bytes, bytes]], framing: Framing) -> None:
        """The response begins."""
        if not self._driver.over:
            exchange = self._exchange
            exchange.note_upstream(status, reason, headers)
            self._outcome = outcome_of(status)
            self._streams = streams_events(headers)
            self._take(Head(status, reason, self._annotated(status, headers), framing))

    def data(self, data: bytes) -> None:
        """A piece of the body."""
        self._exchange.note_body(data)
        if self._keeps:
            self._take(data)

    def chunk_end(self) -> None:
        """A chunk is complete."""
        if self._keeps:
            self._take(CHUNK_END)

    def flush(self) -> None:
        """Told so far. Only now is anything done: the connection is still reading while it tells."""
        self._driver.safely(self._look)

    def done(self, trailers: Headers) -> None:
        """The response is complete."""
        if self._driver.over:
            return
        self._exchange.note_end()
        self._take(End(trailers))
        self._driver.safely(self._look)

    def switch(self, reason: bytes, headers: list[tuple[bytes, bytes]], said: bytes) -> None:
        """The upstream switches protocols: that is its whole answer, and what comes after it comes now."""
        if self._driver.over:
            return
        self._exchange.note_upstream(101, reason, headers)
        self._exchange.outlives_agent = False
        self._state = State.AFTER
        after, then = self._plan.after, lambda: self._switched(reason, headers, said)
        self._driver.safely(lambda: self._driver.strike(after, then))

    def _switched(self, reason: bytes, headers: list[tuple[bytes, bytes]], said: bytes) -> None:
        """If the call has survived until here, it becomes a tunnel, and what would spoil a body has none to spoil."""
        plan, exchange = self._plan, self._exchange
        if exchange.left:
            exchange.drop_upstream()
            exchange.finish(Outcome.AGENT_LEFT, keep=False)
        elif plan.replaced is not None:
            self.answer(plan.replaced)
        else:
            exchange.skipped = SWITCHED if plan.rewrites or plan.delivery or plan.repeats else None
            exchange.origin = Origin.UPSTREAM
            self._driver.end()
            exchange.switch(reason, headers, said)

    def broke(self, problem: str, *, reset: bool) -> None:
        """The upstream failed by itself."""
        if self._driver.over:
            return
        self._take(Broken(problem, reset))
        self._driver.safely(self._look)

    def upstream_full(self, full: bool) -> None:
        """Backpressure on a streamed request."""
        self._exchange.upstream_full(full)

    def _take(self, parcel: Parcel) -> None:
        if not self._driver.over:
            self._courier.take(parcel)

    # The reply

    def _look(self) -> None:
        """Something has come: is it enough to go on?"""
        courier = self._courier
        if not courier.parcels:
            return
        if self._state is State.DELIVERING:
            courier.go_on()
        elif self._state is State.AFTER:
            courier.balance()
        else:
            self._look_at_reply(courier, courier.parcels[-1])

    def _look_at_reply(self, courier: Courier, last: Parcel) -> None:
        plan, exchange = self._plan, self._exchange
        if isinstance(last, Broken):
            self._give_way(FAILED, last)
        elif self._repeats and self._streams:
            self._repeats = ()
            exchange.skipped = ENDLESS
            self._look_at_reply(courier, last)
        elif self._repeats and isinstance(last, End):
            repeats, self._repeats = self._repeats, ()
            Repeating(self._driver, repeats, self._repeated).begin()
        elif exchange.left:
            self._nobody_is_there(isinstance(last, End))
        elif not plan.collects:
            self._deliver(plan.delivery)
        elif isinstance(last, End) or self._streams:
            # The head of a stream that may never end is the tool's answer: what comes after the tool comes now.
            exchange.outlives_agent = False
            self._state = State.AFTER
            self._driver.strike(plan.after, self._reply)
        elif courier.size > REPLY_CAP:
            self._give_way(TOO_LARGE, last)

    def _repeated(self, last: Sequence[Parcel]) -> None:
        """The tool has been asked as often as it is to be; its `last` answer takes the place of the first, if given."""
        courier, exchange = self._courier, self._exchange
        if last and not exchange.left:
            head = last[0]
            assert isinstance(head, Head)
            courier.throw_away()
            for parcel in last:
                courier.take(parcel)
            self._outcome = outcome_of(head.status)
            exchange.upstream_status = head.status
            body = b"".join([parcel for parcel in last if isinstance(parcel, bytes)])
            said = Reply(head.status, head.reason, tuple(head.headers), body)
            _note(exchange, said, failing=head.status >= 400)
        self._look_at_reply(courier, courier.parcels[-1])

    def _nobody_is_there(self, ended: bool) -> None:
        """The agent has left: the tool runs to its end, and what it says is not kept."""
        exchange = self._exchange
        if ended or self._streams:
            if not (self._plan.before or self._plan.repeats):
                exchange.skipped = LEFT_FIRST
            exchange.drop_upstream()
            exchange.finish(Outcome.AGENT_LEFT, keep=False)
        else:
            self._keeps = False
            self._courier.throw_away()

    def _give_way(self, reason: str, last: Parcel) -> None:
        """What was to come after the tool does not: the reply passes as it comes, as far as it has come."""
        exchange = self._exchange
        exchange.skipped = reason
        if not isinstance(last, Broken):
            self._deliver(self._plan.delivery)
        elif exchange.left:
            exchange.drop_upstream()
            exchange.problem = last.problem
            exchange.finish(Outcome.AGENT_LEFT, keep=False)
        elif exchange.upstream_status:
            self._deliver(())
        else:
            self._broke(last)

    def _broke(self, last: Broken) -> None:
        """There is nothing left to spoil: it is a quiet call whose upstream failed."""
        self._exchange.outlives_agent = False
        self._exchange.origin = Origin.UPSTREAM
        self._driver.end()
        self._exchange.broke(last.problem, reset=last.reset)

    def _reply(self) -> None:
        """The agent gets the tool's reply, or another in its place."""
        plan, exchange = self._plan, self._exchange
        if plan.replaced is not None:
            self.answer(plan.replaced)
            return
        if not plan.rewrites:
            self._deliver(plan.delivery)
        elif self._streams:
            self._take_rewritten(Unfit(ENDLESS))
        else:
            whole = _whole(self._courier)
            if takes_long(whole, plan.rewrites):
                exchange.task = exchange.plane.spawn(self._rewrite_beside(whole))
            else:
                self._take_rewritten(rewritten(whole, plan.rewrites, REPLY_CAP))

    async def _rewrite_beside(self, whole: Reply) -> None:
        """In a thread, because other calls are not to wait for it. A call that ends meanwhile cancels this."""
        changed = await asyncio.to_thread(rewritten, whole, self._plan.rewrites, REPLY_CAP)
        self._driver.safely(lambda: self._take_rewritten(changed))

    def _take_rewritten(self, changed: Reply | Unfit) -> None:
        plan = self._plan
        if isinstance(changed, Unfit):
            self._exchange.skipped = changed.reason
            self._deliver(plan.delivery)
        else:
            self._outcome = rewritten_outcome(plan.rewrites, self._outcome, outcome_of(changed.status))
            self._hand_out(changed)

    def answer(self, effect: Reject | Respond) -> None:
        """Answer in the tool's place."""
        exchange = self._exchange
        wall = exchange.plane.wall()
        reply = made_reply(effect, self._dialects, self._own_dialect, wall)
        reply = Reply(reply.status, reply.reason, tuple(self._annotated(reply.status, [*reply.headers])), reply.body)
        self._outcome = made_outcome(effect, outcome_of(reply.status))
        self._hand_out(reply)

    def _hand_out(self, reply: Reply) -> None:
        """Deliver a reply that the tool did not make."""
        self._exchange.drop_upstream()
        _note(self._exchange, reply, failing=self._outcome not in _SAYS_NOTHING_OF_FAILURE)
        self._made = True
        made, framing = framed(reply, head_only=self.method == b"HEAD")
        self._courier.throw_away()
        self._courier.take(Head(made.status, made.reason, made.headers, framing))
        if made.body:
            self._courier.take(made.body)
        self._courier.take(End())
        self._deliver(self._plan.delivery)

    def _deliver(self, effects: Sequence[DeliveryEffect | Disconnect]) -> None:
        exchange = self._exchange
        self._state = State.DELIVERING
        exchange.outlives_agent = False
        exchange.origin = Origin.INJECTED if self._made else Origin.UPSTREAM
        self._courier.start(Delivery(effects, self._error_block, exchange.request.version))

    def _annotated(self, status: int, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        asides = self._exchange.asides
        return headers if asides is None else asides.annotated(status, headers)

    def _error_block(self, reject: Reject) -> bytes:
        dialect = spoken(reject, self._dialects, self._own_dialect)
        return dialect.stream_error(reject, self._exchange.plane.wall())

    @property
    def _own_dialect(self) -> str | None:
        return self._exchange.judged.destination.origin.settings.dialect

    def _delivered(self, last: Stop | Broken) -> None:
        """All that was to be sent has been sent, or the upstream has sent no more."""
        exchange, delivery = self._exchange, self._courier.delivery
        assert delivery is not None
        showed = delivery.applied or self._made
        exchange.skipped = None if showed else exchange.skipped or delivery.skipped
        if isinstance(last, Broken):
            if not showed:
                exchange.skipped = FAILED
            self._broke(last)
            return
        exchange.origin = Origin.INJECTED if self._made or delivery.spoilt else Origin.UPSTREAM
        outcome = delivery.outcome or self._outcome
        if last.ending is not None:
            self._driver.break_call(last.ending, outcome)
        else:
            exchange.drop_upstream()
            exchange.finish(outcome, keep=delivery.keeps and exchange.request.complete)


def _note(exchange: Exchange, reply: Reply, *, failing: bool) -> None:
    """The agent gets this reply in the place of the upstream's."""
    exchange.notes = None
    if failing or exchange.watches:
        exchange.notes = Notes(reply.status, reply.headers, failing=failing)
        exchange.notes.data(reply.body)


def _whole(courier: Courier) -> Reply:
    """The tool's whole reply, which waits."""
    head = courier.parcels[0]
    assert isinstance(head, Head)
    body = b"".join([parcel for parcel in courier.parcels if isinstance(parcel, bytes)])
    return Reply(head.status, head.reason, tuple(end_to_end(head.headers)), body)
