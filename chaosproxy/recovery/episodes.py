"""Episodes: opened by an operation's first failure, moved along the table of `transitions`, closed by one resolution.

Keeps the waiting ones in the order of their failures, so that a tick touches those that are due and no other. Must not
know how calls are matched or when a session is over.
"""

from collections import OrderedDict
from collections.abc import Callable

from chaosproxy.core.call import Call, Layer
from chaosproxy.core.events import (
    CallAnswered,
    EpisodeClosed,
    EpisodeOpened,
    Event,
    OperationClosed,
    OperationResult,
    Resolution,
    RetryAfterJudged,
    RetryAfterVerdict,
    RetryWaited,
)
from chaosproxy.core.failures import Outcome
from chaosproxy.profiles.models import Recovery
from chaosproxy.recovery.causes import Cause, cause_of
from chaosproxy.recovery.hints import judge_wait
from chaosproxy.recovery.records import Episode, Operation
from chaosproxy.recovery.transitions import ENDINGS, MOVES, State, Step, leaving
from chaosproxy.recovery.verdicts import cannot_work_unchanged, conduct_of, verdict_on
from chaosproxy.recovery.writes import in_doubt


class Episodes:
    """All open episodes of all sessions."""

    def __init__(self, settings: Recovery, publish: Callable[[Event], None]) -> None:
        self._window = settings.window
        self._horizon = settings.horizon
        self._publish = publish
        self._waiting: OrderedDict[int, Operation] = OrderedDict()
        self._numbered = 0
        self.open = 0
        """Episodes that are not decided yet."""

    def failed(self, operation: Operation, event: CallAnswered) -> None:
        """An attempt of the operation, no longer in flight, failed."""
        cause = cause_of(event.decision, event.answer)
        episode = operation.episode or self._opened(operation, event, cause)
        ended = event.answer.ended
        if episode.state is State.TRYING:
            episode.service += max(0.0, ended - episode.busy_since)
        _note_failure(episode, event, cause)
        longest_wait = max(self._window, 3 * episode.hint.seconds if episode.hint is not None else 0.0)
        episode.retry_until = ended + longest_wait
        episode.state = MOVES[episode.state, Step.FAILED_OTHERS_ON if operation.flying else Step.FAILED]
        if episode.state is State.WAITING:
            self._wait(operation)
        else:
            episode.busy_since = ended

    def began(self, operation: Operation, episode: Episode, call: Call) -> None:
        """Another attempt of an operation whose episode is open arrived."""
        wait = max(0.0, call.received - episode.failed_at)
        self._publish(RetryWaited(call, Layer.SDK if call.sdk_retry > 0 else Layer.UNKNOWN, wait))
        self._judge_hint(operation, episode, call)
        if cannot_work_unchanged(episode.last_nature) and call.credential == episode.credential:
            episode.insisted = True
        if episode.in_doubt and (call.operation_key is None or call.operation_key != episode.doubtful_key):
            episode.blind = True
        if episode.state is State.WAITING:
            self._stop_waiting(operation)
            episode.wait += wait
            episode.busy_since = call.received
        episode.state = MOVES[episode.state, Step.BEGAN]

    def succeeded(self, operation: Operation, episode: Episode, event: CallAnswered) -> None:
        """An attempt of an operation whose episode is open gave the agent what it wanted."""
        ended = event.answer.ended
        episode.service += max(0.0, ended - episode.busy_since)
        other = episode.refused and event.call.credential != episode.refused_credential
        step = Step.SUCCEEDED_REAUTHENTICATED if other else Step.SUCCEEDED
        self._close(operation, episode, ENDINGS[episode.state, step], ended)

    def give_up(self, operation: Operation, episode: Episode, now: float) -> None:
        """The agent will not come back to a waiting operation."""
        step = leaving(episode.nature, operation.attempts - operation.settled)
        self._close(operation, episode, ENDINGS[episode.state, step], now)

    def censor(self, operation: Operation, episode: Episode, now: float) -> None:
        """We stop watching the operation, whatever it is doing."""
        self._close(operation, episode, ENDINGS[episode.state, Step.STOPPED], now)

    def expire(self, now: float) -> None:
        """Give up the episodes whose last failure is a horizon ago.

        An agent that was asked to wait longer than that has not given up, as far as anyone can tell: it is censored.
        """
        while self._waiting:
            operation = next(iter(self._waiting.values()))
            episode = operation.episode
            assert episode is not None, "what waits has an episode"
            if episode.failed_at + self._horizon > now:
                return
            if episode.hint is not None and episode.hinted_at + episode.hint.seconds > now:
                self.censor(operation, episode, now)
            else:
                self.give_up(operation, episode, now)

    def _opened(self, operation: Operation, event: CallAnswered, cause: Cause) -> Episode:
        self._numbered += 1
        self.open += 1
        session = operation.session
        session.episodes += 1
        ended = event.answer.ended
        operation.episode = Episode(
            number=self._numbered,
            fault=cause.fault,
            rule=cause.rule,
            nature=cause.nature,
            opened=ended,
            detection=max(0.0, ended - event.call.received),
            last_nature=cause.nature,
        )
        self._publish(EpisodeOpened(self._numbered, session.name, operation.tool, cause.fault))
        return operation.episode

    def _wait(self, operation: Operation) -> None:
        session = operation.session
        self._waiting[operation.number] = operation
        session.waiting[operation.number] = operation
        session.failures.setdefault(operation.fingerprint, {})[operation.number] = operation

    def _stop_waiting(self, operation: Operation) -> None:
        session = operation.session
        del self._waiting[operation.number]
        del session.waiting[operation.number]
        failures = session.failures.get(operation.fingerprint)
        if failures is not None:
            failures.pop(operation.number, None)
            if not failures:
                del session.failures[operation.fingerprint]

    def _judge_hint(self, operation: Operation, episode: Episode, call: Call) -> None:
        hint = episode.hint
        if hint is None:
            return
        episode.hint = None
        waited = max(0.0, call.received - episode.hinted_at)
        verdict = judge_wait(hint, waited, sdk=call.sdk_retry > 0)
        episode.early = episode.early or verdict is RetryAfterVerdict.EARLY
        session = operation.session.name
        self._publish(RetryAfterJudged(session, operation.tool, verdict, hint.source, hint.seconds, waited))

    def _close(self, operation: Operation, episode: Episode, resolution: Resolution, now: float) -> None:
        if episode.state is State.WAITING:
            self._stop_waiting(operation)
        self.open -= 1
        session = operation.session.name
        attempts = operation.attempts - operation.settled
        operation.episode = None
        operation.settled = operation.attempts
        if episode.hint is not None and not (resolution.recovered or resolution is Resolution.CENSORED):
            unheeded = RetryAfterVerdict.NO_RETRY
            hint = episode.hint
            self._publish(RetryAfterJudged(session, operation.tool, unheeded, hint.source, hint.seconds, None))
        self._publish(
            EpisodeClosed(
                episode=episode.number,
                session=session,
                tool=operation.tool,
                fault=episode.fault,
                rule=episode.rule,
                operation=operation.number,
                resolution=resolution,
                verdict=verdict_on(resolution, conduct_of(episode)),
                attempts=attempts,
                opened=episode.opened,
                closed=now,
                detection_seconds=episode.detection,
                wait_seconds=episode.wait,
                service_seconds=episode.service,
            )
        )
        self._publish(OperationClosed(session, operation.tool, _result(resolution), attempts))


def _note_failure(episode: Episode, event: CallAnswered, cause: Cause) -> None:
    """Remember what the next attempt will be judged against."""
    call, answer = event.call, event.answer
    episode.failed_at = max(episode.failed_at, answer.ended)
    episode.last_nature = cause.nature
    episode.credential = call.credential
    if answer.outcome is Outcome.AUTH:
        episode.refused = True
        episode.refused_credential = call.credential
    if answer.hint is not None:
        episode.hint = answer.hint
        episode.hinted_at = answer.ended
    if in_doubt(call, answer):
        episode.in_doubt = True
        episode.doubtful_key = call.operation_key


def _result(resolution: Resolution) -> OperationResult:
    if resolution.recovered:
        return OperationResult.RECOVERED
    return OperationResult.CENSORED if resolution is Resolution.CENSORED else OperationResult.FAILED
