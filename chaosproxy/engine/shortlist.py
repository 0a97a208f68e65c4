"""The rules that can concern a route, arranged so that a call is asked only what can still hit it.

Two sieves come before any rule is asked. By *cells*: `calls` and `attempts` name spans, so between two edges of spans
all calls are alike, and which rules are out is found once for each cell. By *chances*: whether any of the rules that
chance can rule out draws low enough is found for all of them at once. Both leave out only what could not have fired.
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
"""A rule, its condition, and whether `calls` and `attempts` of its trigger hold."""


@dataclass(frozen=True, eq=False)
class Cell:
    """What is to be asked of calls with alike attempts and ordinals."""

    questions: tuple[Question, ...]
    """Of the rules that are not out already, in order."""
    luckless: tuple[Question, ...]
    """What is left of them when none of `chances` holds."""
    chances: tuple[tuple[str, Chances | None], ...]
    """By key (`fingerprint`, ...): the rules that chance can rule out; None if only other rules need the key."""


def _edges(spans: Iterable[Span]) -> list[int]:
    """Where membership in the spans can change: a number goes with the last edge that is not above it."""
    return sorted({edge for low, high in spans for edge in (low, high + 1)})


def _is_always_asked(rule: CompiledRule) -> bool:
    """Must it be asked although its trigger cannot hold, because it remembers or because its matches are counted?"""
    return rule.remembers or rule.condition is not None


class Shortlist:
    """The rules that can concern a route, in order."""

    __slots__ = ("_attempt_edges", "_call_edges", "_cells", "listener", "reached", "rules")

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
        self._cells: dict[tuple[int, int], Cell] = {}

    def cell(self, attempt: int, ordinal: int) -> Cell:
        """What is to be asked of this attempt of an operation that is this call of its tool in the session."""
        place = (bisect_right(self._attempt_edges, attempt), bisect_right(self._call_edges, ordinal))
        cell = self._cells.get(place)
        if cell is None:
            if len(self._cells) >= MOST_CELLS:
                self._cells.clear()
            cell = self._cells[place] = self._work_out(attempt, ordinal)
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

    def _work_out(self, attempt: int, ordinal: int) -> Cell:
        counted = [(rule, rule.trigger.counts(attempt, ordinal)) for rule in self.rules]
        questions = [(rule, rule.condition, holds) for rule, holds in counted if holds or _is_always_asked(rule)]
        by_chance = [rule for rule, _, holds in questions if holds and rule.trigger.probability is not None]
        chances = []
        for key in sorted({rule.trigger.key for rule in by_chance}):
            draws = [
                (rule.trigger.draw, rule.trigger.probability or 0.0)
                for rule in by_chance
                if rule.trigger.key == key and not _is_always_asked(rule)
            ]
            chances.append((key, Chances.of(draws) if draws else None))
        return Cell(
            questions=tuple(questions),
            luckless=tuple(
                question for question in questions if question[0] not in by_chance or _is_always_asked(question[0])
            ),
            chances=tuple(chances),
        )
