"""What is said when an episode ends: how, with which verdict, and what became of the last request to wait.

Must not know what moves an episode.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from chaosproxy.core.answer import Hint
from chaosproxy.core.call import Call
from chaosproxy.core.events import (
    BackoffSeen,
    Certainty,
    DuplicateEffect,
    EpisodeClosed,
    Event,
    OperationClosed,
    OperationResult,
    Resolution,
    RetryAfterJudged,
    RetryAfterVerdict,
)
from chaosproxy.core.purpose import Role
from chaosproxy.recovery.following.backoff import shape_of
from chaosproxy.recovery.following.episode import Episode
from chaosproxy.recovery.following.hints import visible
from chaosproxy.recovery.following.records import Operation
from chaosproxy.recovery.following.retries import opened_since
from chaosproxy.recovery.following.transitions import Step
from chaosproxy.recovery.following.verdicts import verdict_of

Publish = Callable[[Event], None]

CENSORED: Final = Resolution.CENSORED
MODEL: Final = Role.MODEL
"""Looked up once: an enum member costs more than a global, and every end asks."""
_RESULTS: Mapping[Resolution, OperationResult] = MappingProxyType(
    {
        each: OperationResult.RECOVERED if each.recovered else OperationResult.FAILED
        for each in Resolution
        if each is not CENSORED
    }
    | {CENSORED: OperationResult.CENSORED}
)


def step_of_success(operation: Operation, episode: Episode, call: Call) -> Step:
    """What the attempt that succeeded did otherwise than the one that failed first."""
    first, now = operation.route, call.route
    if now.upstream == first.upstream:
        # Elsewhere other credentials and another session are a matter of course.
        session = operation.session
        if episode.refused and (call.credential != episode.refused_credential or session.token >= episode.refused_at):
            return Step.SUCCEEDED_REAUTHENTICATED
        if (call.link is not None and call.link != episode.link) or opened_since(session, now.upstream, episode.opened):
            return Step.SUCCEEDED_RECONNECTED
    if now.tool != first.tool or now.upstream != first.upstream or _other_model(episode, call):
        return Step.SUCCEEDED_ELSEWHERE
    return Step.SUCCEEDED if call.fingerprint == operation.fingerprint else Step.SUCCEEDED_MODIFIED


def tell_end(
    publish: Publish, operation: Operation, episode: Episode, resolution: Resolution, end: tuple[float, int]
) -> None:
    """Publish the end; `end` is when (monotonic seconds), and the number of the call it is known by."""
    session, tool = operation.session.name, operation.route.tool
    attempts = operation.attempts - operation.settled
    _tell_unheeded_hint(publish, operation, episode, resolution)
    if episode.checked and resolution is not CENSORED:
        _tell_what_checking_was_good_for(publish, operation, episode)
    shape = shape_of(episode.waits)
    if shape is not None:
        publish(BackoffSeen(session, tool, operation.number, episode.waited, shape, tuple(episode.waits)))
    verdict, because = verdict_of(resolution, episode)
    publish(
        EpisodeClosed(
            episode=episode.number,
            session=session,
            tool=tool,
            fault=episode.fault,
            rule=episode.rule,
            operation=operation.number,
            resolution=resolution,
            verdict=verdict,
            because=because,
            attempts=attempts,
            opened=episode.opened,
            closed=end[0],
            detection_seconds=episode.detection,
            wait_seconds=episode.wait,
            service_seconds=episode.service,
            model_seconds=episode.thinking,
            outcome=episode.outcome,
            calls=tuple(episode.calls),
            ended_by=end[1],
            effect=operation.route.effect,
            trace_id=episode.trace_id,
        )
    )
    if not operation.settled:  # else it has been counted, as what it came to first
        publish(OperationClosed(session, tool, _RESULTS[resolution], attempts))


def tell_of_hint(
    publish: Publish, operation: Operation, verdict: RetryAfterVerdict, hint: Hint, came: tuple[float | None, int]
) -> None:
    """Publish what was made of a request to wait; `came` is after how long, and the number of the call."""
    waited, number = came
    session, tool = operation.session.name, operation.route.tool
    publish(RetryAfterJudged(session, tool, verdict, hint.source, hint.seconds, waited, number, operation.number))


def _tell_unheeded_hint(publish: Publish, operation: Operation, episode: Episode, resolution: Resolution) -> None:
    hint = episode.hint
    if hint is None or resolution.recovered or resolution is CENSORED:
        return
    seen = visible(hint, episode.last.route.transport)
    verdict = RetryAfterVerdict.NO_RETRY if seen else RetryAfterVerdict.NOT_VISIBLE
    tell_of_hint(publish, operation, verdict, hint, (None, episode.hinted_call))


def _tell_what_checking_was_good_for(publish: Publish, operation: Operation, episode: Episode) -> None:
    """Who looked, and sent the write again although it had run, has avoided nothing."""
    if episode.doubt is not None and operation.executions <= 1 and not (episode.avoided or episode.blind):
        publish(DuplicateEffect(episode.doubt, Certainty.AVOIDED, operation.number))


def _other_model(episode: Episode, call: Call) -> bool:
    return call.purpose.role is MODEL and call.purpose.model != next(iter(episode.models), call.purpose.model)
