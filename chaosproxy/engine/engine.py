"""The engine as the rest of the house sees it: a call in, a decision out, in one step that nothing can come between."""

from chaosproxy.core.call import Call
from chaosproxy.core.decision import QUIET, Decision
from chaosproxy.engine.decide import PASSED, decide
from chaosproxy.engine.index import Index
from chaosproxy.engine.ledger import Ledger
from chaosproxy.engine.plan import Plan
from chaosproxy.engine.records import Lease
from chaosproxy.engine.shortlist import Shortlist
from chaosproxy.profiles.models import Profile


class Engine:
    """Judges calls by one profile. Not for several threads at once."""

    def __init__(self, profile: Profile, started: float | None = None) -> None:
        """Judge nothing yet.

        Args:
            profile: one that was loaded without mistakes.
            started: monotonic seconds at which the run began; if left out, it begins when `begin` is told, or with the
                first call that is judged.
        """
        self.plan = Plan.of(profile)
        self._ledger = Ledger(len(self.plan.rules), self.plan.budgets)
        self._index = Index(self.plan.rules, self._retire)
        self._has_begun = False
        if started is not None:
            self.begin(started)

    def begin(self, started: float) -> None:
        """The run begins at that time (monotonic seconds), unless it has begun already."""
        if not self._has_begun:
            self._has_begun = True
            self._ledger.started = started

    def judge(self, call: Call, attempt: int, now: float) -> Decision:
        """What happens to a call. Each is judged once; `finished` must follow when it is over.

        Args:
            call: the call.
            attempt: which attempt of its operation it is, from 1.
            now: monotonic seconds.
        """
        shortlist = self._index.known(call.route)
        if shortlist is None:
            # A first call is of a route that nobody knows: so none but those need to be asked whether it is the first.
            self.begin(now)
            shortlist = self._index.find(call.route)
        occasion = self._ledger.count(call, attempt, now)
        if not shortlist.rules:
            return QUIET
        verdict = decide(self.plan, shortlist, occasion, self._ledger)
        if verdict is PASSED:
            shortlist.reached[-1] += 1
            return QUIET
        self._ledger.commit(shortlist, call.session, verdict)
        return verdict.decision

    def finished(self, decision: Decision) -> None:
        """A call that was judged is over, whichever way: once for each decision."""
        if decision is QUIET:
            return
        if decision.rule is not None:
            self._ledger.active -= 1
        for lease in decision.leases:
            assert isinstance(lease, Lease)
            self._ledger.give_back(lease)

    @property
    def active(self) -> int:
        """Calls under a fault now."""
        return self._ledger.active

    def eligible_counts(self) -> dict[str, int]:
        """By rule, the calls that it could have hit: those that matched it and were not decided by a rule before it."""
        counts = list(self._ledger.eligible)
        for shortlist in self._index.shortlists():
            shortlist.eligible(counts)
        return {rule.name: counts[rule.position] for rule in self.plan.rules}

    def injected_counts(self) -> dict[str, int]:
        """By rule, the calls that it hit."""
        return {rule.name: self._ledger.injections[rule.position] for rule in self.plan.rules}

    def forget_session(self, session: str) -> None:
        """A session is over: if its name comes again, it counts from 1."""
        self._ledger.forget_session(session)

    def _retire(self, shortlist: Shortlist) -> None:
        shortlist.eligible(self._ledger.eligible)
