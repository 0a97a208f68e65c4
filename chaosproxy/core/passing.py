"""The two events that there are of every call: it came, and it is over. Compiled, as `call` is."""

from dataclasses import dataclass
from typing import Final

from chaosproxy.core.answer import Answer
from chaosproxy.core.call import Call, Match
from chaosproxy.core.decision import Decision


@dataclass(init=False)
class CallReceived:
    """A request is complete enough to be judged."""

    call: Final[Call]
    match: Final[Match]

    def __init__(self, call: Call, match: Match) -> None:
        self.call = call
        self.match = match


@dataclass(init=False)
class CallAnswered:
    """A call is over. What the journal calls `call`."""

    call: Final[Call]
    match: Final[Match]
    decision: Final[Decision]
    answer: Final[Answer]

    def __init__(self, call: Call, match: Match, decision: Decision, answer: Answer) -> None:
        self.call = call
        self.match = match
        self.decision = decision
        self.answer = answer
