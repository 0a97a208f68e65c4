"""What the tracker remembers: sessions, the operations in them, and the episode that an operation may be in.

Only memory: no rule and no judgement is here. It holds no call, header or body, so what is remembered of a call is
small and nothing secret outlives the call. Times are monotonic seconds.
"""

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


class Operation(msgspec.Struct, eq=False):
    """All attempts of one intention."""

    number: int
    session: "Session"
    tool: str
    fingerprint: str
    attempts: int = 1
    flying: int = 1
    """Attempts in flight."""
    settled: int = 0
    """How many of the attempts belong to an earlier success, or to an episode that is closed."""
    delivered: float = NEVER
    """When an answer that the agent can use last reached it."""
    executions: int = 0
    """How often the upstream executed it, replays left out."""
    replies: set[tuple[str, str]] | None = None
    """(operation key, digest of the reply) of its executions under a key."""
    episode: Episode | None = None


class Twins(msgspec.Struct, eq=False):
    """The calls of one session and fingerprint that are in flight together, oldest first. Usually there is one."""

    operations: dict[int, Operation]
    """Theirs, by the number of the call."""
    delivered: float = NEVER
    """When one of them last got an answer the agent can use, since there has been any."""


class Session(msgspec.Struct, eq=False):
    """One agent run."""

    name: str
    source: str
    started: float
    last_call: float
    last: float
    """When anything last happened in it."""
    calls: int = 0
    operations: int = 0
    episodes: int = 0
    flying: dict[str, Twins] = msgspec.field(default_factory=dict)
    """Calls in flight by fingerprint; no empty entries."""
    waiting: dict[int, Operation] = msgspec.field(default_factory=dict)
    """Operations whose episode is WAITING, by number, oldest failure first."""
    failures: dict[str, dict[int, Operation]] = msgspec.field(default_factory=dict)
    """The same by fingerprint, less those whose window is over: the multiset that retries are paired with."""
    keys: dict[tuple[str, str], Operation] = msgspec.field(default_factory=dict)
    """Operations by (explicit key, fingerprint), oldest first."""
