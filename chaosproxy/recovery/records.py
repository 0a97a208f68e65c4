"""What the tracker remembers: sessions, the operations in them, and the episode that an operation may be in.

Only memory: no rule and no judgement is here. It holds no call, header or body, so what is remembered of a call is
small and nothing secret outlives the call. Times are monotonic seconds.
Compiled, because every call looks and writes here.
"""

from chaosproxy.recovery.episode import NEVER, Episode

__all__ = ["NEVER", "Episode", "Operation", "Session", "Twins"]


class Operation:
    """All attempts of one intention."""

    __slots__ = (
        "attempts",
        "delivered",
        "episode",
        "executions",
        "fingerprint",
        "flying",
        "number",
        "replies",
        "session",
        "settled",
        "tool",
    )

    def __init__(self, number: int, session: "Session", tool: str, fingerprint: str) -> None:
        self.number = number
        self.session = session
        self.tool = tool
        self.fingerprint = fingerprint
        self.attempts = 1
        self.flying = 1
        """Attempts in flight."""
        self.settled = 0
        """How many of the attempts belong to an earlier success, or to an episode that is closed."""
        self.delivered = NEVER
        """When an answer that the agent can use last reached it."""
        self.executions = 0
        """How often the upstream executed it, replays left out."""
        self.replies: set[tuple[str, str]] | None = None
        """(operation key, digest of the reply) of its executions under a key."""
        self.episode: Episode | None = None


class Twins:
    """The calls of one session and fingerprint that are in flight together, oldest first. Usually there is one."""

    __slots__ = ("delivered", "operations")

    def __init__(self, operations: dict[int, Operation]) -> None:
        self.operations = operations
        """Theirs, by the number of the call."""
        self.delivered = NEVER
        """When one of them last got an answer the agent can use, since there has been any."""


class Session:
    """One agent run."""

    __slots__ = (
        "calls",
        "episodes",
        "failures",
        "flying",
        "keys",
        "last",
        "last_call",
        "name",
        "operations",
        "source",
        "started",
        "waiting",
    )

    def __init__(self, name: str, source: str, started: float) -> None:
        self.name = name
        self.source = source
        self.started = self.last_call = self.last = started
        """`last` is when anything last happened in it."""
        self.calls = self.operations = self.episodes = 0
        self.flying: dict[str, Twins] = {}
        """Calls in flight by fingerprint; no empty entries."""
        self.waiting: dict[int, Operation] = {}
        """Operations whose episode is WAITING, by number, oldest failure first."""
        self.failures: dict[str, dict[int, Operation]] = {}
        """The same by fingerprint, less those whose window is over: the multiset that retries are paired with."""
        self.keys: dict[tuple[str, str], Operation] = {}
        """Operations by (explicit key, fingerprint), oldest first."""
