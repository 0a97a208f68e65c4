"""What an operation has been through since its first failure. Only memory, as `records`; in monotonic seconds."""

import msgspec

from chaosproxy.core.answer import Hint
from chaosproxy.core.call import Call, Layer, Route
from chaosproxy.core.failures import Nature, Outcome
from chaosproxy.core.purpose import Purpose
from chaosproxy.recovery.following.arguments import Arguments
from chaosproxy.recovery.following.transitions import State

NEVER = float("-inf")
"""A time before all others."""


class Failure(msgspec.Struct, eq=False, kw_only=True):
    """The latest failed attempt: what the next one is compared with."""

    number: int
    """Of the call."""
    ended: float
    """When the latest failure reached the agent."""
    route: Route
    outcome: Outcome
    nature: Nature
    credential: str | None
    link: str | None
    purpose: Purpose
    arguments: Arguments | None
    """None if nobody will ask for them."""
    complaint: str | None
    """What the tool said of the arguments."""
    thought: float
    """The session's model time when it ended."""


class Episode(msgspec.Struct, eq=False, kw_only=True):
    """What an operation has been through since its first failure."""

    number: int
    fault: str
    """Of the first failure: a fault's type, or `upstream` or `proxy`."""
    rule: str | None
    nature: Nature
    """Of the first failure."""
    outcome: Outcome
    """Of the first failure."""
    opened: float
    """When the first failure reached the agent."""
    detection: float
    """Seconds that the first failing attempt took."""
    trace_id: str | None
    """Of the first failed call."""
    link: str | None
    """The protocol session of the first failed call."""
    calls: list[int]
    """Numbers of its attempts."""
    state: State = State.CLEAN

    last: Failure
    """The latest failure."""
    models: list[str]
    """Language models that were tried."""
    refused: bool = False
    """Was any attempt refused for its credentials?"""
    refused_at: float = NEVER
    refused_credential: str | None = None
    """The credentials that were refused last."""
    hint: Hint | None = None
    """A request to wait that no attempt has answered yet."""
    hinted_at: float = NEVER
    hinted_call: int = 0
    """The number of the call that was told."""
    answered_hint: int = 0
    """The number of the call that answered the latest hint."""
    retry_until: float = NEVER
    """Until when a call counts as a further attempt."""

    doubt: Call | None = None
    """The write that failed without the agent being able to know whether it ran: the latest, without head and body."""
    doubted_at: float = NEVER
    checked: bool = False
    """Has a read since shown whether it ran?"""
    avoided: bool = False
    """Has it been said that a second effect was avoided?"""

    early: bool = False
    """An attempt came before it was asked to."""
    insisted: bool = False
    """An attempt repeated, unchanged, what could not work unchanged."""
    hasty: bool = False
    """An attempt came at once after what needs a wait, and nobody had said how long."""
    blind: bool = False
    """A write in doubt was sent again without a check, and without the key that makes this safe."""
    noticed: bool = False
    """An attempt followed an answer that was no error to see."""
    looped: bool = False
    """It was part of a loop."""
    followed: int = 0
    """The first call in the session after the latest failure; 0 if there is none."""

    retries: int = 0
    """Attempts since the first failure."""
    waits: list[float]
    """Seconds between attempts that nobody had asked for, less model time."""
    waited: Layer = Layer.NONE
    """Who waited last."""
    busy_since: float = NEVER
    """Since when at least one attempt has been in flight, while one is."""
    wait: float = 0.0
    """Seconds between attempts, less model time."""
    service: float = 0.0
    """Seconds in attempts after the first failure."""
    thinking: float = 0.0
    """Seconds of the waits that were model time."""
