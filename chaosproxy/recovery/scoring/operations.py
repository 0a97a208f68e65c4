"""How operations ended, from the ends of their calls and episodes alone, so that events and a journal tell the same.

An operation whose first call was delivered ended clean, unless an episode says otherwise; one that met a failure ended
as its episode did. What is remembered is only the operations to which something happened, the latest of them.
"""

from typing import Final, NamedTuple

from chaosproxy.core.call import CallKind
from chaosproxy.core.events import EpisodeClosed, OperationResult, Resolution
from chaosproxy.core.failures import Outcome
from chaosproxy.recovery.scoring.seen import CallSeen

KEPT = 10_000
"""Operations remembered. One that is forgotten too early may be counted under two results."""

_FAILING: Final = 0
"""It has met a failure, and its episode is open."""


class _Later(NamedTuple):
    """An attempt after the first is over; what the first came to is not known yet, or it was delivered long ago."""

    attempt: int
    """The highest that is over."""
    delivered: bool
    """Was the one that was over first?"""


_State = int | _Later | OperationResult


class Operations:
    """Says what each call and each episode adds to the results of operations."""

    def __init__(self) -> None:
        self.known: dict[int, _State] = {}
        """What has happened to operations, by number; of others, their first call decides."""

    def ended(self, call: CallSeen) -> bool:
        """A call that takes part is over: does its operation count as clean from now on?"""
        if call.attempt > 1:
            self._note_later(call)
            return False
        state = self.known.pop(call.operation, None)
        if isinstance(state, OperationResult):
            self._remember(call.operation, state)
            return False
        if call.kind is CallKind.HEDGE:
            return False  # it asked for nothing that its twin did not ask for
        if (isinstance(state, _Later) and state.delivered) or (call.delivered and state is None):
            return True
        self._remember(call.operation, _FAILING)
        return False

    def closed(self, event: EpisodeClosed) -> tuple[OperationResult | None, OperationResult | None]:
        """An episode is over: the result that its operation no longer counts under, and the one that it does now."""
        state = self.known.pop(event.operation, None)
        result = result_of(event.resolution)
        before: OperationResult | None = None
        if isinstance(state, OperationResult):
            if state is OperationResult.RECOVERED:
                self._remember(event.operation, state)
                return None, None
            before = state
        elif event.outcome is Outcome.OK and state != _FAILING:
            before = OperationResult.CLEAN  # the first reply looked good, and was spoiled
        elif isinstance(state, _Later) and event.attempts < state.attempt:
            return None, None  # a late duplicate of what had been delivered
        # Else its first attempt is one of the episode's: the agent left it, and the tool is not done with it yet.
        self._remember(event.operation, result)
        return before, result

    def _note_later(self, call: CallSeen) -> None:
        state = self.known.get(call.operation)
        if isinstance(state, _Later):
            self.known[call.operation] = _Later(max(call.attempt, state.attempt), state.delivered)
        elif state is None and call.kind is not CallKind.HEDGE:
            self._remember(call.operation, _Later(call.attempt, call.delivered))

    def _remember(self, operation: int, state: _State) -> None:
        self.known[operation] = state
        if len(self.known) > KEPT:
            del self.known[next(iter(self.known))]


def result_of(resolution: Resolution) -> OperationResult:
    """What an episode's end makes of its operation."""
    if resolution.recovered:
        return OperationResult.RECOVERED
    return OperationResult.CENSORED if resolution is Resolution.CENSORED else OperationResult.FAILED
