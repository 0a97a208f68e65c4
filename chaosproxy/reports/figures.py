"""How a report writes figures and names for people: the same in every format. Must not know any format."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from chaosproxy.core.measures import MEASURES, Unit
from chaosproxy.reports.model import CellView, Rate

YEAR: Final = 365 * 86_400
"""Seconds; a journal that says more than that is damaged."""
NOTHING = "-"
"""Written where there is no figure."""
NAME_LONGEST = 80
"""Characters of a name that an agent chose: it may be anything."""


def plain(text: str, most: int = NAME_LONGEST) -> str:
    """A name on one line: without control characters, line ends, and marks that turn the direction of writing."""
    shown = "".join([each if each.isprintable() else "?" for each in text[: most + 1]])
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def seconds(value: float | None) -> str:
    """A time: `0.04 s`, `2.5 s`, `12 s`, `3 min 5 s`."""
    if value is None or math.isnan(value):
        return NOTHING
    if value < 59.5:
        return f"{_round(value)} s"
    return _minutes(round(value)) if value < YEAR else "more than a year"


def _minutes(whole: int) -> str:
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def share(value: float | None) -> str:
    """A share: `84.2 %`; `100 %` and `0 %` only if it is exactly that."""
    if value is None:
        return NOTHING
    shown = f"{value * 100:.1f}"
    if shown == "100.0":
        return "100 %" if value >= 1 else "99.9 %"
    if shown == "0.0":
        return "0 %" if value <= 0 else "0.1 %"
    return f"{shown.removesuffix('.0')} %"


def rate(found: Rate) -> str:
    """A rate with its cases: `84.2 % (16/19)`."""
    return f"{share(found.value)} ({found.hits}/{found.cases})" if found.cases else NOTHING


def interval(found: Rate) -> str:
    """The ends of a rate's interval, in per cent: `62 to 94`."""
    return f"{found.low * 100:.0f} to {found.high * 100:.0f}" if found.cases else NOTHING


def factor(value: float | None) -> str:
    """A plain number: `1.35`."""
    return NOTHING if value is None else f"{value:.2f}"


def measured(measure: str, value: float | None) -> str:
    """A measure's value in its unit; a measure that is not known here is written as a number."""
    if value is None:
        return NOTHING
    unit = MEASURES.get(measure, Unit.FACTOR)
    if unit is Unit.SHARE:
        return share(value)
    return seconds(value) if unit is Unit.SECONDS else f"{value:.4g}"


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


def _round(value: float) -> str:
    if value < 0.0005:
        return "0"
    if value < 0.0095:
        return f"{value:.3f}"
    return f"{value:.2f}".rstrip("0").rstrip(".") if value < 0.9995 else f"{value:.3g}"
