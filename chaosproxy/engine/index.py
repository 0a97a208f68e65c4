"""Which rules can concern a route, found once for each route, so that rules about other things cost a call nothing.

What is kept here is an answer that could be found again, and so may be forgotten at any time; but for the counts of how
far calls got, which are handed over when it is.
"""

from collections.abc import Callable

from chaosproxy.core.call import Route
from chaosproxy.engine.plan import CompiledRule
from chaosproxy.engine.shortlist import Shortlist

MOST_ROUTES = 10_000
"""Routes to remember. An id in a path makes many; beyond this all are forgotten and found again."""

Aim = tuple[str, str, str, str, str]
"""Transport, upstream, tool, method, host."""


class Index:
    """Finds the shortlist of a route."""

    def __init__(self, rules: tuple[CompiledRule, ...], retire: Callable[[Shortlist], None]) -> None:
        self._rules = rules
        self._retire = retire
        self._by_route: dict[Route, Shortlist] = {}
        self._by_aim: dict[Aim, tuple[CompiledRule, ...]] = {}
        self._by_rules: dict[tuple[CompiledRule, ...], Shortlist] = {}
        self.known = self._by_route.get
        """The shortlist of a route that was seen before, or None."""

    def find(self, route: Route) -> Shortlist:
        """The shortlist of any route; empty for one that no fault may touch."""
        if len(self._by_route) >= MOST_ROUTES:
            self._forget()
        rules = tuple(rule for rule in self._aimed_at(route) if rule.target.covers(route)) if route.touchable else ()
        shortlist = self._by_rules.get(rules)
        if shortlist is None:
            shortlist = self._by_rules[rules] = Shortlist(rules)
        self._by_route[route] = shortlist
        return shortlist

    def shortlists(self) -> list[Shortlist]:
        """All that have not been retired."""
        return list(self._by_rules.values())

    def _aimed_at(self, route: Route) -> tuple[CompiledRule, ...]:
        aim = (route.transport, route.upstream, route.tool, route.method, route.host)
        rules = self._by_aim.get(aim)
        if rules is None:
            rules = self._by_aim[aim] = tuple(rule for rule in self._rules if rule.target.aims_at(route))
        return rules

    def _forget(self) -> None:
        for shortlist in self._by_rules.values():
            self._retire(shortlist)
        self._by_route.clear()
        self._by_aim.clear()
        self._by_rules.clear()
