"""How what was measured is written for people: shares and times, the same in reasons, reports and scorecards.

What a profile says is written as in a profile (`95%`, `10s`): see `units`.
"""

import math
from typing import Final

from chaosproxy.core.measures import MEASURES, Unit

YEAR: Final = 365 * 86_400
"""Seconds; a journal that says more than that is damaged."""
NOTHING: Final = "-"
"""Written where there is no figure."""


def seconds(value: float | None) -> str:
    """A time: `0.04 s`, `2.5 s`, `12 s`, `3 min 5 s`."""
    if value is None or math.isnan(value):
        return NOTHING
    if value < 59.5:
        return f"{_round(value)} s"
    return _minutes(round(value)) if value < YEAR else "more than a year"


def share(value: float | None) -> str:
    """A share: `84.2 %`; `100 %` and `0 %` only if it is exactly that. What is below nothing has a minus: `-5 %`."""
    if value is None:
        return NOTHING
    if value < 0:
        return f"-{share(-value)}"
    shown = f"{value * 100:.1f}"
    if shown == "100.0":
        return "100 %" if value >= 1 else "99.9 %"
    if shown == "0.0":
        return "0 %" if value <= 0 else "0.1 %"
    return f"{shown.removesuffix('.0')} %"


def measured(measure: str, value: float | None) -> str:
    """A measure's value in its unit; a measure that is not known here is written as a number."""
    if value is None:
        return NOTHING
    unit = MEASURES.get(measure, Unit.FACTOR)
    if unit is Unit.SHARE:
        return share(value)
    return seconds(value) if unit is Unit.SECONDS else f"{value:.4g}"


def beside(measure: str, value: float | None, *bounds: float | None) -> str:
    """A measure's value, told apart from a bound that it is not: `94.97 %` beside `95 %`."""
    shown = measured(measure, value)
    if value is None or all(value == bound or shown != measured(measure, bound) for bound in bounds):
        return shown
    unit = MEASURES.get(measure, Unit.FACTOR)
    if unit is Unit.SHARE:
        return f"{value * 100:.10g} %"
    return f"{value:.10g} s" if unit is Unit.SECONDS else f"{value:.10g}"


def _minutes(whole: int) -> str:
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _round(value: float) -> str:
    if value < 0.0005:
        return "0"
    if value < 0.0095:
        return f"{value:.3f}"
    return f"{value:.2f}".rstrip("0").rstrip(".") if value < 0.9995 else f"{value:.3g}"
