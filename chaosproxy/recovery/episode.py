"""What an operation has been through since its first failure. Only memory, as `records`; in monotonic seconds."""

import msgspec

from chaosproxy.core.answer import Hint
from chaosproxy.core.failures import Nature
from chaosproxy.recovery.transitions import State

NEVER = float("-inf")
"""A time before all others."""


class Episode(msgspec.Struct, eq=False, kw_only=True):
    """What an operation has been through since its first failure."""

    number: int
    fault: str
    """Of the first failure: a fault's type, or `upstream` or `proxy`."""
    rule: str | None
    nature: Nature
    """Of the first failure."""
    opened: float
    """When the first failure reached the agent."""
    detection: float
    """Seconds that the first failing attempt took."""
    state: State = State.CLEAN

    failed_at: float = NEVER
    """When the latest failure reached the agent."""
    last_nature: Nature
    """Of the latest failure."""
    credential: str | None = None
    """What the latest failed attempt carried."""
    refused: bool = False
    """Was any attempt refused for its credentials?"""
    refused_credential: str | None = None
    """The credentials that were refused last."""
    hint: Hint | None = None
    """A request to wait that no attempt has answered yet."""
    hinted_at: float = NEVER
    retry_until: float = NEVER
    """Until when the same call counts as a retry."""

    in_doubt: bool = False
    """Did a write fail without the agent being able to know whether it ran?"""
    doubtful_key: str | None = None
    """The operation key of that write."""

    early: bool = False
    """An attempt came before it was asked to."""
    insisted: bool = False
    """An attempt repeated, unchanged, what could not work unchanged."""
    blind: bool = False
    """A write in doubt was sent again without the key that makes this safe."""

    busy_since: float = NEVER
    """Since when at least one attempt has been in flight, while one is."""
    wait: float = 0.0
    """Seconds between attempts."""
    service: float = 0.0
    """Seconds in attempts after the first failure."""
