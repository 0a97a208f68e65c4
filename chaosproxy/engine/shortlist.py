"""The rules that can concern a route, arranged so that a call is asked only what can still hit it.

Two sieves come before any rule is asked. By *cells*: `calls`, `attempts`, `after`, `for` and phases name spans, so
between two edges of spans all calls are alike, and which rules are out is found once for each cell. By *chances*:
whether any of the rules that chance can rule out draws low enough is found for all of them at once. Both leave out only
what could not have fired.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from chaosproxy.core.draws import Chances
from chaosproxy.engine.matching import Condition, Listener
from chaosproxy.engine.plan import CompiledRule
from chaosproxy.engine.triggers import Span

MOST_CELLS = 1_000
"""Cells to remember for one shortlist; beyond this all are forgotten and worked out again."""

Question = tuple[CompiledRule, Condition | None, bool]
"""A rule, its condition, and whether its trigger is not out by the spans that it names."""


@dataclass(frozen=True, eq=False)
class Cell:
    """What is to be asked of calls with alike attempts, ordinals and times."""

    questions: tuple[Question, ...]
    """Of the rules that are not out already, in order."""
    luckless: tuple[Question, ...]
    """What is left of them when none of `chances` holds."""
    chances: tuple[tuple[str, Chances | None], ...]
    """By key (`fingerprint`, ...): the rules that chance can rule out; None if only other rules need the key."""


def _edges(spans: Iterable[Span]) -> list[int]:
    """Where membership in the spans can change: a number goes with the last edge that is not above it."""
    return sorted({edge for low, high in spans for edge in (low, high + 1)})


def _is_always_asked(rule: CompiledRule, elapsed: float, awake: set[str] | None) -> bool:
    """Must it be asked although its trigger cannot hold, because it remembers or because its matches are counted?

    Outside of its phases, a rule does nothing from memory either; nor while it waits and is not awake.
    """
    if rule.condition is not None:
        return True
    if rule.waits and (awake is None or rule.name not in awake):
        return False
    return rule.remembers and not (rule.phases is not None and rule.phases.excludes(elapsed))


class Shortlist:
    """The rules that can concern a route, in order."""

    __slots__ = (
        "_attempt_edges",
        "_awake",
        "_call_edges",
        "_cells",
        "_time_edges",
        "is_timed",
        "listener",
        "reached",
        "rules",
    )

    def __init__(self, rules: tuple[CompiledRule, ...]) -> None:
        self.rules = rules
        headers = frozenset[bytes]().union(*(rule.headers for rule in rules))
        self.listener = Listener(headers) if headers else None
        """For the headers that they ask for; None if they ask for none."""
        self.reached = [0] * (len(rules) + 1)
        """How many calls stopped at each of the rules, because it decided; in the last place, how many passed them all.
        So a call is one number to count up, instead of one for each rule."""
        self._attempt_edges = _edges(span for rule in rules for span in rule.trigger.attempts)
        self._call_edges = _edges(span for rule in rules for span in rule.trigger.calls)
        self._time_edges = sorted({edge for rule in rules for edge in rule.trigger.edges})
        self.is_timed = bool(self._time_edges)
        """Does it matter to `cell` when a call comes?"""
        self._cells: dict[tuple[int, int, int], Cell] = {}
        self._awake = 0
        """How many rules were awake when the cells were worked out. None ever falls asleep again."""

    def cell(self, attempt: int, ordinal: int, elapsed: float = 0.0, awake: set[str] | None = None) -> Cell:
        """What is to be asked of this attempt of an operation that is this call of its tool in the session.

        `elapsed` is in seconds since the run began; it may be left out where rules are not timed. `awake` are the rules
        of which some fault has remembered something; None if there are none.
        """
        stirred = len(awake) if awake is not None else 0
        if stirred != self._awake:
            self._awake = stirred
            self._cells.clear()
        place = (
            bisect_right(self._attempt_edges, attempt),
            bisect_right(self._call_edges, ordinal),
            bisect_right(self._time_edges, elapsed) if self.is_timed else 0,
        )
        cell = self._cells.get(place)
        if cell is None:
            if len(self._cells) >= MOST_CELLS:
                self._cells.clear()
            cell = self._cells[place] = self._work_out(attempt, ordinal, elapsed, awake)
        return cell

    def eligible(self, counts: list[int]) -> None:
        """Add to `counts`, by the rules' position, the calls that came as far as each rule.

        A rule with a condition is left out: the ledger counts those calls that met it.
        """
        came = self.reached[-1]
        for rule, stopped in zip(reversed(self.rules), reversed(self.reached[:-1]), strict=True):
            came += stopped
            if rule.condition is None:
                counts[rule.position] += came

    def _work_out(self, attempt: int, ordinal: int, elapsed: float, awake: set[str] | None) -> Cell:
        counted = [
            (rule, rule.trigger.counts(attempt, ordinal) and not rule.trigger.excludes(elapsed)) for rule in self.rules
        ]
        always = {rule.position for rule in self.rules if _is_always_asked(rule, elapsed, awake)}
        questions = [(rule, rule.condition, holds) for rule, holds in counted if holds or rule.position in always]
        by_chance = [rule for rule, _, holds in questions if holds and rule.trigger.probability is not None]
        chances = []
        for key in sorted({rule.trigger.key for rule in by_chance}):
            draws = [
                (rule.trigger.draw, rule.trigger.probability or 0.0)
                for rule in by_chance
                if rule.trigger.key == key and rule.position not in always
            ]
            chances.append((key, Chances.of(draws) if draws else None))
        return Cell(
            questions=tuple(questions),
            luckless=tuple(
                question for question in questions if question[0] not in by_chance or question[0].position in always
            ),
            chances=tuple(chances),
        )
