"""Hedges: the same call made twice because the first is slow; the loser is dropped when the winner has answered.

Must not know episodes, nor what becomes of an operation.
"""

from chaosproxy.core.answer import Answer
from chaosproxy.core.call import Call
from chaosproxy.recovery.following.records import Operation, Twins

HEDGE_SECONDS = 0.25
"""A client drops a hedge's loser when the winner has answered. Later than this it left for a reason of its own."""


def lost_a_hedge(operation: Operation, twins: Twins, call: Call, answer: Answer) -> bool:
    """Was the only attempt of an operation dropped because its twin, in flight at the same time, had just answered?

    Where several of them were answered, the same is wanted several times over, and who leaves has not got its own.
    """
    return (
        answer.left
        and operation.attempts == 1
        and operation.episode is None
        and twins.answered == 1
        and call.received <= twins.delivered
        and answer.ended - twins.delivered <= HEDGE_SECONDS
    )
