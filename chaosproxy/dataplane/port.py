"""What a wire needs from the rest of the house: someone to judge a call when it comes and to hear how it ended."""

from typing import Protocol

from chaosproxy.core.answer import Answer
from chaosproxy.core.call import Call, Match
from chaosproxy.core.decision import Decision
from chaosproxy.core.events import Event


class CallPath(Protocol):
    """The path of one call through the house. `app` composes it; no method waits for anything."""

    def begin(self, call: Call) -> tuple[Match, Decision]:
        """Match the call to its operation and decide what is to happen to it. Called once a call, before any await."""

    def left(self, call: Call, match: Match, decision: Decision, answer: Answer) -> None:
        """The agent has left, and the tool runs on: `answer` is what there is to say so far. `end` is still called."""

    def end(self, call: Call, match: Match, decision: Decision, answer: Answer) -> None:
        """The call is over. Called exactly once for each `begin`."""

    def report(self, event: Event) -> None:
        """Something happened that is not a call: a refused request, a connection."""
