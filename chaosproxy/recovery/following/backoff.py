"""How the waits of an operation's retries grow. Pure arithmetic on seconds; must not know calls or operations."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, median, pstdev

from chaosproxy.core.events import BackoffShape

AT_ONCE = 0.1
"""Seconds below which a wait is no wait."""
STEADY = 0.15
"""Coefficient of variation below which waits are the same."""
EVEN_STEPS = 0.25
"""How far, relative to their mean, the steps from wait to wait may differ for the waits to grow linearly."""


def shape_of(waits: Sequence[float]) -> BackoffShape | None:
    """The shape of these waits (seconds, in order); None if there are too few to tell: one, unless it is none at all.

    Fixed if they hardly vary, linear if each is longer than the one before by about as much; else by the median factor
    from wait to wait: from 1.5 on exponential, below 0.8 decreasing. A median, because jitter moves each.
    """
    if not waits:
        return None
    if all(wait < AT_ONCE for wait in waits):
        return BackoffShape.IMMEDIATE
    if len(waits) < 2:
        return None
    mean = fmean(waits)
    if pstdev(waits, mean) < STEADY * mean:
        return BackoffShape.FIXED
    if _steps_are_even(waits):
        return BackoffShape.LINEAR
    return _by_growth(waits, median(after / max(before, 1e-3) for before, after in pairwise(waits)))


def grows(waits: Sequence[float]) -> bool:
    """Are the later waits longer than the earlier ones? Then whoever waits gives the tool time, and does not go round.

    By the means of the two halves, because with full jitter a single wait may be short.
    """
    if len(waits) < 2:
        return False
    half = len(waits) // 2
    early, late = fmean(waits[:half]), fmean(waits[-half:])
    return late >= 2 * AT_ONCE and late >= 1.5 * early


def _by_growth(waits: Sequence[float], factor: float) -> BackoffShape:
    """The whole way must go where most of the steps go: long and short in turn is neither."""
    if factor >= 1.5 and waits[-1] >= 1.5 * waits[0]:
        return BackoffShape.EXPONENTIAL
    if factor < 0.8 and waits[-1] < 0.8 * waits[0]:
        return BackoffShape.DECREASING
    return BackoffShape.IRREGULAR


def _steps_are_even(waits: Sequence[float]) -> bool:
    """Needs three waits: of two nobody can say whether they grow by a sum or by a factor."""
    if len(waits) < 3:
        return False
    steps = [after - before for before, after in pairwise(waits)]
    mean = fmean(steps)
    return mean > 0 and all(abs(step - mean) <= EVEN_STEPS * mean for step in steps)
