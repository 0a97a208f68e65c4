"""One call, from its decision to its answer: the quiet relay, and the end of every call however it went.

The quiet path runs in callbacks alone: no task, no await, each byte written when it came in. A call that a fault
strikes is driven by `misbehave`, which uses what is here.
"""

import asyncio
from hashlib import blake2b
from time import monotonic
from typing import Final

from chaosproxy.core.answer import Answer, Origin, UpstreamTruth
from chaosproxy.core.call import ToolEffect
from chaosproxy.core.effects import Ending
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.asides import Asides
from chaosproxy.dataplane.http.leaving import left_as
from chaosproxy.dataplane.http.overtaking import answered
from chaosproxy.dataplane.http.parties import AgentSide, Driver, Plane
from chaosproxy.dataplane.http.requests.fingerprint import DIGEST_BYTES
from chaosproxy.dataplane.http.requests.notes import NOTHING_SAID, Notes
from chaosproxy.dataplane.http.requests.reading import Judged, outcome_of, said_replayed, truth_of
from chaosproxy.dataplane.http.upstreams.upstream import NONE, Receiver, UpstreamConnection, UpstreamError
from chaosproxy.dataplane.http.wire import (
    IDEMPOTENT,
    Framing,
    Headers,
    chunk,
    end_to_end,
    last_chunk,
    own_word,
    response_head,
    upgrade_required,
)

OK: Final = Outcome.OK
UPSTREAM: Final = Origin.UPSTREAM
NOT_SENT: Final = UpstreamTruth.NOT_SENT
SENT_UNKNOWN: Final = UpstreamTruth.SENT_UNKNOWN
EXECUTED: Final = UpstreamTruth.EXECUTED
WRITE: Final = ToolEffect.WRITE
CHUNKED: Final = Framing.CHUNKED
CLOSE: Final = Framing.CLOSE
"""Looked up once: an enum member costs more than a global, and every call asks."""


class Exchange:
    """A call in progress. As a `Receiver` it relays the upstream's response to the agent as it comes."""

    __slots__ = (
        "__weakref__",
        *("_digest", "_framing", "_out", "_paused", "_streamed"),
        *("agent", "asides", "driver", "judged", "method", "notes", "plane", "request", "task", "upstream"),
        *(
            "alike",
            "bytes_out",
            "executions",
            "origin",
            "problem",
            "replayed",
            "skipped",
            "status",
            "truth",
            "upstream_status",
        ),
        *("deadline", "first_byte", "injected_seconds", "said_at", "sent_at", "upstream_seconds", "waiting_since"),
        *("finished", "left", "left_at", "outlives_agent", "retried", "switched", "unwanted", "watches"),
    )

    def __init__(self, plane: Plane, agent: AgentSide, judged: Judged) -> None:
        self.plane = plane
        self.agent = agent
        self.judged = judged
        self.request = judged.request
        self.method = judged.request.method
        self.task: asyncio.Task[None] | None = None
        self.driver: Driver | None = None
        self.upstream: UpstreamConnection | None = None
        self.truth = NOT_SENT
        self.origin = UPSTREAM
        self.status = self.upstream_status = self.bytes_out = self.executions = self.alike = 0
        self.sent_at = self.first_byte = self.upstream_seconds = self.injected_seconds = self.deadline = 0.0
        self.waiting_since = self.left_at = self.said_at = 0.0
        self.notes: Notes | None = None
        """What the answer says that the agent gets, if anybody wants to know."""
        self.skipped: str | None = None
        self.problem: str | None = None
        self.replayed = self.retried = self.finished = self.left = self.outlives_agent = False
        self.switched = False
        """Have the two connections gone on in another protocol?"""
        self.unwanted = False
        """Will nobody want the rest of the request?"""
        self._paused = self._streamed = False
        self._framing = NONE
        self._out: list[bytes] = []
        self.asides = Asides(judged.decision.asides, plane, judged.destination) if judged.decision.asides else None
        self._digest = blake2b(digest_size=DIGEST_BYTES) if judged.call.route.effect is WRITE else None
        self.watches = judged.match.watch or (plane.links is not None and judged.call.purpose.opens_session)

    # Towards the upstream

    def forward(self) -> None:
        """Send the request on and relay the response."""
        origin = self.judged.destination.origin
        connection = self.plane.pool.take(origin, unsafe=self.method not in IDEMPOTENT)
        if connection is not None:
            self.send_request(connection)
        else:
            self.task = self.plane.spawn(self._connect_and_send())

    async def _connect_and_send(self) -> None:
        try:
            connection = await self.plane.pool.connect(self.judged.destination.origin)
        except UpstreamError as error:
            self.refuse(error.status, error.problem)
            return
        self.send_request(connection)

    def send_request(self, connection: UpstreamConnection, receiver: Receiver | None = None) -> None:
        """Begin the upstream's part. The response goes to `receiver`, or through here to the agent."""
        request = self.request
        self.upstream = connection
        self.truth = SENT_UNKNOWN
        self.sent_at = monotonic()
        self.deadline = self.sent_at + self.judged.destination.origin.settings.timeout
        self.agent.watch(self.deadline)
        data = self.judged.asked()
        if not request.complete:
            request.parts.clear()  # sent once and for all: a streamed body cannot be sent again
        self._streamed = not request.complete
        connection.send(receiver or self, data, whole=request.complete, asked=request.upgrade)
        if not request.complete:
            self.agent.hold(False)

    # What the upstream's connection tells (Receiver)

    def interim(self, status: int, reason: bytes, headers: Headers) -> None:
        """1xx responses pass, but not to HTTP/1.0 agents (RFC 9110, 15.2)."""
        if self.request.version != "1.0" and not self.left:
            self.agent.send(response_head(status, reason, end_to_end(headers)))

    def head(self, status: int, reason: bytes, headers: list[tuple[bytes, bytes]], framing: Framing) -> None:
        """The upstream's response begins."""
        self.first_byte = monotonic()
        self.note_upstream(status, reason, headers)
        self.status = status
        kept = end_to_end(headers) if status != 426 else upgrade_required(headers)
        if self.asides is not None:
            kept = self.asides.annotated(status, kept)
        if framing is CHUNKED and self.request.version == "1.0":
            framing = CLOSE
            kept = [pair for pair in kept if pair[0].lower() != b"transfer-encoding"]
        self._framing = framing
        self._out.append(response_head(status, reason, kept))

    def note_upstream(self, status: int, reason: bytes, headers: Headers) -> None:
        """Record what the upstream's head says, whatever the agent will be told."""
        self.upstream_status = status
        self.deadline = 0.0
        if status >= 400:
            self.truth = truth_of(status)
            self.notes = Notes(status, headers, failing=True)
            return
        self.truth = EXECUTED
        if self._digest is not None:
            self.replayed = said_replayed(headers)
        if not self.replayed:
            self.executions += 1
        if self.watches:
            self.notes = Notes(status, headers, failing=False)
        if self.asides is not None:
            self.asides.head(self.method, (status, reason, headers))

    def note_body(self, data: bytes) -> None:
        """Take note of a piece of the upstream's body."""
        if self._digest is not None:
            self._digest.update(data)
        if self.notes is not None:
            self.notes.data(data)
        if self.asides is not None:
            self.asides.data(data)

    def note_repeated(self, digest: bytes) -> None:
        """A repeat of the request was executed too, and answered with a body of this digest."""
        if self._digest is not None and self._digest.digest() == digest:
            self.alike += 1

    def note_end(self) -> None:
        """The upstream has said all."""
        self.upstream = None
        self.upstream_seconds = monotonic() - self.sent_at
        if self.asides is not None:
            self.asides.end()

    def data(self, data: bytes) -> None:
        """A piece of the upstream's body."""
        self.bytes_out += len(data)
        self.note_body(data)
        self._out.append(chunk(data) if self._framing is CHUNKED else data)

    def chunk_end(self) -> None:
        """Each piece is passed on when it comes, whatever chunks the upstream made of it."""

    def flush(self) -> None:
        """Write what has come in one go."""
        out, self._out = self._out, []
        if out:
            self.agent.send(out[0] if len(out) == 1 else b"".join(out))
            self.said_at = monotonic()

    def done(self, trailers: Headers) -> None:
        """The upstream's response is complete."""
        self.note_end()
        if self._framing is CHUNKED:
            self._out.append(last_chunk(end_to_end(trailers) if trailers else trailers))
        self.flush()
        self.finish(outcome_of(self.status), keep=self._framing is not CLOSE and self.request.complete)

    def switch(self, reason: bytes, headers: list[tuple[bytes, bytes]], said: bytes) -> None:
        """The upstream switches protocols, as the agent has asked: the call is over, and the connections live on."""
        connection = self.upstream
        if connection is None or connection.transport.is_closing():
            self.broke("the upstream closed the connection", reset=False)
            return
        self.upstream = None
        self.first_byte = monotonic()
        self.upstream_seconds = self.first_byte - self.sent_at
        self.note_upstream(101, reason, headers)
        self.status = 101
        self.agent.send(response_head(101, reason, headers))
        self.switched = True
        self.finish(OK, keep=True)
        self.agent.switch(connection.transport, said, self.judged.destination.origin.authority)

    def broke(self, problem: str, *, reset: bool) -> None:
        """The upstream's connection ended too early."""
        connection, self.upstream = self.upstream, None
        self.upstream_seconds = monotonic() - self.sent_at
        if self.first_byte:
            # Its head has gone out: what was cut stays cut, in the same way.
            self.flush()
            self.problem = problem
            self.end_connection(Ending.RESET if reset else Ending.CLOSE)
            self.finish(Outcome.RESET if reset else Outcome.TRUNCATED, keep=False)
        elif connection is not None and connection.died_unheard and self._may_try_again():
            self.retried = True
            self.truth = NOT_SENT
            self.task = self.plane.spawn(self._connect_and_send())
        else:
            self.refuse(502, problem)

    def _may_try_again(self) -> bool:
        return not self.retried and not self._streamed and self.method in IDEMPOTENT

    def upstream_full(self, full: bool) -> None:
        """Backpressure from the upstream to a streaming agent."""
        self.agent.hold(full)

    # What the agent's connection tells

    def agent_full(self, full: bool) -> None:
        """Backpressure from the agent to the upstream."""
        if self.driver is not None:
            self.driver.agent_full(full)
            return
        if self.upstream is None or full is self._paused:
            return
        self._paused = full
        if full:
            self.upstream.transport.pause_reading()
        else:
            self.upstream.transport.resume_reading()

    def agent_left(self, at: float = 0.0) -> None:
        """The agent closed its connection: stop at once, unless the tool is to run to its end whatever happens."""
        if self.left:
            return
        self.left, self.left_at = True, at or monotonic()
        if self.outlives_agent:
            self.upstream_seconds = self.left_at - (self.sent_at or self.left_at)
            judged, so_far = self.judged, self._answer(Outcome.AGENT_LEFT, self.left_at)
            self.plane.path.left(judged.call, judged.match, judged.decision, so_far)
            return
        quiet = left_as(self.left_at - self.said_at, wants_more=self._framing is Framing.LENGTH and self.status < 400)
        self.give_up(quiet if self.driver is None else self.driver.if_agent_leaves())

    def give_up(self, outcome: Outcome) -> None:
        """End the call here and now, wherever it is."""
        self._let_go()
        self.finish(outcome, keep=False)

    def _let_go(self) -> None:
        """Whatever is under way for this call, towards the upstream or towards a fault, ends here."""
        if self.driver is not None:
            self.driver.cancel()
        if self.task is not None and not self.task.done():
            self.task.cancel()
        self.drop_upstream()

    def drop_upstream(self) -> None:
        """Nobody wants the rest of what the upstream says."""
        if self.upstream is not None:
            connection, self.upstream = self.upstream, None
            self.upstream_seconds = monotonic() - self.sent_at
            connection.abandon()

    def overdue(self) -> None:
        """The upstream has not begun to answer in time."""
        if self.upstream is not None:
            self.skipped = "upstream_failed" if self.outlives_agent else None
            self._let_go()
            self.refuse(504, f"no answer from {self.judged.destination.origin.authority} in time")

    def break_off(self, status: int, problem: str) -> None:
        """The rest of the request is not what its beginning promised: the upstream must not take it for a whole one."""
        self._let_go()
        if self.first_byte:
            self.problem = problem
            self.end_connection(Ending.CLOSE)
            self.finish(Outcome.TRUNCATED, keep=False)
        else:
            self.refuse(status, problem)

    # Ends

    def refuse(self, status: int, problem: str) -> None:
        """Answer with a word of our own: the upstream failed by itself."""
        self.problem = problem
        self.notes = None
        if self.left:
            self.finish(Outcome.AGENT_LEFT, keep=False)
            return
        self.origin = Origin.PROXY
        self.answer_with(own_word(status, problem, head_only=self.method == b"HEAD"), status)
        self.finish(outcome_of(status), keep=self.request.complete)

    def waited(self) -> None:
        """A wait that a fault imposed is over, whether its time was up or the call ended."""
        self.injected_seconds += monotonic() - self.waiting_since
        self.waiting_since = 0.0

    def answer_with(self, data: bytes, status: int) -> None:
        """Write a whole answer that did not come from the upstream."""
        self.status = status
        self.first_byte = monotonic()
        if not self.left:
            self.agent.send(data)

    def end_connection(self, ending: Ending) -> None:
        """End the agent's connection in this way."""
        if not self.left:
            self.agent.end(ending)

    def finish(self, outcome: Outcome, *, keep: bool) -> None:
        """The call is over: say how, once, and let the agent's connection go on or close."""
        if self.finished:
            return
        self.finished = True
        if self.waiting_since:
            self.waited()
        judged = self.judged
        self.plane.in_flight.pop(judged.call.number, None)
        if self.plane.held and self.first_byte and not self.left:
            answered(self.plane.held, judged.call)
        answer = self._answer(outcome, self.left_at or monotonic())
        if self.notes is not None and self.plane.links is not None:
            self.plane.links.ended(judged.call, self.status, self.notes.headers)
        try:
            self.plane.path.end(judged.call, judged.match, judged.decision, answer)
        finally:
            # Whoever fails to take note of the call, the agent's connection goes on.
            if not self.left:
                self.agent.exchange_done(keep=keep)

    def _answer(self, outcome: Outcome, ended: float) -> Answer:
        """What there is to say of the call, which ended then for the agent."""
        ok = outcome is OK
        said = NOTHING_SAID if self.notes is None else self.notes.said(self.plane.wall(), ok=ok)
        return Answer(
            outcome=outcome,
            origin=self.origin,
            truth=self.truth,
            status=self.status if not (self.left and not self.first_byte) else 0,
            first_byte=self.first_byte,
            ended=ended,
            bytes_out=self.bytes_out,
            executions=self.executions,
            alike=self.alike,
            upstream_status=self.upstream_status,
            upstream_seconds=self.upstream_seconds,
            injected_seconds=self.injected_seconds,
            hint=said.hint,
            body_digest=self._digest.hexdigest() if self._digest is not None and self.upstream_status else said.digest,
            replayed=self.replayed,
            skipped=self.skipped,
            problem=self.problem,
            pending=said.pending or (ok and self.status == 202),
            complaint=said.complaint,
            left=self.left,
        )
