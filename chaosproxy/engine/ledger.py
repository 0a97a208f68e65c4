"""All that the engine remembers: how often, and what faults remember. The only state; whoever decides only reads it.

Everything that traffic can make more of has a limit, beyond which the oldest is forgotten: a session or a fingerprint
that is forgotten begins again at 1. The limits are far above what one run of agents needs.
"""

from itertools import islice
from typing import Any, Final

from chaosproxy.core.call import Call
from chaosproxy.engine.budgets import Budgets
from chaosproxy.engine.records import Lease, Occasion, Slot, Verdict
from chaosproxy.engine.shortlist import Shortlist
from chaosproxy.faults._base import Scope

MOST_SESSIONS = 100_000
MOST_NAMES = 20_000
"""Fingerprints, and tools, to count in one session."""
MOST_MEMORIES = 100_000
"""Memories of faults, beside those that sessions keep."""

BY_SESSION: Final = Scope.SESSION
"""Looked up once: an enum member costs more than a global."""


def _forget_oldest(entries: dict[Any, Any], most: int) -> None:
    """Drop the oldest tenth of a dictionary of more than `most` entries: many at once, so that it is seldom done."""
    if len(entries) > most:
        for name in list(islice(entries, most // 10 + 1)):
            del entries[name]


class SessionPage:
    """What is counted of one session."""

    __slots__ = ("memories", "occurrences", "opened", "ordinals", "struck")

    def __init__(self, opened: int) -> None:
        self.opened = opened
        """Which call of the run was its first."""
        self.ordinals: dict[str, int] = {}
        """Calls by tool."""
        self.occurrences: dict[str, int] = {}
        """Calls by fingerprint."""
        self.struck: dict[str, int] = {}
        """How often each rule was triggered."""
        self.memories: dict[Slot, object] = {}


class Ledger:
    """Counts and memories. A decision only reads it; what follows from one is written down by `commit`."""

    def __init__(self, rules: int, budgets: Budgets | None = None) -> None:
        self.started = 0.0
        """Monotonic seconds at which the run began."""
        self.calls = 0
        self.active = 0
        self.injected = 0
        self.eligible = [0] * rules
        """Calls that reached and matched each rule, without those that `Shortlist.reached` still holds."""
        self.injections = [0] * rules
        """Calls that each rule hit."""
        self.awake: set[str] = set()
        """The rules of which some fault has remembered something, of whatever session."""
        self._budgets = budgets or Budgets()
        self._sessions: dict[str, SessionPage] = {}
        self._memories: dict[Slot, object] = {}

    def count(self, call: Call, attempt: int, now: float) -> Occasion:
        """Write down that a call came."""
        self.calls = arrival = self.calls + 1
        page = self._sessions.get(call.session)
        if page is None:
            page = self._open(call.session)
        tool, fingerprint = call.route.tool, call.fingerprint
        page.ordinals[tool] = ordinal = page.ordinals.get(tool, 0) + 1
        page.occurrences[fingerprint] = occurrence = page.occurrences.get(fingerprint, 0) + 1
        if occurrence == 1:
            _forget_oldest(page.occurrences, MOST_NAMES)
            _forget_oldest(page.ordinals, MOST_NAMES)
        return Occasion(call, attempt, ordinal, occurrence, arrival, now)

    def commit(self, shortlist: Shortlist, session: str, verdict: Verdict) -> None:
        """Write down what was decided about a call of this session."""
        shortlist.reached[verdict.stop] += 1
        for position in verdict.conditional:
            self.eligible[position] += 1
        for slot, memory in verdict.memories:
            self._remember(slot, memory)
        if verdict.blows:
            self.active += 1
            self.injected += 1
            for blow in verdict.blows:
                self.injections[blow.position] += 1
                if blow.triggered:
                    struck = self._sessions[session].struck
                    struck[blow.rule] = struck.get(blow.rule, 0) + 1

    def give_back(self, lease: Lease) -> None:
        """The call that had taken something from a memory is over. What is forgotten meanwhile is owed nothing."""
        slot = lease.slot
        if slot.scope is BY_SESSION:
            page = self._sessions.get(slot.owner or "")
            memories = page.memories if page is not None and page.opened <= lease.arrival else None
        else:
            memories = self._memories
        if memories is not None and slot in memories:
            memories[slot] = lease.fault.returned(memories[slot])

    def held_back(self) -> str | None:
        """The budget that one more call under a fault would break, or None."""
        return self._budgets.holds_back(active=self.active, injected=self.injected, calls=self.calls)

    def struck(self, session: str, rule: str) -> int:
        """How often this rule was triggered in this session."""
        page = self._sessions.get(session)
        return page.struck.get(rule, 0) if page is not None else 0

    def memory(self, slot: Slot, blank: object) -> object:
        """What is kept there; `blank` if nothing is."""
        if slot.scope is not BY_SESSION:
            return self._memories.get(slot, blank)
        page = self._sessions.get(slot.owner or "")
        return page.memories.get(slot, blank) if page is not None else blank

    def forget_session(self, session: str) -> None:
        """Drop what is counted and remembered of a session that is over."""
        self._sessions.pop(session, None)

    def _open(self, session: str) -> SessionPage:
        page = self._sessions[session] = SessionPage(self.calls)
        _forget_oldest(self._sessions, MOST_SESSIONS)
        return page

    def _remember(self, slot: Slot, memory: object) -> None:
        self.awake.add(slot.rule)
        if slot.scope is BY_SESSION:
            self._sessions[slot.owner or ""].memories[slot] = memory
        elif slot in self._memories:
            self._memories[slot] = memory
        else:
            self._memories[slot] = memory
            _forget_oldest(self._memories, MOST_MEMORIES)
