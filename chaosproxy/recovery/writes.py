"""What a write did to the world, and what the agent can know of it.

The proxy sees both sides, so it can count executions; the agent sees one. Must not know episodes or verdicts.
"""

from chaosproxy.core.answer import Answer, UpstreamTruth
from chaosproxy.core.call import Call, ToolEffect
from chaosproxy.core.failures import Outcome
from chaosproxy.recovery.records import Operation

_REPLIES = 64
"""How many distinct keyed replies of one operation are remembered. An honest operation has one."""

_SAYS_NOTHING_OF_THE_WRITE = frozenset(
    {Outcome.TIMEOUT, Outcome.RESET, Outcome.TRUNCATED, Outcome.MALFORMED, Outcome.AGENT_LEFT}
)
_SAYS_IT_DID_NOT_RUN = frozenset({503, 529})
"""Overload is refused at the door (RFC 9110, 15.6.4: currently unable to handle the request)."""


def executed_again(operation: Operation, call: Call, answer: Answer) -> bool:
    """Enter what an attempt at a write did; True if it is an execution beyond the operation's first.

    A reply that the upstream calls a replay, or that is byte for byte the one of an earlier execution under the same
    key, is a stored reply and not another execution. Without a key equal replies prove nothing (`{"ok": true}`).
    """
    if answer.truth is not UpstreamTruth.EXECUTED or answer.replayed:
        return False
    if call.operation_key is not None and answer.body_digest is not None:
        reply = (call.operation_key, answer.body_digest)
        if operation.replies is None:
            operation.replies = set()
        if reply in operation.replies:
            return False
        if len(operation.replies) < _REPLIES:
            operation.replies.add(reply)
    operation.executions += 1
    return operation.executions > 1


def in_doubt(call: Call, answer: Answer) -> bool:
    """May a failed write have run, without the agent's being able to know?"""
    if call.route.effect is not ToolEffect.WRITE:
        return False
    if answer.truth is not UpstreamTruth.EXECUTED and answer.truth is not UpstreamTruth.SENT_UNKNOWN:
        return False
    if answer.outcome is Outcome.UNAVAILABLE:
        return answer.truth is UpstreamTruth.EXECUTED or answer.status not in _SAYS_IT_DID_NOT_RUN
    return answer.outcome in _SAYS_NOTHING_OF_THE_WRITE
