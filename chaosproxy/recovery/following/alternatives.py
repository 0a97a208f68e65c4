"""Rules 7 and 8: is a call another way to get what an earlier one failed to get? Must not know the other rules."""

from itertools import islice
from typing import Final

from chaosproxy.core.call import Call
from chaosproxy.core.failures import Outcome, Reaction
from chaosproxy.core.purpose import Role
from chaosproxy.recovery.following.arguments import Arguments, arguments_of
from chaosproxy.recovery.following.episode import Episode, Failure
from chaosproxy.recovery.following.records import Operation, Trouble
from chaosproxy.recovery.following.similarity import Likeness, Refusal, likeness, plainly_unlike, related
from chaosproxy.recovery.following.tools import Tools
from chaosproxy.recovery.following.waiting import name_of_conversation

CANDIDATES = 16
"""Unresolved failures of one tool that a call is compared with, the latest."""

_TOO_MUCH = frozenset({Outcome.INVALID, Outcome.QUOTA})

INVALID: Final = Outcome.INVALID
NOT_FOUND: Final = Outcome.NOT_FOUND
CHANGE_ARGUMENTS: Final = Reaction.CHANGE_ARGUMENTS
MODEL: Final = Role.MODEL
WRONG: Final = Refusal.WRONG
MISSING: Final = Refusal.MISSING
NOT_REFUSED: Final = Refusal.NONE
UNLIKE: Final = Likeness.NONE
SURE: Final = Likeness.SURE
MAYBE: Final = Likeness.MAYBE
"""Looked up once: an enum member costs more than a global, and every call of a session in trouble asks."""


class Alternatives:
    """Compares calls with what failed."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def varied(self, trouble: Trouble, call: Call) -> Operation | None:
        """The latest unresolved failure of the tool that the call is a variation of: for sure, or else maybe."""
        waiting = trouble.tools.get(call.route.tool)
        if waiting is None:
            return None
        now = None
        maybe = None
        received = call.received
        for operation in islice(reversed(waiting.values()), CANDIDATES):
            episode = operation.episode
            if episode is None or not episode.last.ended <= received <= episode.retry_until:
                continue
            last = episode.last
            before = last.arguments if _same_tool(last, call) else None
            if before is None or (now is None and _plainly_unlike(last, before, call)):
                continue
            if now is None:
                now = arguments_of(call, self._tools)
            found = _likeness(last, before, call, now)
            if found is SURE:
                return operation
            if found is MAYBE and maybe is None:
                maybe = operation
        return maybe

    def replaced(self, trouble: Trouble, call: Call) -> Operation | None:
        """The unresolved failure that the call makes up for with another tool or model."""
        if call.purpose.role is MODEL:
            return _asked_elsewhere(trouble, call)
        failed = self._tools.stands_in.get(call.route.tool)
        if failed is None:
            return None
        open_ones = [
            operation
            for tool in failed
            for operation in trouble.tools.get(tool, {}).values()
            if operation.episode is not None and _may_be_taken_up(operation.episode, call)
        ]
        if not open_ones:
            return None
        open_ones.sort(key=lambda operation: operation.number)
        now = set(arguments_of(call, self._tools).values())
        # The oldest of those that fit best: max() takes the first.
        return max(open_ones, key=lambda operation: _in_common(operation, now))


def _likeness(last: Failure, before: Arguments, call: Call, now: Arguments) -> Likeness:
    if call.purpose.role is MODEL:
        return SURE if _edited(last, before, call, now) else UNLIKE
    # `No item with id 17` names the id and complains of nothing: what is missing is not what is wrong.
    complaint = None if last.outcome is NOT_FOUND else last.complaint
    return likeness(before, now, _refusal(last), complaint)


def _plainly_unlike(last: Failure, before: Arguments, call: Call) -> bool:
    """Need the call's arguments not even be told apart? Most calls after a failure are other work."""
    return call.purpose.role is not MODEL and _refusal(last) is NOT_REFUSED and plainly_unlike(before, call.body)


def _refusal(last: Failure) -> Refusal:
    if last.outcome is INVALID:
        return WRONG
    mendable = last.outcome is NOT_FOUND or CHANGE_ARGUMENTS in last.nature.healthy
    return MISSING if mendable else NOT_REFUSED


def _edited(last: Failure, before: Arguments, call: Call, now: Arguments) -> bool:
    """Was a conversation shortened or put another way because it was refused? One that has grown is its next turn."""
    old, new = last.purpose.turns, call.purpose.turns
    if old == new:
        # With other settings. Another model that is asked the same is a fallback.
        return bool(old) and call.purpose.model == last.purpose.model
    if not old or not new or new[: len(old)] == old:
        return False
    if last.outcome not in _TOO_MUCH and CHANGE_ARGUMENTS not in last.nature.healthy:
        return False
    if new[-1] == old[-1]:
        return True
    if set(new) <= set(old):
        return True
    texts = [(before[path], text) for path, text in now.items() if path in before and before[path] != text]
    return len(new) == len(old) and bool(texts) and all(related(was, is_now) for was, is_now in texts)


def _asked_elsewhere(trouble: Trouble, call: Call) -> Operation | None:
    """The oldest unresolved failure of the same conversation with another model, or at another place."""
    name = name_of_conversation(call.purpose)
    if name is None:
        return None
    for operation in trouble.failures.get(name, {}).values():
        episode = operation.episode
        if episode is None or not _may_be_taken_up(episode, call):
            continue
        if call.purpose.model not in episode.models or not _same_tool(episode.last, call):
            return operation
    return None


def _may_be_taken_up(episode: Episode, call: Call) -> bool:
    return episode.last.ended <= call.received <= episode.retry_until


def _same_tool(last: Failure, call: Call) -> bool:
    failed, now = last.route, call.route
    return failed is now or (failed.tool == now.tool and failed.upstream == now.upstream)


def _in_common(operation: Operation, now: set[str]) -> int:
    """How many of the failed call's values stand in this one too: two tools rarely name their arguments alike."""
    before = None if operation.episode is None else operation.episode.last.arguments
    return 0 if before is None else len(now & set(before.values()))
