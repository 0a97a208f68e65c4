"""The recovery tracker: hears of every call twice, when it arrives and when it is over, and says how the agent coped.

Everything is kept by session; there are no global flags, so sessions cannot disturb each other. A clean call touches a
few dicts and publishes nothing: it is counted in `clean_operations`, and an `OperationClosed` is published only for an
operation that met a failure. Time comes in with the calls and with `tick`. Must not know wires, metrics or clocks.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from chaosproxy.core.call import Call, CallKind, Layer, Match, ToolEffect
from chaosproxy.core.events import CallAnswered, DuplicateEffect, Event, OperationClosed, OperationResult, SessionEnded
from chaosproxy.core.failures import Outcome
from chaosproxy.profiles.models import Recovery, Sessions
from chaosproxy.recovery.causes import delivered
from chaosproxy.recovery.episodes import Episodes
from chaosproxy.recovery.matcher import IN_FLIGHT, NEW, find
from chaosproxy.recovery.records import Operation, Session, Twins
from chaosproxy.recovery.writes import executed_again

SESSIONS = 100_000
"""Sessions remembered at once. Beyond that the one whose last call is longest ago is forgotten."""
FAILURES = 1_000
"""Unresolved failures remembered in a session."""
KEYS = 10_000
"""Explicit operation keys remembered in a session."""
TOOLS = 1_000
"""Tools that clean operations are counted by; those of further tools are counted together."""
OTHER_TOOLS = "_other"

OK: Final = Outcome.OK
WRITE: Final = ToolEffect.WRITE
FIRST: Final = CallKind.FIRST
PARALLEL: Final = CallKind.PARALLEL
NOBODY: Final = Layer.NONE
"""Looked up once: an enum member costs more than a global, and every call asks."""

HEDGE_SECONDS = 1.0
"""A client drops a hedge's loser when the winner has answered. Later than this it left for a reason of its own."""


class Tracker:
    """Turns calls into operations, episodes and sessions. `publish` must be quick and must not call back."""

    def __init__(self, settings: Recovery, sessions: Sessions, publish: Callable[[Event], None]) -> None:
        self._idle = sessions.idle
        self._publish = publish
        self._episodes = Episodes(settings, publish)
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._numbered = 0
        self.clean_operations: dict[str, int] = {}
        """Operations by tool that ended without ever meeting a failure. Whoever counts operations adds these."""
        self.forgotten = 0
        """Sessions, failures and keys that were dropped because there were too many; their episodes are censored."""

    @property
    def open_episodes(self) -> int:
        """Episodes that are not decided yet."""
        return self._episodes.open

    @property
    def active_sessions(self) -> int:
        """Sessions that are not over."""
        return len(self._sessions)

    def received(self, call: Call) -> Match:
        """A call arrived; which operation it belongs to. To be called once a call, in order of arrival."""
        session = self._sessions.get(call.session)
        if session is None:
            session = self._begin_session(call)
        else:
            self._sessions.move_to_end(call.session)
        session.calls += 1
        session.last = session.last_call = call.received
        twins = session.flying.get(call.fingerprint)
        if call.operation_key is None and not session.waiting and call.sdk_retry == 0:
            return self._begin(session, call, twins, NEW if twins is None else IN_FLIGHT)
        operation, rule = find(session, call, twins)
        if operation is None:
            return self._begin(session, call, twins, rule)
        return self._join(operation, call, twins, rule)

    def answered(self, event: CallAnswered) -> None:
        """A call is over. One whose session has ended in the meantime is past judging, and is ignored."""
        call, answer = event.call, event.answer
        session = self._sessions.get(call.session)
        twins = session.flying.get(call.fingerprint) if session is not None else None
        operation = twins.operations.pop(call.number, None) if twins is not None else None
        if session is None or twins is None or operation is None:
            return
        if not twins.operations:
            del session.flying[call.fingerprint]
        session.last = max(session.last, answer.ended)
        operation.flying -= 1
        if call.route.effect is WRITE and executed_again(operation, call, answer):
            self._publish(DuplicateEffect(call, "confirmed"))
        if answer.outcome is OK or delivered(answer):
            twins.delivered = answer.ended
            self._succeeded(operation, event)
        elif _lost_a_hedge(operation, twins, event):
            self._count_clean(operation)
        elif operation.episode is not None or operation.delivered < call.received:
            self._episodes.failed(operation, event)
            if len(session.waiting) > FAILURES:
                self._forget_oldest_failure(session, answer.ended)

    def tick(self, now: float) -> None:
        """Time has passed: give up what is due and end the sessions that are idle with nothing left to recover."""
        self._episodes.expire(now)
        idle_since = now - self._idle
        over = []
        for session in self._sessions.values():
            if session.last_call > idle_since:
                break
            if session.last <= idle_since and not session.flying and not session.waiting:
                over.append(session)
        for session in over:
            self._end(session, session.last)

    def end_session(self, session: str, now: float) -> None:
        """The agent run is over: what waits is given up, what is in flight is censored. Unknown names are ignored."""
        known = self._sessions.get(session)
        if known is not None:
            self._give_up_waiting(known, now)
            self._end(known, now)

    def stop(self, now: float) -> None:
        """We stop: everything that is not decided is censored, and all sessions end."""
        for session in list(self._sessions.values()):
            self._end(session, now)

    def _begin_session(self, call: Call) -> Session:
        if len(self._sessions) >= SESSIONS:
            self.forgotten += 1
            self._end(next(iter(self._sessions.values())), call.received)
        session = self._sessions[call.session] = Session(call.session, call.session_source, call.received)
        return session

    def _begin(self, session: Session, call: Call, twins: Twins | None, rule: int) -> Match:
        """A new operation."""
        self._numbered = number = self._numbered + 1
        session.operations += 1
        operation = Operation(number, session, call.route.tool, call.fingerprint)
        self._fly(operation, call, twins)
        return Match(number, 1, FIRST if rule == NEW else PARALLEL, NOBODY, rule)

    def _join(self, operation: Operation, call: Call, twins: Twins | None, rule: int) -> Match:
        """A further attempt."""
        if operation.episode is not None:
            self._episodes.began(operation, operation.episode, call)
        operation.attempts += 1
        operation.flying += 1
        self._fly(operation, call, twins)
        layer = Layer.SDK if call.sdk_retry > 0 else Layer.UNKNOWN
        return Match(operation.number, operation.attempts, CallKind.RETRY, layer, rule)

    def _fly(self, operation: Operation, call: Call, twins: Twins | None) -> None:
        session = operation.session
        if twins is None:
            session.flying[call.fingerprint] = Twins({call.number: operation})
        else:
            twins.operations[call.number] = operation
        if call.operation_key is not None:
            session.keys[call.operation_key, call.fingerprint] = operation
            if len(session.keys) > KEYS:
                self.forgotten += 1
                del session.keys[next(iter(session.keys))]

    def _succeeded(self, operation: Operation, event: CallAnswered) -> None:
        if operation.episode is not None:
            self._episodes.succeeded(operation, operation.episode, event)
        else:
            self._count_clean(operation)
        operation.settled = operation.attempts
        operation.delivered = event.answer.ended

    def _count_clean(self, operation: Operation) -> None:
        """Count an operation that ended without a failure, once: not again for a late duplicate of it."""
        if operation.settled:
            return
        operation.settled = operation.attempts
        counts = self.clean_operations
        tool = operation.tool
        if tool in counts:
            counts[tool] += 1
        elif len(counts) < TOOLS:
            counts[tool] = 1
        else:
            counts[OTHER_TOOLS] = counts.get(OTHER_TOOLS, 0) + 1

    def _forget_oldest_failure(self, session: Session, now: float) -> None:
        operation = next(iter(session.waiting.values()))
        if operation.episode is not None:
            self.forgotten += 1
            self._episodes.censor(operation, operation.episode, now)

    def _give_up_waiting(self, session: Session, now: float) -> None:
        for operation in list(session.waiting.values()):
            if operation.episode is not None:
                self._episodes.give_up(operation, operation.episode, now)

    def _end(self, session: Session, now: float) -> None:
        """Forget a session; whatever is still open in it is censored."""
        del self._sessions[session.name]
        flying = {o.number: o for twins in session.flying.values() for o in twins.operations.values()}
        for operation in [*session.waiting.values(), *flying.values()]:
            if operation.episode is not None:
                self._episodes.censor(operation, operation.episode, now)
            elif not operation.settled:
                self._publish(
                    OperationClosed(session.name, operation.tool, OperationResult.CENSORED, operation.attempts)
                )
        session.flying.clear()
        session.keys.clear()
        self._publish(
            SessionEnded(
                session=session.name,
                source=session.source,
                calls=session.calls,
                operations=session.operations,
                episodes=session.episodes,
                started=session.started,
                ended=now,
            )
        )


def _lost_a_hedge(operation: Operation, twins: Twins, event: CallAnswered) -> bool:
    """Was a clean attempt dropped because its twin, in flight at the same time, had just answered?"""
    return (
        event.answer.outcome is Outcome.AGENT_LEFT
        and operation.episode is None
        and event.call.received <= twins.delivered
        and event.answer.ended - twins.delivered <= HEDGE_SECONDS
    )
