"""What the tracker remembers: sessions, the operations in them, and the episode that an operation may be in.

Only memory: no rule and no judgement is here. It holds no call, header or body, so what is remembered of a call is
small and nothing secret outlives the call; of a failed one its arguments do, while it may be taken up again. What not
every session needs is made when it is needed. Times are monotonic seconds.
Compiled, because every call looks and writes here.
"""

from chaosproxy.core.call import Route
from chaosproxy.core.conclusions import WasteReason
from chaosproxy.core.failures import Outcome
from chaosproxy.recovery.following.episode import NEVER, Episode
from chaosproxy.recovery.following.limits import Limit
from chaosproxy.recovery.following.loops import LoopMemory
from chaosproxy.recovery.following.repeats import Repeat
from chaosproxy.recovery.following.thinking import Thinking

__all__ = ["NEVER", "Canary", "Episode", "Operation", "Session", "Suspect", "Trouble", "Twins"]

VARIANTS = 8
"""Fingerprints remembered of one operation, beside its first."""


class Operation:
    """All attempts of one intention."""

    __slots__ = (
        "attempts",
        "delivered",
        "episode",
        "executions",
        "fingerprint",
        "flying",
        "key",
        "latest",
        "number",
        "replies",
        "route",
        "session",
        "settled",
        "variants",
    )

    def __init__(self, number: int, session: "Session", route: Route, fingerprint: str) -> None:
        self.number = number
        self.session = session
        self.route = route
        """Where its first attempt went."""
        self.fingerprint = fingerprint
        """Its first attempt's."""
        self.variants: list[str] | None = None
        """Those of modified retries and fallbacks: the latest ones."""
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
        self.key: str | None = None
        """The explicit key of its first attempt."""
        self.latest = 0
        """The number of its latest call."""
        self.episode: Episode | None = None

    def goes_by(self, fingerprint: str) -> None:
        """Remember that an attempt had this fingerprint."""
        if fingerprint == self.fingerprint:
            return
        if self.variants is None:
            self.variants = [fingerprint]
        elif fingerprint not in self.variants:
            self.variants.append(fingerprint)
            del self.variants[:-VARIANTS]


class Twins:
    """The calls of one session and fingerprint that are in flight together, oldest first. Usually there is one."""

    __slots__ = ("answered", "delivered", "operations")

    def __init__(self, operations: dict[int, Operation]) -> None:
        self.operations = operations
        """Theirs, by the number of the call."""
        self.answered = 0
        """How many of them got an answer the agent can use, since there have been any."""
        self.delivered = NEVER
        """When one of them last got an answer the agent can use, since there has been any."""


class Canary:
    """A false value that was planted, and where it may turn up."""

    __slots__ = ("episode", "in_prompt", "in_tool", "planted", "text")

    def __init__(self, text: str, episode: int, planted: int) -> None:
        self.text = text
        self.episode = episode
        """The number of the one that it opened."""
        self.planted = planted
        """The number of the call whose reply it was planted in."""
        self.in_prompt = self.in_tool = False
        """Has it been found there?"""


class Suspect:
    """A call in flight that may turn out to have been made in vain."""

    __slots__ = ("early", "insisted", "otherwise", "outcome")

    def __init__(self, outcome: Outcome, *, insisted: bool, early: bool) -> None:
        self.outcome = outcome
        """Of the failure that it follows."""
        self.insisted = insisted
        """It repeats, unchanged, what cannot work unchanged."""
        self.early = early
        """It came before it was asked to."""
        self.otherwise: WasteReason | None = None
        """Why it is in vain in any case."""


class Trouble:
    """What has gone wrong in a session and is not over. Made at a failure, dropped when nothing of it is left."""

    __slots__ = ("canaries", "doubts", "failures", "limits", "moved_on", "suspects", "tools", "unfollowed", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[int, Operation] = {}
        """Operations whose episode is WAITING, by number, oldest failure first."""
        self.failures: dict[str, dict[int, Operation]] = {}
        """The same by fingerprint, less those whose window is over: the multiset that retries are paired with."""
        self.tools: dict[str, dict[int, Operation]] = {}
        """The same by tool: that of the first attempt, and that of the latest."""
        self.doubts: dict[int, Operation] = {}
        """Operations with a write that may have run, by number, while their episode is open."""
        self.unfollowed: list[Episode] = []
        """Episodes after whose latest failure no call has come."""
        self.moved_on = False
        """Has a tool been called since the latest failure?"""
        self.limits: dict[str, list[Limit]] = {}
        """Requests to wait that may still be running, by upstream."""
        self.canaries: list[Canary] = []
        self.suspects: dict[int, Suspect] = {}
        """By the number of the call."""

    def over(self) -> bool:
        """Is there nothing left of it?"""
        return not (self.waiting or self.doubts or self.canaries or self.suspects or self.limits)


class Session:
    """One agent run."""

    __slots__ = (
        "calls",
        "episodes",
        "flying",
        "forgotten",
        "keys",
        "last",
        "last_call",
        "loops",
        "name",
        "opened",
        "operations",
        "repeats",
        "source",
        "started",
        "succeeded",
        "thinking",
        "token",
        "trouble",
    )

    def __init__(self, name: str, source: str, started: float) -> None:
        self.name = name
        self.source = source
        self.started = self.last_call = self.last = started
        """`last` is when anything last happened in it."""
        self.calls = self.operations = self.episodes = self.forgotten = 0
        self.flying: dict[str, Twins] = {}
        """Calls in flight by fingerprint; no empty entries."""
        self.succeeded = ""
        """The fingerprint of the call that was answered well last."""
        self.keys: dict[str, tuple[str, Operation]] | None = None
        """By explicit key, oldest first: the fingerprint it was given for, and the operation."""
        self.repeats: dict[str, Repeat] | None = None
        """Reads that were answered well, by fingerprint."""
        self.loops = LoopMemory()
        self.trouble: Trouble | None = None
        self.thinking: Thinking | None = None
        """Its language models' time, once it has asked any."""
        self.token = NEVER
        """When it last got new credentials from a token endpoint."""
        self.opened: dict[str, float] | None = None
        """When it last opened a session of its protocol, by upstream."""
