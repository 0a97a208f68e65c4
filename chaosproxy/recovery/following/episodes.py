"""Episodes: opened by an operation's first failure, moved along the table of `transitions`, closed by one resolution.

Keeps the waiting ones in the order of their failures, so that a tick touches those that are due and no other. Must not
know how calls are matched or when a session is over.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from chaosproxy.core.call import Call, CallKind, Layer
from chaosproxy.core.events import CallAnswered, EpisodeOpened, Event, Resolution, RetryAfterVerdict
from chaosproxy.core.failures import Outcome
from chaosproxy.profiles.models import Recovery
from chaosproxy.recovery.following.causes import Cause, cause_of
from chaosproxy.recovery.following.endings import step_of_success, tell_end, tell_of_hint
from chaosproxy.recovery.following.episode import Episode, Failure
from chaosproxy.recovery.following.failures import failure_of, note_failure, opened_by
from chaosproxy.recovery.following.hints import visible
from chaosproxy.recovery.following.limits import Limit, broken_by, drop_over, remember
from chaosproxy.recovery.following.records import Operation, Trouble
from chaosproxy.recovery.following.retries import Retries
from chaosproxy.recovery.following.tools import Tools
from chaosproxy.recovery.following.transitions import ENDINGS, MOVES, State, Step, leaving
from chaosproxy.recovery.following.waiting import start_waiting, stop_waiting

CALLS = 64
"""Attempts whose numbers are remembered of an episode, the first."""

THROTTLED: Final = Outcome.THROTTLED
WAITING: Final = State.WAITING
TRYING: Final = State.TRYING
BEGAN: Final = Step.BEGAN
FAILED: Final = Step.FAILED
FAILED_OTHERS_ON: Final = Step.FAILED_OTHERS_ON
"""Looked up once: an enum member costs more than a global, and every failure asks."""


class Episodes:
    """All open episodes of all sessions."""

    def __init__(self, settings: Recovery, tools: Tools, retries: Retries, publish: Callable[[Event], None]) -> None:
        self._window = settings.window
        self._horizon = settings.horizon
        self._tools = tools
        self._retries = retries
        self._publish = publish
        self._waiting: OrderedDict[int, Operation] = OrderedDict()
        self._patient: dict[int, Operation] = {}
        """Those that have waited for a horizon because they were asked to wait longer; few, so a tick looks at each."""
        self._numbered = 0
        self.open = 0
        """Episodes that are not decided yet."""

    def failed(self, operation: Operation, event: CallAnswered) -> Episode:
        """An attempt of the operation, no longer in flight, failed, or got an answer that lies."""
        cause = cause_of(event.decision, event.answer)
        session = operation.session
        failure = failure_of(session, event, cause, self._tools)
        episode = operation.episode or self._opened(operation, event, cause, failure)
        ended = event.answer.ended
        if episode.state is TRYING and ended > episode.busy_since:
            episode.service += ended - episode.busy_since
        note_failure(episode, event, failure, self._window)
        trouble = self._enter(operation, episode)
        if event.answer.outcome is THROTTLED:
            self._judge_limit(trouble, operation, episode, event)
        episode.state = MOVES[episode.state, FAILED_OTHERS_ON if operation.flying else FAILED]
        if episode.state is WAITING:
            self._waiting[operation.number] = operation
            start_waiting(trouble, operation, episode)
        else:
            episode.busy_since = ended
        return episode

    def began(self, operation: Operation, episode: Episode, call: Call, kind: CallKind, layer: Layer) -> None:
        """Another attempt of an operation whose episode is open arrived."""
        thought = self._retries.came_back(operation, episode, call, kind, layer)
        if episode.state is WAITING:
            self._stop_waiting(operation, episode)
            episode.wait += max(0.0, call.received - episode.last.ended) - thought
            episode.thinking += thought
            episode.busy_since = call.received
        if len(episode.calls) < CALLS:
            episode.calls.append(call.number)
        episode.state = MOVES[episode.state, BEGAN]

    def succeeded(self, operation: Operation, episode: Episode, event: CallAnswered) -> None:
        """An attempt of an operation whose episode is open gave the agent what it wanted."""
        ended = event.answer.ended
        if ended > episode.busy_since:
            episode.service += ended - episode.busy_since
        step = step_of_success(operation, episode, event.call)
        self._close(operation, ENDINGS[episode.state, step], ended, event.call.number)

    def give_up(self, operation: Operation, episode: Episode, now: float) -> None:
        """The agent will not come back to a waiting operation."""
        attempts = operation.attempts - operation.settled
        step = leaving(episode.last.nature, attempts, looped=episode.looped, noticed=episode.noticed)
        self._close(operation, ENDINGS[episode.state, step], now, episode.followed)

    def escalate(self, operation: Operation, episode: Episode, call: Call) -> None:
        """The agent told a human by this call, instead of coming back to a waiting operation."""
        self._close(operation, ENDINGS[episode.state, Step.ESCALATED], call.received, call.number)

    def censor(self, operation: Operation, episode: Episode, now: float) -> None:
        """We stop watching the operation, whatever it is doing."""
        self._close(operation, ENDINGS[episode.state, Step.STOPPED], now, 0)

    def expire(self, now: float) -> None:
        """Give up the episodes whose last failure is a horizon ago, or the end of the wait that was asked for.

        Who was asked to wait for an hour has not given up after a quarter of it.
        """
        for operation in list(self._patient.values()):
            episode = operation.episode
            if episode is not None and self._due(episode) <= now:
                self.give_up(operation, episode, now)
        while self._waiting:
            operation = next(iter(self._waiting.values()))
            episode = operation.episode
            assert episode is not None, "what waits has an episode"
            if episode.last.ended + self._horizon > now:
                return
            if self._due(episode) <= now:
                self.give_up(operation, episode, now)
            else:
                self._patient[operation.number] = self._waiting.pop(operation.number)

    def _due(self, episode: Episode) -> float:
        """When the agent will be taken to have given up, unless it comes back."""
        asked = episode.last.ended if episode.hint is None else episode.hinted_at + episode.hint.seconds
        return max(asked, episode.last.ended) + self._horizon

    def _opened(self, operation: Operation, event: CallAnswered, cause: Cause, failure: Failure) -> Episode:
        self._numbered += 1
        self.open += 1
        session = operation.session
        session.episodes += 1
        operation.episode = opened_by(self._numbered, operation, event, cause, failure)
        self._publish(EpisodeOpened(self._numbered, session.name, operation.route.tool, cause.fault))
        return operation.episode

    @staticmethod
    def _enter(operation: Operation, episode: Episode) -> Trouble:
        """The session's trouble, with this failure in it."""
        session = operation.session
        trouble = session.trouble
        if trouble is None:
            trouble = session.trouble = Trouble()
        trouble.moved_on = False
        trouble.unfollowed.append(episode)
        if episode.doubt is not None:
            trouble.doubts[operation.number] = operation
        return trouble

    def _stop_waiting(self, operation: Operation, episode: Episode) -> None:
        if self._patient.pop(operation.number, None) is None:
            del self._waiting[operation.number]
        trouble = operation.session.trouble
        assert trouble is not None, "where something waits there is trouble"
        stop_waiting(trouble, operation, episode)

    def _judge_limit(self, trouble: Trouble, operation: Operation, episode: Episode, event: CallAnswered) -> None:
        """Was a request to wait broken that another operation was told of? And this one's counts for others."""
        call, hint = event.call, event.answer.hint
        upstream = call.route.upstream
        # Who came back as its own hint had asked is not blamed for another's.
        if trouble.limits and episode.answered_hint != call.number:
            broken = broken_by(trouble.limits, upstream, operation.number, call.received)
            if broken is not None:
                came = (call.received - broken.given, call.number)
                tell_of_hint(self._publish, operation, RetryAfterVerdict.BREACH_OTHER, broken.hint, came)
        if hint is not None and hint.seconds > 0 and visible(hint, call.route.transport):
            remember(trouble.limits, upstream, Limit(operation.number, hint, event.answer.ended))

    def _close(self, operation: Operation, resolution: Resolution, now: float, ended_by: int) -> None:
        episode = operation.episode
        assert episode is not None, "only what is open is closed"
        if episode.state is WAITING:
            self._stop_waiting(operation, episode)
        self.open -= 1
        tell_end(self._publish, operation, episode, resolution, (now, ended_by))
        operation.episode = None
        operation.settled = operation.attempts
        trouble = operation.session.trouble
        if trouble is not None:
            trouble.doubts.pop(operation.number, None)
            if trouble.limits:
                drop_over(trouble.limits, now)
            if trouble.over():
                operation.session.trouble = None
