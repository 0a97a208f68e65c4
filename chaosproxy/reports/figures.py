"""How a report writes figures and names for people: the same in every format. Must not know any format."""

from collections.abc import Mapping, Sequence

from chaosproxy.core.figures import NOTHING, YEAR, beside, measured, seconds, share
from chaosproxy.reports.model import CellView, CheckView, Rate

__all__ = (
    "NAME_LONGEST",
    "NOTHING",
    "YEAR",
    "checked",
    "counted",
    "ended",
    "factor",
    "interval",
    "listed",
    "measured",
    "plain",
    "rate",
    "seconds",
    "share",
    "tallied",
)

NAME_LONGEST = 80
"""Characters of a name that an agent chose: it may be anything."""


def plain(text: str, most: int = NAME_LONGEST) -> str:
    """A name on one line: without control characters, line ends, and marks that turn the direction of writing."""
    shown = "".join([each if each.isprintable() else "?" for each in text[: most + 1]])
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def rate(found: Rate) -> str:
    """A rate with its cases: `84.2 % (16/19)`."""
    return f"{share(found.value)} ({found.hits}/{found.cases})" if found.cases else NOTHING


def interval(found: Rate) -> str:
    """The ends of a rate's interval, in per cent: `62 to 94`."""
    return f"{found.low * 100:.0f} to {found.high * 100:.0f}" if found.cases else NOTHING


def factor(value: float | None) -> str:
    """A plain number: `1.35`."""
    return NOTHING if value is None else f"{value:.2f}"


def checked(check: CheckView) -> str:
    """The value of an expectation, as its reason has it."""
    return beside(check.measure, check.value, check.at_least, check.at_most)


def counted(count: int, one: str, many: str | None = None) -> str:
    """`1 call`, `2 calls`."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def listed(parts: Sequence[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def tallied(counts: Mapping[str, int]) -> str:
    """Counts by name, the most frequent first: `fixed 3, immediate 1`."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count}" for name, count in ranked if count) or NOTHING


def ended(cell: CellView) -> str:
    """How the episodes of a cell ended, the most frequent first."""
    return tallied(cell.resolutions)
