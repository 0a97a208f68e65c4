"""What is remembered of a failed attempt, for the next one to be compared with. Must not know when episodes end."""

from typing import Final

from chaosproxy.core.call import Call
from chaosproxy.core.events import CallAnswered
from chaosproxy.core.failures import Outcome, Reaction
from chaosproxy.core.purpose import Role
from chaosproxy.recovery.following.arguments import arguments_of
from chaosproxy.recovery.following.causes import Cause
from chaosproxy.recovery.following.episode import Episode, Failure
from chaosproxy.recovery.following.records import Operation, Session
from chaosproxy.recovery.following.tools import Tools
from chaosproxy.recovery.following.writes import in_doubt

MODELS = 8
"""Language models remembered of an episode."""
COMPARED = 64
"""Unresolved failures of a session whose arguments are kept: with so many of them open, no other is a variation."""

AUTH: Final = Outcome.AUTH
REAUTHENTICATE: Final = Reaction.REAUTHENTICATE
TOOL: Final = Role.TOOL
"""Looked up once: an enum member costs more than a global, and every failure asks."""


def failure_of(session: Session, event: CallAnswered, cause: Cause, tools: Tools) -> Failure:
    """The failed attempt."""
    call, answer = event.call, event.answer
    ended = answer.ended
    return Failure(
        number=call.number,
        ended=ended,
        route=call.route,
        outcome=answer.outcome,
        nature=cause.nature,
        credential=call.credential,
        link=call.link,
        purpose=call.purpose,
        arguments=arguments_of(call, tools) if _is_compared(session, call) else None,
        complaint=answer.complaint,
        thought=session.thinking.until(ended) if session.thinking is not None else 0.0,
    )


def opened_by(number: int, operation: Operation, event: CallAnswered, cause: Cause, failure: Failure) -> Episode:
    """The episode that a first failure opens."""
    call = event.call
    calls = [call.number]
    if operation.flying:
        twins = operation.session.flying.get(call.fingerprint)
        others = twins.operations.items() if twins is not None else ()
        calls += [number for number, other in others if other is operation]
    return Episode(
        number=number,
        fault=cause.fault,
        rule=cause.rule,
        nature=cause.nature,
        outcome=event.answer.outcome,
        opened=failure.ended,
        detection=failure.ended - call.received if failure.ended > call.received else 0.0,
        trace_id=call.trace_id,
        link=call.link,
        calls=calls,
        last=failure,
        models=[],
        waits=[],
    )


def note_failure(episode: Episode, event: CallAnswered, failure: Failure, window: float) -> None:
    """Remember what the next attempt will be judged against; it may come for `window` seconds, or as long as asked."""
    call, answer = event.call, event.answer
    failure.ended = max(failure.ended, episode.last.ended)
    episode.last = failure
    episode.followed = 0
    model = call.purpose.model
    if model is not None and model not in episode.models and len(episode.models) < MODELS:
        episode.models.append(model)
    if answer.outcome is AUTH or REAUTHENTICATE in failure.nature.healthy:
        episode.refused = True
        episode.refused_at = answer.ended
        episode.refused_credential = call.credential
    if answer.hint is not None:
        episode.hint = answer.hint
        episode.hinted_at = answer.ended
        episode.hinted_call = call.number
    longest_wait = window if episode.hint is None else max(window, 3 * episode.hint.seconds)
    episode.retry_until = answer.ended + longest_wait
    if call.purpose.role is TOOL and in_doubt(call, answer):
        episode.doubt = _without_body(call)
        episode.doubted_at = answer.ended
        episode.checked = False


def _is_compared(session: Session, call: Call) -> bool:
    """May another call be a variation of it?"""
    if call.purpose.page is not None or call.purpose.continues:
        return False
    return session.trouble is None or len(session.trouble.waiting) < COMPARED


def _without_body(call: Call) -> Call:
    """The call as it may be remembered."""
    return Call(
        number=call.number,
        session=call.session,
        session_source=call.session_source,
        route=call.route,
        fingerprint=call.fingerprint,
        headers=(),
        received=call.received,
        body_bytes=call.body_bytes,
        operation_key=call.operation_key,
        trace_id=call.trace_id,
        purpose=call.purpose,
    )
