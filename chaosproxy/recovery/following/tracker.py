"""The recovery tracker: hears of every call twice, when it arrives and when it is over, and says how the agent coped.

Everything is kept by session; there are no global flags, so sessions cannot disturb each other. A clean call touches a
few dicts and publishes nothing: it is counted in `clean_operations`, and an `OperationClosed` is published only for an
operation that met a failure. Time comes in with the calls and with `tick`. Must not know wires, metrics or clocks.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from chaosproxy.core.answer import Answer
from chaosproxy.core.call import Call, CallKind, Layer, Match, ToolEffect
from chaosproxy.core.conclusions import Certainty, KeyVerdict, LoopKind, WasteReason
from chaosproxy.core.events import CallAnswered, CallWasted, DuplicateEffect, Event, KeyJudged, LoopFound
from chaosproxy.core.failures import Outcome
from chaosproxy.core.purpose import PLAIN, Role
from chaosproxy.profiles.models import Profile
from chaosproxy.recovery.following.aftermath import Aftermath
from chaosproxy.recovery.following.alternatives import Alternatives
from chaosproxy.recovery.following.bystanders import note_bystander
from chaosproxy.recovery.following.causes import delivered, lied
from chaosproxy.recovery.following.counts import count_at
from chaosproxy.recovery.following.episodes import Episodes
from chaosproxy.recovery.following.hedges import lost_a_hedge
from chaosproxy.recovery.following.loops import Loops
from chaosproxy.recovery.following.matcher import (
    FIRST,
    NEW,
    SAME_KEY,
    Found,
    Matcher,
    key_of,
    misused,
    of_its_own,
)
from chaosproxy.recovery.following.records import NEVER, Operation, Session, Twins
from chaosproxy.recovery.following.repeats import Repeat, note, wants_watch
from chaosproxy.recovery.following.retries import Retries, layer_of
from chaosproxy.recovery.following.sessions import Sessions
from chaosproxy.recovery.following.thinking import Thinking
from chaosproxy.recovery.following.tools import Tools
from chaosproxy.recovery.following.writes import Writes

FAILURES = 1_000
"""Unresolved failures remembered in a session."""
KEYS = 10_000
"""Explicit operation keys remembered in a session."""

OK: Final = Outcome.OK
READ: Final = ToolEffect.READ
WRITE: Final = ToolEffect.WRITE
NOBODY: Final = Layer.NONE
MODEL: Final = Role.MODEL
TOOL: Final = Role.TOOL
HEDGE: Final = CallKind.HEDGE
NEWS: Final = (FIRST, NEW)
"""Looked up once: an enum member costs more than a global, and every call asks."""


class Tracker:
    """Turns calls into operations, episodes and sessions. `publish` must be quick and must not call back."""

    def __init__(self, profile: Profile, publish: Callable[[Event], None]) -> None:
        settings = profile.recovery
        tools = Tools(profile)
        self._publish = publish
        self._retries = Retries(settings.retry_budget, publish)
        self._first = self._retries.first
        self._episodes = Episodes(settings, tools, self._retries, publish)
        self._aftermath = Aftermath(tools, self._episodes, publish)
        self._matcher = Matcher(Alternatives(tools))
        self._loops = Loops(settings.loop)
        self._pace = self._loops.pace
        self._writes = Writes()
        self._book = Sessions(profile.sessions.idle, self._episodes, publish)
        self._sessions: OrderedDict[str, Session] = self._book.known
        self._running_on: dict[int, Operation] = {}
        """By number: calls that the agent has left, and whose tool is not done."""
        self._numbered = 0
        self.before_twin: Callable[[tuple[int, ...], float], None] = _nobody_has_left
        """Told the equal calls in flight when another arrives, and when: who hears only now that the agent has left one
        tells us so at once. Else its retry would be taken for its twin."""
        self.clean_operations: dict[str, int] = {}
        """Operations by tool that ended without ever meeting a failure. Whoever counts operations adds these."""

    @property
    def open_episodes(self) -> int:
        """Episodes that are not decided yet."""
        return self._episodes.open

    @property
    def active_sessions(self) -> int:
        """Sessions that are not over."""
        return len(self._sessions)

    @property
    def forgotten(self) -> int:
        """Sessions, failures, keys and false values that were dropped because there were too many."""
        return self._book.forgotten

    def received(self, call: Call) -> Match:
        """A call arrived; which operation it belongs to. To be called once a call, in order of arrival."""
        session = self._sessions.get(call.session)
        if session is None:
            session = self._book.begin(call)
        else:
            self._sessions.move_to_end(call.session)
        session.calls += 1
        session.last = session.last_call = call.received
        if session.calls % self._pace == 0:
            self._tell_loop(session, self._loops.paced(session.loops, call))
        if call.purpose is not PLAIN and not _takes_part(session, call):
            return Match(0, 1, CallKind.NONE, NOBODY, 0)
        twins = session.flying.get(call.fingerprint)
        if twins is not None:
            self.before_twin(tuple(twins.operations), call.received)
            twins = session.flying.get(call.fingerprint)
        repeat = session.repeats.get(call.fingerprint) if session.repeats is not None else None
        if session.trouble is None and call.operation_key is None and call.sdk_retry == 0:
            # There is nothing that it could be a further attempt of, so rules 3, 4 and 5 are all that is left.
            plain = repeat is None and twins is None and call.purpose is PLAIN
            kind, rule = NEWS if plain else of_its_own(call, twins, repeat)
            number = self._begin(session, call, twins).number
            match = Match(number, 1, kind, NOBODY, rule, 0, repeat is not None and wants_watch(repeat))
            after_success = False
        else:
            found = self._matcher.find(session, call, twins, repeat)
            after_success = _is_after_success(session, call, found)
            match = self._place(session, call, twins, found, repeat is not None and wants_watch(repeat))
            if session.trouble is not None:
                self._aftermath.heard(session.trouble, call)
        if after_success or session.loops.found or session.thinking is not None:
            self._look_for_loops(session, call, match, after_success)
        return match

    def ending(self, call: Call, match: Match, answer: Answer) -> None:
        """To be told first when the agent left a call, or was told `not done yet`: only now is it known what it was."""
        if answer.pending:
            # The first look at something is never watched, so a second one may turn out to have been a poll.
            if match.watch and match.kind is FIRST:
                match.kind = CallKind.POLL
            return
        session = self._sessions.get(call.session)
        twins = None if session is None else session.flying.get(call.fingerprint)
        operation = None if twins is None else twins.operations.get(call.number)
        if twins is not None and operation is not None and lost_a_hedge(operation, twins, call, answer):
            match.kind = HEDGE

    def left(self, event: CallAnswered) -> None:
        """The agent left a call whose tool runs on: it has failed, and may be made again before the tool is done.

        The answer is what there is to say so far; `answered` is told of the end, and learns what the tool did.
        """
        self.ending(event.call, event.match, event.answer)
        session = self._sessions.get(event.call.session)
        operation = None if session is None else self._over(session, event, done=False)
        if operation is not None:
            self._running_on[event.call.number] = operation

    def answered(self, event: CallAnswered) -> None:
        """A call is over. One whose session has ended in the meantime is past judging, and is ignored."""
        call = event.call
        if self._running_on and call.number in self._running_on:
            self._count_executions(self._running_on.pop(call.number), call, event.answer)
            return
        session = self._sessions.get(call.session)
        if session is None:
            self._count_straggler(event)
            return
        if event.match.operation == 0:
            note_bystander(session, call, event.answer)
            return
        self._over(session, event, done=True)

    def _over(self, session: Session, event: CallAnswered, *, done: bool) -> Operation | None:
        """For the agent a call is over, and for the tool if it is `done`; the operation, if the call was in flight."""
        call, answer = event.call, event.answer
        twins = session.flying.get(call.fingerprint)
        operation = twins.operations.pop(call.number, None) if twins is not None else None
        if twins is None or operation is None:
            return None
        if not twins.operations:
            del session.flying[call.fingerprint]
        session.last = max(session.last, answer.ended)
        operation.flying -= 1
        well = answer.outcome is OK or delivered(answer)
        if well:
            twins.answered += 1
            twins.delivered = answer.ended
        if session.thinking is not None and call.purpose.role is MODEL:
            session.thinking.ended(answer.ended, well=well)
        elif done and call.route.effect is WRITE:
            self._count_executions(operation, call, answer)
        if well and operation.episode is None and session.trouble is None and not event.decision.injections:
            self._succeeded(session, operation, event)
        else:
            self._judge(session, operation, event, well)
        return operation

    def tick(self, now: float) -> None:
        """Time has passed: give up what is due and end the sessions that are idle with nothing left to recover."""
        self._episodes.expire(now)
        self._book.end_idle(now)

    def end_session(self, session: str, now: float) -> None:
        """The agent run is over: what waits is given up, what is in flight is censored. Unknown names are ignored."""
        known = self._sessions.get(session)
        if known is not None:
            self._book.end_by_its_word(known, now)

    def end_all(self, now: float) -> None:
        """The agent is gone: all its runs are over."""
        for session in list(self._sessions.values()):
            self._book.end_by_its_word(session, now)

    def stop(self, now: float) -> None:
        """We stop: everything that is not decided is censored, and all sessions end."""
        for session in list(self._sessions.values()):
            self._book.end(session, now)

    def _place(self, session: Session, call: Call, twins: Twins | None, found: Found, watch: bool) -> Match:
        """Make the call an attempt of the operation that was found, or of a new one."""
        operation, kind, rule = found
        if call.operation_key is not None and rule != SAME_KEY and misused(session, call):
            self._publish(KeyJudged(call, KeyVerdict.MISUSE))
        if operation is None:
            return Match(self._begin(session, call, twins).number, 1, kind, NOBODY, rule, 0, watch)
        episode = operation.episode
        follows = operation.latest if episode is None else episode.last.number
        layer = layer_of(session, call, operation.delivered if episode is None else episode.last.ended)
        self._join(operation, call, twins, kind, layer)
        return Match(operation.number, operation.attempts, kind, layer, rule, follows, watch)

    def _begin(self, session: Session, call: Call, twins: Twins | None) -> Operation:
        """A new operation."""
        self._numbered += 1
        session.operations += 1
        route = call.route
        operation = Operation(self._numbered, session, route, call.fingerprint)
        self._first(route.tool, call.received)
        self._fly(operation, call, twins)
        return operation

    def _join(self, operation: Operation, call: Call, twins: Twins | None, kind: CallKind, layer: Layer) -> None:
        """A further attempt."""
        self._retries.came(operation, call, kind)
        if operation.episode is not None:
            self._episodes.began(operation, operation.episode, call, kind, layer)
        operation.goes_by(call.fingerprint)
        operation.attempts += 1
        operation.flying += 1
        self._fly(operation, call, twins)

    def _fly(self, operation: Operation, call: Call, twins: Twins | None) -> None:
        session = operation.session
        operation.latest = call.number
        if twins is None:
            session.flying[call.fingerprint] = Twins({call.number: operation})
        else:
            twins.operations[call.number] = operation
        if call.operation_key is not None:
            self._remember_key(session, operation, call)

    def _remember_key(self, session: Session, operation: Operation, call: Call) -> None:
        if operation.attempts == 1:
            operation.key = call.operation_key
        keys = session.keys
        if keys is None:
            keys = session.keys = {}
        key = key_of(call)
        known = keys.get(key)
        if known is not None and known[0] != call.fingerprint:
            key = f"{key} {call.fingerprint}"
        keys[key] = (call.fingerprint, operation)
        if len(keys) > KEYS:
            self._book.forget(session, 1)
            del keys[next(iter(keys))]

    def _look_for_loops(self, session: Session, call: Call, match: Match, after_success: bool) -> None:
        """See whether the call is a turn of a loop, and say so if it was made in vain."""
        memory = session.loops
        if self._loops.turns(memory, call) or after_success:
            reason = WasteReason.AFTER_SUCCESS if after_success else WasteReason.LOOP
            trouble = session.trouble
            suspect = trouble.suspects.get(call.number) if trouble is not None else None
            if suspect is not None:
                suspect.otherwise = reason
            else:
                self._publish(CallWasted(call, reason))
        if session.thinking is not None:
            self._tell_loop(session, self._loops.arrived(memory, call, match))

    def _tell_loop(self, session: Session, found: LoopFound | None) -> None:
        if found is None:
            return
        self._publish(found)
        if found.kind is LoopKind.RATE:
            return
        numbers = set(found.calls)
        for operation in self._book.open_in(session):
            episode = operation.episode
            if episode is not None and not numbers.isdisjoint(episode.calls):
                episode.looped = True

    def _count_executions(self, operation: Operation, call: Call, answer: Answer) -> None:
        if call.route.effect is not WRITE or call.purpose.role is MODEL:
            return
        times = self._writes.executed_again(operation, call, answer)
        if times:
            self._publish(DuplicateEffect(call, Certainty.CONFIRMED, operation.number, times))
        elif self._writes.replay:
            self._aftermath.replayed(operation, call)

    def _judge(self, session: Session, operation: Operation, event: CallAnswered, well: bool) -> None:
        """What the end of an attempt means for its operation."""
        call, answer = event.call, event.answer
        if session.trouble is not None and session.trouble.suspects:
            self._aftermath.settle(session.trouble, call, answer, well=well)
        if well and (not event.decision.injections or lied(event.decision, answer) is None):
            self._succeeded(session, operation, event)
        elif event.match.kind is HEDGE:
            # It asked for nothing that its twin did not ask for: the intention is its twin's.
            session.operations -= 1
            operation.settled = operation.attempts
        elif operation.episode is not None or operation.delivered < call.received:
            self._failed(session, operation, event, well)

    def _succeeded(self, session: Session, operation: Operation, event: CallAnswered) -> None:
        call = event.call
        if operation.episode is not None:
            self._episodes.succeeded(operation, operation.episode, event)
        elif not operation.settled:
            self._count_clean(operation)
        operation.settled = operation.attempts
        operation.delivered = event.answer.ended
        session.succeeded = call.fingerprint
        repeat: Repeat | None = None
        if call.route.effect is READ:
            if session.repeats is None:
                session.repeats = {}
            repeat = note(session.repeats, call, event.answer)
            if session.trouble is not None and session.trouble.doubts:
                self._aftermath.showed(session.trouble, call)
        found = self._loops.delivered(session.loops, call, event.match, repeat)
        if found is not None:
            self._tell_loop(session, found)

    def _failed(self, session: Session, operation: Operation, event: CallAnswered, well: bool) -> None:
        """An attempt failed; or its answer, that the agent takes for a good one (`well`), is a lie."""
        episode = self._episodes.failed(operation, event)
        trouble = session.trouble
        if trouble is not None and well:
            self._book.forget(session, self._aftermath.planted(trouble, episode, event))
        elif not well:
            ended = event.answer.ended
            found = self._loops.failed(session.loops, event.call, event.match, ended, episode.waits)
            self._tell_loop(session, found)
        if trouble is not None and len(trouble.waiting) > FAILURES:
            self._book.forget_oldest_failure(session, event.answer.ended)

    def _count_straggler(self, event: CallAnswered) -> None:
        """A call outlived its session: its operation is clean if it was answered well, and else it is not known."""
        match = event.match
        if match.operation and match.attempt == 1 and delivered(event.answer):
            count_at(self.clean_operations, event.call.route.tool)

    def _count_clean(self, operation: Operation) -> None:
        """Count an operation that ended without a failure, once: not again for a late duplicate of it."""
        if not operation.settled:
            operation.settled = operation.attempts
            count_at(self.clean_operations, operation.route.tool)


def _nobody_has_left(_calls: tuple[int, ...], _now: float) -> None:
    """Whoever has left has been told of."""


def _takes_part(session: Session, call: Call) -> bool:
    """Did somebody decide the call? If a language model is asked, its time begins."""
    role = call.purpose.role
    if role is TOOL:
        return True
    if role is MODEL:
        if session.thinking is None:
            session.thinking = Thinking()
        session.thinking.began(call.received)
    return role.takes_part


def _is_after_success(session: Session, call: Call, found: Found) -> bool:
    """Is it a late duplicate of what has succeeded?"""
    operation, _, rule = found
    if operation is None:
        return call.sdk_retry > 0 and session.succeeded == call.fingerprint
    if rule != SAME_KEY or operation.episode is not None:
        return False
    return operation.delivered > NEVER and operation.settled == operation.attempts
