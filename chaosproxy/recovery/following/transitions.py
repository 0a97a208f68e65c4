"""The life of an episode, as a table. Whatever moves or ends an episode is a row of this file, and nothing else is.

An episode is born CLEAN at its operation's first failure and takes its first step at once. While attempts are in flight
it is TRYING; while none is, it is WAITING for the agent. How it is left depends on what the agent could have done,
which `leaving` puts into the step, so that the table stays a table. Must not know sessions, time or events.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from chaosproxy.core.events import Resolution
from chaosproxy.core.failures import Course, Nature


class State(StrEnum):
    """Where an open episode is."""

    CLEAN = "clean"
    """Its first failure has not been entered yet; no episode rests here."""
    WAITING = "waiting"
    """The last attempt failed and no other is in flight: it is the agent's move."""
    TRYING = "trying"
    """At least one attempt is in flight."""


class Step(StrEnum):
    """What may happen to an episode."""

    FAILED = "failed"
    """An attempt failed, and it was the only one in flight."""
    FAILED_OTHERS_ON = "failed_others_on"
    """An attempt failed while others of the operation are still in flight."""
    BEGAN = "began"
    """Another attempt arrived."""
    SUCCEEDED = "succeeded"
    """An attempt that asked for the same succeeded."""
    SUCCEEDED_MODIFIED = "succeeded_modified"
    """An attempt succeeded with other arguments."""
    SUCCEEDED_ELSEWHERE = "succeeded_elsewhere"
    """Another tool or model succeeded."""
    SUCCEEDED_RECONNECTED = "succeeded_reconnected"
    """An attempt succeeded in a new session of the tool's protocol."""
    SUCCEEDED_REAUTHENTICATED = "succeeded_reauthenticated"
    """An attempt succeeded with other credentials than those that had been refused."""
    ESCALATED = "escalated"
    """A tool was called that tells a human."""
    LEFT_UNNOTICED = "left_unnoticed"
    """What came last was spoiled without an error to see, and nothing shows that the agent noticed."""
    LEFT_LOOPING = "left_looping"
    """It went round and round, and no other attempt came."""
    LEFT_LASTING = "left_lasting"
    """One attempt at something that asking again unchanged cannot mend, and no other came."""
    LEFT_PASSING = "left_passing"
    """One attempt at something that would have passed, and no other came."""
    LEFT_AFTER_SEVERAL = "left_after_several"
    """Two or more attempts, the last one failed, and no other came."""
    STOPPED = "stopped"
    """We stopped watching before it was decided."""


MOVES: Mapping[tuple[State, Step], State] = MappingProxyType(
    {
        (State.CLEAN, Step.FAILED): State.WAITING,
        (State.CLEAN, Step.FAILED_OTHERS_ON): State.TRYING,
        (State.WAITING, Step.BEGAN): State.TRYING,
        (State.TRYING, Step.BEGAN): State.TRYING,
        (State.TRYING, Step.FAILED_OTHERS_ON): State.TRYING,
        (State.TRYING, Step.FAILED): State.WAITING,
    }
)
"""The steps after which an episode is still open."""

ENDINGS: Mapping[tuple[State, Step], Resolution] = MappingProxyType(
    {
        (State.TRYING, Step.SUCCEEDED): Resolution.RECOVERED_RETRY,
        (State.TRYING, Step.SUCCEEDED_MODIFIED): Resolution.RECOVERED_MODIFIED,
        (State.TRYING, Step.SUCCEEDED_ELSEWHERE): Resolution.RECOVERED_FALLBACK,
        (State.TRYING, Step.SUCCEEDED_RECONNECTED): Resolution.RECOVERED_RECONNECT,
        (State.TRYING, Step.SUCCEEDED_REAUTHENTICATED): Resolution.RECOVERED_REAUTH,
        (State.TRYING, Step.STOPPED): Resolution.CENSORED,
        (State.WAITING, Step.ESCALATED): Resolution.ESCALATED,
        (State.WAITING, Step.LEFT_UNNOTICED): Resolution.UNDETECTED,
        (State.WAITING, Step.LEFT_LOOPING): Resolution.LOOPING,
        (State.WAITING, Step.LEFT_LASTING): Resolution.FAILED_FAST,
        (State.WAITING, Step.LEFT_PASSING): Resolution.ABANDONED,
        (State.WAITING, Step.LEFT_AFTER_SEVERAL): Resolution.EXHAUSTED,
        (State.WAITING, Step.STOPPED): Resolution.CENSORED,
    }
)
"""The steps that close an episode. A pair in neither table cannot happen; looking one up is a bug, and raises."""


def leaving(nature: Nature, attempts: int, *, looped: bool = False, noticed: bool = False) -> Step:
    """The step that is taken when the agent does not come back to a failure of this nature after so many attempts.

    `looped` if they were part of a loop; `noticed` if an attempt showed that the agent sees through spoiled answers.
    """
    if not nature.explicit and not noticed:
        return Step.LEFT_UNNOTICED
    if attempts == 1 and nature.course is not Course.TRANSIENT and nature.explicit:
        return Step.LEFT_LASTING
    if looped:
        return Step.LEFT_LOOPING
    return Step.LEFT_AFTER_SEVERAL if attempts > 1 else Step.LEFT_PASSING
