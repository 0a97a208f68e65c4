"""What is said of a further attempt when it arrives: how long it waited, whether as asked, and whether it could work.

Notes in the episode what the verdict goes by, and publishes the rest. Must not know how calls are matched.
"""

from collections.abc import Callable
from typing import Final

from chaosproxy.core.call import Call, CallKind, Layer, ToolEffect
from chaosproxy.core.conclusions import Certainty, KeyVerdict, RetryAfterVerdict
from chaosproxy.core.events import DuplicateEffect, Event, KeyJudged, RetryAfterJudged, RetryOverBudget, RetryWaited
from chaosproxy.core.purpose import Role
from chaosproxy.profiles.models import RetryBudget
from chaosproxy.recovery.following.budget import RetryBudgets
from chaosproxy.recovery.following.episode import Episode
from chaosproxy.recovery.following.hints import judge_wait, visible
from chaosproxy.recovery.following.records import Operation, Session, Suspect
from chaosproxy.recovery.following.verdicts import cannot_work_unchanged, needs_a_wait

AT_ONCE = 0.05
"""Seconds below which a retry did not wait at all."""
WAITS = 64
"""Waits remembered of an episode, the first."""

RETRY: Final = CallKind.RETRY
FALLBACK: Final = CallKind.FALLBACK
WRITE: Final = ToolEffect.WRITE
MODEL: Final = Role.MODEL
UNKNOWN: Final = Layer.UNKNOWN
"""Looked up once: an enum member costs more than a global, and every retry asks."""


class Retries:
    """Hears of every further attempt."""

    def __init__(self, settings: RetryBudget, publish: Callable[[Event], None]) -> None:
        self._publish = publish
        self._budgets = RetryBudgets(settings)
        self.first = self._budgets.first
        """To be told of the first call (tool, monotonic seconds) of each operation."""

    def came(self, operation: Operation, call: Call, kind: CallKind) -> None:
        """A further attempt of an operation, whatever became of the earlier ones."""
        if self._budgets.over(call.route.tool, call.received):
            self._publish(RetryOverBudget(call))
        # Another request needs another key, and so does another tool.
        if kind is RETRY and call.route.effect is WRITE and call.purpose.role is Role.TOOL:
            self._publish(KeyJudged(call, _key_verdict(operation.key, call.operation_key)))

    def came_back(self, operation: Operation, episode: Episode, call: Call, kind: CallKind, layer: Layer) -> float:
        """It is a further attempt of an operation whose episode is open; the seconds of its wait that were thinking."""
        last = episode.last
        session = operation.session
        wait = max(0.0, call.received - last.ended)
        thought = 0.0
        if session.thinking is not None:
            thought = min(wait, max(0.0, session.thinking.until(call.received) - last.thought))
        episode.retries += 1
        episode.waited = layer
        episode.noticed = episode.noticed or not last.nature.explicit
        hinted = episode.hint is not None
        if not hinted and len(episode.waits) < WAITS:
            episode.waits.append(wait - thought)
        self._publish(RetryWaited(call, layer, wait, episode.retries, hinted))
        if kind is FALLBACK:
            early = insisted = False
        else:
            early = self._judge_hint(operation, episode, call)
            insisted = kind is RETRY and cannot_work_unchanged(last.nature) and _unchanged(session, episode, call)
            episode.hasty = episode.hasty or (not hinted and wait < AT_ONCE and needs_a_wait(last.nature))
        episode.early = episode.early or early
        episode.insisted = episode.insisted or insisted
        if (early or insisted) and session.trouble is not None:
            session.trouble.suspects[call.number] = Suspect(last.outcome, insisted=insisted, early=early)
        self._judge_write(operation, episode, call, kind)
        return thought

    def _judge_hint(self, operation: Operation, episode: Episode, call: Call) -> bool:
        """Publish what was made of the hint, if there is one; did the call come too early?"""
        hint = episode.hint
        if hint is None:
            return False
        episode.hint = None
        episode.answered_hint = call.number
        waited = max(0.0, call.received - episode.hinted_at)
        verdict = RetryAfterVerdict.NOT_VISIBLE
        if visible(hint, call.route.transport):
            verdict = judge_wait(hint, waited, sdk=call.sdk_retry > 0)
        session, tool = call.session, operation.route.tool
        self._publish(
            RetryAfterJudged(session, tool, verdict, hint.source, hint.seconds, waited, call.number, operation.number)
        )
        return verdict is RetryAfterVerdict.EARLY

    def _judge_write(self, operation: Operation, episode: Episode, call: Call, kind: CallKind) -> None:
        doubt = episode.doubt
        if doubt is None or call.route.effect is not WRITE or episode.checked:
            return
        keyed = call.operation_key is not None and call.operation_key == doubt.operation_key
        # No tool knows the keys that another was given.
        if not keyed or kind is FALLBACK:
            episode.blind = True
            self._publish(DuplicateEffect(call, Certainty.EXPOSED, operation.number))


def layer_of(session: Session, call: Call, since: float) -> Layer:
    """Who decided on a further attempt, after a failure that ended at `since`.

    A language model did if one answered in between; without its traffic it cannot be told from the framework that runs
    it. That a model's own call is made again, no model decided.
    """
    if call.sdk_retry > 0:
        return Layer.SDK
    if call.purpose.role is MODEL:
        return Layer.FRAMEWORK
    if session.thinking is None:
        return UNKNOWN
    return Layer.MODEL if session.thinking.answered >= since else Layer.FRAMEWORK


def opened_since(session: Session, upstream: str, since: float) -> bool:
    """Has the agent opened a new session of that tool's protocol since then?"""
    return session.opened is not None and session.opened.get(upstream, since) > since


def _unchanged(session: Session, episode: Episode, call: Call) -> bool:
    """Is nothing new about the attempt: neither credentials nor connection?"""
    last = episode.last
    if call.credential != last.credential or session.token >= last.ended:
        return False
    return (call.link is None or call.link == last.link) and not opened_since(session, call.route.upstream, last.ended)


def _key_verdict(first: str | None, now: str | None) -> KeyVerdict:
    if now is None:
        return KeyVerdict.ABSENT
    return KeyVerdict.REUSED if now == first else KeyVerdict.ROTATED
