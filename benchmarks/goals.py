"""What is aimed at, in figures, and whether a run reached it.

A goal never fails a run: it says met, not met, or not measured. Must not know how anything is measured.
"""

from collections.abc import Sequence

import msgspec

from benchmarks.markdown import markdown_table


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of goals."""

    what: str
    bound: float
    unit: str
    """What bound and figure are in: `x` (times), `%`, `ms`, `us`, `s`, `MiB`."""
    upper: bool
    """Is the bound the most it may be, or the least?"""
    figure: float | None = None
    """None: not measured in this run."""
    met: bool | None = None

    def reached(self, figure: float | None) -> "Goal":
        """This goal, with the figure that a run came to."""
        if figure is None:
            return self
        met = figure <= self.bound if self.upper else figure >= self.bound
        return msgspec.structs.replace(self, figure=figure, met=met)


def at_most(what: str, bound: float, unit: str) -> Goal:
    """A goal that a smaller figure meets."""
    return Goal(what=what, bound=bound, unit=unit, upper=True)


def at_least(what: str, bound: float, unit: str) -> Goal:
    """A goal that a larger figure meets."""
    return Goal(what=what, bound=bound, unit=unit, upper=False)


def format_goals(goals: Sequence[Goal]) -> str:
    """The goals as a table for people, in Markdown."""
    return markdown_table(("goal", "wanted", "figure", ""), [_cells(goal) for goal in goals], numbers_from=2)


def _cells(goal: Goal) -> tuple[str, ...]:
    wanted = f"{'at most' if goal.upper else 'at least'} {_quantity(goal.bound, goal.unit)}"
    if goal.figure is None:
        return goal.what, wanted, "-", "not measured"
    return goal.what, wanted, _quantity(goal.figure, goal.unit), "met" if goal.met else "not met"


def _quantity(value: float, unit: str) -> str:
    # Three figures tell a goal that was just missed from one that was just met; more would be noise.
    number = f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return f"{number}{unit}" if unit in ("x", "%") else f"{number} {unit}"
