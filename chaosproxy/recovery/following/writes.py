"""What a write did to the world, and what the agent can know of it.

The proxy sees both sides, so it can count executions; the agent sees one. Must not know episodes or verdicts.
"""

from typing import Final

from chaosproxy.core.answer import Answer, UpstreamTruth
from chaosproxy.core.call import Call, ToolEffect
from chaosproxy.core.failures import Outcome
from chaosproxy.recovery.following.records import Operation

_REPLIES = 64
"""How many distinct keyed replies of one operation are remembered. An honest operation has one."""
_TOOL_REPLIES = 4_096
"""How many distinct keyed replies of one tool are remembered, the latest."""
_TOOLS = 1_000
_OTHERS = "_other"
"""Tools that replies are told apart by; those of further tools are put together."""

UNAVAILABLE: Final = Outcome.UNAVAILABLE
EXECUTED: Final = UpstreamTruth.EXECUTED
SENT_UNKNOWN: Final = UpstreamTruth.SENT_UNKNOWN
WRITE: Final = ToolEffect.WRITE
"""Looked up once: an enum member costs more than a global, and every write asks."""

_SAYS_NOTHING_OF_THE_WRITE = frozenset(
    {Outcome.TIMEOUT, Outcome.RESET, Outcome.TRUNCATED, Outcome.MALFORMED, Outcome.AGENT_LEFT}
)
_SAYS_IT_DID_NOT_RUN = frozenset({503, 529})
"""Overload is refused at the door (RFC 9110, 15.6.4: currently unable to handle the request)."""


class _Replies:
    """What one tool answered to writes under a key."""

    __slots__ = ("assumed", "distinct", "keys")

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        """The key under which a reply (its digest) was first seen."""
        self.distinct = True
        """Have replies to different keys always differed? Only then does an equal reply prove anything."""
        self.assumed = 0
        """Executions that were taken for replays because their reply was an equal one."""


class Writes:
    """Counts executions beyond the first, for the whole run."""

    def __init__(self) -> None:
        self._tools: dict[str, _Replies] = {}
        self.replay = False
        """Was the answer that was entered last a stored reply?"""

    def executed_again(self, operation: Operation, call: Call, answer: Answer) -> int:
        """Enter what an attempt at a write did; how many executions beyond the operation's first that shows.

        A reply that the upstream calls a replay, or that is byte for byte the one of an earlier execution under the
        same key, is a stored reply and not another execution. Without a key equal replies prove nothing
        (`{"ok": true}`), and a key is never taken on trust: once a tool is seen to answer two different keys with
        equal bytes, its equal replies prove nothing either, and what they were taken for is counted after all.
        """
        self.replay = False
        if answer.truth is not EXECUTED:
            return 0
        if answer.replayed and answer.executions <= 1:
            self.replay = True
            return 0
        found = 0
        times = answer.executions or 1
        if call.operation_key is not None and answer.body_digest is not None:
            found, stored = self._look_up(operation, call, call.operation_key, answer)
            times -= stored
        self.replay = times == 0
        before = operation.executions
        operation.executions = before + times
        if before == 0 and times <= 1:
            return found  # as nearly always
        return found + min(times, before + times - 1)

    def _look_up(self, operation: Operation, call: Call, key: str, answer: Answer) -> tuple[int, int]:
        """How many executions turn out not to have been replays after all, and how many of these seem to be some."""
        assert answer.body_digest is not None, "asked only of an answer that was read"
        replies = self._replies(call.route.tool)
        found = 0
        if replies.distinct:
            if len(replies.keys) >= _TOOL_REPLIES:
                del replies.keys[next(iter(replies.keys))]
            if replies.keys.setdefault(answer.body_digest, key) != key:
                replies.distinct = False
                replies.keys.clear()
                found, replies.assumed = replies.assumed, 0
        if operation.replies is None:
            operation.replies = set()
        reply = (key, answer.body_digest)
        stored = 0
        if replies.distinct:
            stored = answer.alike + (reply in operation.replies)
            replies.assumed += stored
        if len(operation.replies) < _REPLIES:
            operation.replies.add(reply)
        return found, stored

    def _replies(self, tool: str) -> _Replies:
        known = self._tools.get(tool)
        if known is None:
            known = self._tools.setdefault(tool if len(self._tools) < _TOOLS else _OTHERS, _Replies())
        return known


def in_doubt(call: Call, answer: Answer) -> bool:
    """May a failed write have run, without the agent's being able to know?"""
    if call.route.effect is not WRITE:
        return False
    if answer.truth is not EXECUTED and answer.truth is not SENT_UNKNOWN:
        return False
    if answer.outcome is UNAVAILABLE:
        return answer.truth is EXECUTED or answer.status not in _SAYS_IT_DID_NOT_RUN
    return answer.outcome in _SAYS_NOTHING_OF_THE_WRITE
