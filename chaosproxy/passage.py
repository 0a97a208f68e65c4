"""The path of one call through the rooms, in order. Composed by `app`; must not know wires or profiles."""

from chaosproxy.core.answer import Answer
from chaosproxy.core.bus import Bus
from chaosproxy.core.call import Call, Match
from chaosproxy.core.decision import Decision
from chaosproxy.core.events import CallAnswered, CallReceived, Event, FaultInjected
from chaosproxy.engine.engine import Engine
from chaosproxy.recovery.following.tracker import Tracker


class CallThroughHouse:
    """The path of one call, in order: matched, judged, told; and at its end, told again."""

    def __init__(self, tracker: Tracker, engine: Engine, bus: Bus) -> None:
        self._tracker = tracker
        self._engine = engine
        self._publish = bus.publish

    def begin(self, call: Call) -> tuple[Match, Decision]:
        """What operation the call belongs to, and what is to happen to it."""
        match = self._tracker.received(call)
        self._publish(CallReceived(call, match))
        decision = self._engine.judge(call, match.attempt, call.received)
        if decision.injections:
            self._publish(FaultInjected(call, decision))
        return match, decision

    def left(self, call: Call, match: Match, decision: Decision, answer: Answer) -> None:
        """For the agent the call is over; what the tool does with it is not known yet."""
        self._tracker.left(CallAnswered(call, match, decision, answer))

    def end(self, call: Call, match: Match, decision: Decision, answer: Answer) -> None:
        """The call is over."""
        self._engine.finished(decision)
        if answer.pending or answer.left:
            self._tracker.ending(call, match, answer)
        event = CallAnswered(call, match, decision, answer)
        self._publish(event)
        # The journal has the call's line before the lines of what follows from it.
        self._tracker.answered(event)

    def report(self, event: Event) -> None:
        """Something that is not a call."""
        self._publish(event)
