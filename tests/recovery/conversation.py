"""A conversation between an agent and its tools, as the tracker hears it, on a clock that the test moves.

talk = Conversation()
talk.ask("find").gets(THROTTLED, retry_after=2)
talk.wait(2)
talk.ask("find").gets_ok()
assert talk.resolutions == ["recovered_retry"]
"""

from collections import Counter
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from chaosproxy.core.answer import Answer, Hint, Origin, UpstreamTruth
from chaosproxy.core.bus import Bus
from chaosproxy.core.call import Call, Match, Route, ToolEffect
from chaosproxy.core.decision import QUIET, Decision, Injection
from chaosproxy.core.effects import Delay, Disconnect, Effect, Ending, Hang, Reject, Rewrite
from chaosproxy.core.events import (
    CallAnswered,
    CallReceived,
    CallWasted,
    Certainty,
    DuplicateEffect,
    EpisodeClosed,
    EpisodeOpened,
    Event,
    FaultInjected,
    KeyJudged,
    LoopFound,
    OperationClosed,
    RetryAfterJudged,
    RetryWaited,
)
from chaosproxy.core.failures import Course, FailureKind, Nature, Outcome, Phase, Reaction
from chaosproxy.core.purpose import PLAIN, Purpose, Role
from chaosproxy.profiles.models import Profile
from chaosproxy.recovery.following.records import Operation
from chaosproxy.recovery.following.tracker import Tracker

E = TypeVar("E", bound=Event)


class Ill(msgspec.Struct, frozen=True, kw_only=True):
    """A way for a call to fail: the outcome, what the tool did, and the fault behind it, if there is one."""

    outcome: Outcome
    truth: UpstreamTruth = UpstreamTruth.NOT_SENT
    status: int = 0
    first_byte: bool = True
    injection: Injection | None = None
    origin: Origin = Origin.UPSTREAM


def inject(fault: str, nature: Nature, *effects: Effect, phase: Phase = Phase.BEFORE_UPSTREAM) -> Injection:
    return Injection(f"the {fault} rule", fault, phase, nature, effects)


TRANSIENT = Nature(explicit=True, course=Course.TRANSIENT, healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY))
PERSISTENT = Nature(explicit=True, course=Course.PERSISTENT, healthy=(Reaction.STOP_AND_SAY,))
CONDITIONAL = Nature(explicit=True, course=Course.CONDITIONAL, healthy=(Reaction.REAUTHENTICATE,))
MENDABLE = Nature(explicit=True, course=Course.PERSISTENT, healthy=(Reaction.CHANGE_ARGUMENTS, Reaction.STOP_AND_SAY))
IMPLICIT = Nature(explicit=False, course=Course.TRANSIENT, healthy=(Reaction.RETRY,))

EXECUTED = UpstreamTruth.EXECUTED
BEFORE = Phase.BEFORE_UPSTREAM
AFTER = Phase.AFTER_UPSTREAM

LATENCY = inject("latency", TRANSIENT, Delay(2.0, BEFORE))
SPOIL = inject("malformed_json", IMPLICIT, Rewrite(lambda reply: reply, "spoil"), phase=AFTER)

THROTTLED = Ill(
    outcome=Outcome.THROTTLED,
    status=429,
    origin=Origin.INJECTED,
    injection=inject("rate_limit", TRANSIENT, Reject(FailureKind.RATE_LIMITED, BEFORE)),
)
BROKEN = Ill(
    outcome=Outcome.UNAVAILABLE,
    status=500,
    origin=Origin.INJECTED,
    injection=inject("server_error", TRANSIENT, Reject(FailureKind.SERVER_ERROR, BEFORE)),
)
DENIED = Ill(
    outcome=Outcome.DENIED,
    status=403,
    origin=Origin.INJECTED,
    injection=inject("permission_denied", PERSISTENT, Reject(FailureKind.PERMISSION_DENIED, BEFORE)),
)
EXPIRED = Ill(
    outcome=Outcome.AUTH,
    status=401,
    origin=Origin.INJECTED,
    injection=inject("token_expired", CONDITIONAL, Reject(FailureKind.TOKEN_EXPIRED, BEFORE)),
)
WRONG = Ill(
    outcome=Outcome.INVALID,
    status=422,
    origin=Origin.INJECTED,
    injection=inject("invalid_request", MENDABLE, Reject(FailureKind.INVALID_REQUEST, BEFORE)),
)
LIE = Ill(
    outcome=Outcome.OK,
    status=200,
    truth=EXECUTED,
    origin=Origin.INJECTED,
    injection=inject("wrong_values", IMPLICIT, Rewrite(lambda reply: reply, "lie", canaries=("c4n4ry",)), phase=AFTER),
)
GARBAGE = Ill(outcome=Outcome.MALFORMED, status=200, truth=EXECUTED, origin=Origin.INJECTED, injection=SPOIL)
REPLY_LOST = Ill(
    outcome=Outcome.RESET,
    truth=EXECUTED,
    first_byte=False,
    origin=Origin.INJECTED,
    injection=inject("connection_reset", TRANSIENT, Disconnect(Ending.RESET, AFTER), phase=AFTER),
)
HANGS = Ill(
    outcome=Outcome.AGENT_LEFT,
    first_byte=False,
    origin=Origin.INJECTED,
    injection=inject("timeout", TRANSIENT, Hang(300.0, BEFORE)),
)
HELD_UP = Ill(outcome=Outcome.TIMEOUT, first_byte=False, origin=Origin.INJECTED, injection=LATENCY)
LEFT = Ill(outcome=Outcome.AGENT_LEFT, truth=UpstreamTruth.SENT_UNKNOWN, first_byte=False)
DOWN = Ill(outcome=Outcome.UNAVAILABLE, status=503, truth=UpstreamTruth.SENT_UNKNOWN)
FORBIDDEN = Ill(outcome=Outcome.DENIED, status=403, truth=UpstreamTruth.REJECTED)
GATEWAY = Ill(outcome=Outcome.UNAVAILABLE, status=502, origin=Origin.PROXY)


class Asked:
    """A call in flight."""

    def __init__(self, talk: "Conversation", call: Call, match: Match) -> None:
        self._talk = talk
        self.call = call
        self.match = match

    @property
    def short(self) -> tuple[int, int, str]:
        """(operation, attempt, kind)."""
        return self.match.operation, self.match.attempt, str(self.match.kind)

    def gets_ok(
        self, *, after: float = 0.1, digest: str | None = None, replayed: bool = False, pending: bool = False
    ) -> None:
        """`after` seconds from now it is answered as it should be."""
        started = self._talk.now
        self._talk.wait(after)
        self.ends(
            QUIET,
            Answer(
                outcome=Outcome.OK,
                origin=Origin.UPSTREAM,
                truth=EXECUTED,
                status=200,
                first_byte=started,
                ended=self._talk.now,
                body_digest=digest,
                replayed=replayed,
                pending=pending,
            ),
        )

    def gets(
        self,
        ill: Ill,
        *,
        after: float = 0.1,
        retry_after: float | None = None,
        date: bool = False,
        **more: Any,  # noqa: ANN401 - any field of an answer
    ) -> None:
        """`after` seconds from now it fails; `date` if Retry-After is an HTTP date. `more` goes into the answer."""
        started = self._talk.now
        self._talk.wait(after)
        answer = Answer(
            outcome=ill.outcome,
            origin=ill.origin,
            truth=ill.truth,
            status=ill.status,
            first_byte=started if ill.first_byte else 0.0,
            ended=self._talk.now,
            hint=None if retry_after is None else Hint(retry_after, "retry-after", 1.0 if date else 0.0),
            left=ill.outcome is Outcome.AGENT_LEFT or ill.injection is LATENCY,
        )
        decision = QUIET if ill.injection is None else Decision(ill.injection.rule, (ill.injection,))
        self.ends(decision, replace(answer, **more))

    def ends(self, decision: Decision, answer: Answer) -> None:
        """Exactly so."""
        if decision.injections:
            self._talk.bus.publish(FaultInjected(self.call, decision))
        if answer.pending or answer.left:
            self._talk.tracker.ending(self.call, self.match, answer)
        event = CallAnswered(self.call, self.match, decision, answer)
        self._talk.bus.publish(event)
        self._talk.tracker.answered(event)


class Conversation:
    """What is said, in order; and what the tracker made of it."""

    def __init__(
        self, *, window: str = "10m", horizon: str = "15m", idle: str = "5m", more: dict[str, object] | None = None
    ) -> None:
        self.bus = Bus()
        self.now = 1_000.0
        self.events: list[Event] = []
        self.matches: list[Match] = []
        self._calls = 0
        settings = {"recovery": {"window": window, "horizon": horizon}, "sessions": {"idle": idle}}
        profile = Profile.model_validate({"version": 1, "name": "a conversation", **settings, **(more or {})})
        self.tracker = Tracker(profile, self._publish)

    def _publish(self, event: Event) -> None:
        self.events.append(event)
        self.bus.publish(event)

    def wait(self, seconds: float) -> None:
        """Nothing is said for a while."""
        self.now += seconds

    def ask(  # noqa: PLR0913 (a call has many sides, and a test names the one it is about)
        self,
        what: str = "find",
        *,
        run: str = "run-1",
        tool: str | None = None,
        effect: ToolEffect = ToolEffect.READ,
        key: str | None = None,
        token: str | None = "token-1",
        sdk: int = 0,
        body: object = None,
        at: str | None = None,
        purpose: Purpose = PLAIN,
        link: str | None = None,
        transport: str = "http",
    ) -> Asked:
        """The agent calls. `what` is the intention: the same `what`, the same fingerprint.

        `at` is where: `GET other/v1/things?limit=3` goes to the upstream `other`.
        """
        self._calls += 1
        tool = tool or what.split(" ", maxsplit=1)[0]
        method, _, target = (at or f"POST shop/{tool}").partition(" ")
        upstream, _, path = target.partition("/")
        path, _, query = path.partition("?")
        call = Call(
            number=self._calls,
            session=run,
            session_source="header:X-Session-Id",
            route=Route(
                upstream, tool, transport, method, f"{upstream}.test:80", f"/{path}", query, effect, touchable=True
            ),
            fingerprint=what,
            headers=(),
            received=self.now,
            body=body,
            operation_key=key,
            credential=token,
            sdk_retry=sdk,
            trace_id=f"trace-{self._calls}",
            purpose=purpose,
            link=link,
        )
        match = self.tracker.received(call)
        self.matches.append(match)
        self.bus.publish(CallReceived(call, match))
        return Asked(self, call, match)

    def prompt(self, *turns: str, model: str = "large", at: str = "POST llm/v1/chat", run: str = "run-1") -> Asked:
        """The agent asks a language model; `turns` are the messages so far."""
        conversation = " ".join(turns)
        purpose = Purpose(role=Role.MODEL, model=model, conversation=conversation, turns=turns)
        body = {"model": model, "messages": [{"content": turn} for turn in turns]}
        what = f"{at} {conversation}"
        return self.ask(what, tool="chat", at=at, effect=ToolEffect.WRITE, purpose=purpose, body=body, run=run)

    def aside(self, role: Role = Role.HOUSEKEEPING, *, at: str | None = None, opens: bool = False) -> Asked:
        """Something is called that nobody decided."""
        return self.ask("aside", tool="aside", at=at, purpose=Purpose(role=role, opens_session=opens))

    def write(self, what: str = "charge", *, key: str | None = None, run: str = "run-1") -> Asked:
        """The agent calls a tool whose every execution is an effect."""
        return self.ask(what, effect=ToolEffect.WRITE, key=key, run=run)

    def tick(self, after: float = 0.0) -> None:
        """Time is told to the tracker."""
        self.wait(after)
        self.tracker.tick(self.now)

    def end(self, run: str = "run-1") -> None:
        """The agent run is over."""
        self.tracker.end_session(run, self.now)

    def end_all(self) -> None:
        """The agent's process is over."""
        self.tracker.end_all(self.now)

    def stop(self) -> None:
        """We stop."""
        self.tracker.stop(self.now)

    def said(self, kind: type[E]) -> list[E]:
        """All events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def closed(self) -> EpisodeClosed:
        """The one episode that there was."""
        assert len(self.said(EpisodeOpened)) == 1
        (episode,) = self.said(EpisodeClosed)
        return episode

    @property
    def resolutions(self) -> list[str]:
        return [str(episode.resolution) for episode in self.said(EpisodeClosed)]

    @property
    def verdicts(self) -> list[str]:
        return [str(episode.verdict) for episode in self.said(EpisodeClosed)]

    @property
    def because(self) -> list[tuple[str, str]]:
        """(resolution, why it was judged as it was)."""
        return [(str(episode.resolution), str(episode.because)) for episode in self.said(EpisodeClosed)]

    @property
    def endings(self) -> Counter[tuple[str, int]]:
        """(resolution, attempts) of the episodes, as a multiset."""
        return Counter((str(episode.resolution), episode.attempts) for episode in self.said(EpisodeClosed))

    @property
    def retry_after(self) -> list[str]:
        return [str(judged.verdict) for judged in self.said(RetryAfterJudged)]

    @property
    def waits(self) -> list[tuple[str, float]]:
        """(layer, seconds) of the retries."""
        return [(str(waited.layer), round(waited.wait, 6)) for waited in self.said(RetryWaited)]

    @property
    def duplicates(self) -> int:
        """Executions beyond the first."""
        return sum(each.times for each in self.said(DuplicateEffect) if each.certainty is Certainty.CONFIRMED)

    @property
    def effects(self) -> list[tuple[int, str]]:
        """(call, certainty) of what was risked, done again or avoided."""
        return [(each.call.number, str(each.certainty)) for each in self.said(DuplicateEffect)]

    @property
    def keys(self) -> list[tuple[int, str]]:
        """(call, verdict) on explicit keys."""
        return [(each.call.number, str(each.verdict)) for each in self.said(KeyJudged)]

    @property
    def wasted(self) -> list[tuple[int, str]]:
        """(call, reason) of calls made in vain."""
        return [(each.call.number, str(each.reason)) for each in self.said(CallWasted)]

    @property
    def loops(self) -> list[str]:
        return [str(each.kind) for each in self.said(LoopFound)]

    @property
    def operations(self) -> list[tuple[str, int]]:
        """(result, attempts) of the operations that met a failure or were cut off."""
        return [(str(operation.result), operation.attempts) for operation in self.said(OperationClosed)]

    @property
    def clean(self) -> int:
        """Operations that met no failure."""
        return sum(self.tracker.clean_operations.values())

    @property
    def kinds(self) -> list[str]:
        """What the calls were, in order of their arrival."""
        return [str(match.kind) for match in self.matches]

    def operation(self, number: int) -> Operation | None:
        """What the tracker remembers of an operation that waits or is in flight."""
        for session in self.tracker._sessions.values():
            for operation in self.tracker._book.open_in(session):
                if operation.number == number:
                    return operation
        return None
