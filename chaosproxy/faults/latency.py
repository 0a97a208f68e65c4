"""The tool takes its time, and then answers as ever.

**What the agent sees**

The right answer, late: always equally late, or as late as a distribution says, drawn once for each call. The delay
comes before the tool runs, or after it (`after_upstream`: the work is done, the news travels slowly).

**What a healthy agent does**

It waits, within a time limit of its own that fits the tool. If the limit strikes it may try again, but not at once, and
not a write that may already have run.

**Seen in the wild**

Delays of real services have long tails, which is what `lognormal` (the usual choice) and `pareto` (rare but extreme)
are for; an average says little about them. The OpenAI and Anthropic SDKs wait 600 s by default, Stripe's 80 s, the MCP
TypeScript client 60 s, httpx 5 s, and requests for ever: the same delay breaks one agent and is not noticed by another.
"""

import math
from collections.abc import Mapping
from itertools import pairwise
from statistics import NormalDist
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from chaosproxy.core.effects import Delay, Effect
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.core.units import format_duration
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._fields import Duration

Distribution = Literal["fixed", "uniform", "normal", "lognormal", "pareto"]
MoreThanNone = Annotated[Duration, Field(gt=0)]

_NEEDED: Mapping[Distribution, tuple[str, ...]] = MappingProxyType(
    {
        "fixed": ("delay",),
        "normal": ("mean", "stddev"),
        "lognormal": ("median", "p99"),
        "pareto": ("scale", "alpha"),
        "uniform": ("max",),
    }
)
_ALLOWED: Mapping[Distribution, tuple[str, ...]] = MappingProxyType(
    {"fixed": (), "normal": ("min", "max"), "lognormal": ("max",), "pareto": ("max",), "uniform": ("min",)}
)
_OWN: Mapping[Distribution, tuple[str, ...]] = MappingProxyType(
    {shape: names for shape, names in _NEEDED.items() if shape != "uniform"}
)
"""What gives a distribution away; `min` and `max` do not, because others have them too."""
_SHAPE = ("delay", "min", "max", "mean", "stddev", "median", "p99", "scale", "alpha")

_STANDARD = NormalDist()
_Z99 = _STANDARD.inv_cdf(0.99)
_LEAST = 2.0**-53
"""Draws are multiples of it; the ends of (0, 1), where an inverse distribution is infinite, are kept this far off."""


class Latency(Fault):
    """Delay the call."""

    family = Family.TIMING
    phases = (Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM)
    ends_call = False
    # A late answer is right; where lateness is a failure, the agent sees it as one: its own timeout.
    nature = Nature(
        explicit=True,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: search is slow for some
  match: {tool: find}
  when: {probability: 30%}
  fault: {type: latency, distribution: lognormal, median: 800ms, p99: 6s}
"""

    type: Literal["latency"] = "latency"
    """The fault's name."""
    distribution: Distribution | None = None
    """fixed (delay), uniform (min, max), normal (mean, stddev), lognormal (median, p99) or pareto (scale, alpha); if
    left out, the one whose settings are given."""
    delay: Duration | None = None
    """fixed: always this long."""
    min: Duration = 0.0
    """uniform and normal: never shorter than this. A normal distribution is cut off here, not heaped up."""
    max: MoreThanNone = 600.0
    """uniform: never longer than this; must be given. normal, lognormal, pareto: anything longer takes this long."""
    mean: Duration | None = None
    """normal: the middle, before the cut at `min`."""
    stddev: MoreThanNone | None = None
    """normal: the standard deviation, before the cut at `min`."""
    median: MoreThanNone | None = None
    """lognormal: half of the calls are faster."""
    p99: MoreThanNone | None = None
    """lognormal: one call in a hundred is slower."""
    scale: MoreThanNone | None = None
    """pareto: the shortest delay."""
    alpha: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """pareto: how fast the tail thins out. 1.16 is the rule of 80 to 20; the smaller, the wilder."""

    @model_validator(mode="after")
    def _settings_fit_the_distribution(self) -> Self:
        shape, given = self.shape, self._given()
        needed, fitting = _NEEDED[shape], _NEEDED[shape] + _ALLOWED[shape]
        if missing := [name for name in needed if name not in given]:
            raise ValueError(f"{missing[0]}: a {shape} distribution needs {' and '.join(needed)}")
        if stray := [name for name in given if name not in fitting]:
            raise ValueError(f"{stray[0]}: a {shape} distribution knows {', '.join(fitting)} only")
        self._check_order(shape)
        return self

    def _check_order(self, shape: Distribution) -> None:
        """Each setting that is a point of the distribution must lie where it can be one."""
        ladder = {
            "fixed": (),
            "uniform": ("min", "max"),
            "normal": ("min", "mean", "max"),
            "lognormal": ("median", "p99", "max"),
            "pareto": ("scale", "max"),
        }[shape]
        for low, high in pairwise(ladder):
            below, above = getattr(self, low), getattr(self, high)
            if below > above:
                raise ValueError(
                    f"{low}: {format_duration(below)} is more than {high}, which is {format_duration(above)}"
                )

    def _given(self) -> list[str]:
        return [name for name in _SHAPE if name in self.model_fields_set and getattr(self, name) is not None]

    @property
    def shape(self) -> Distribution:
        """The distribution that is asked for, or the one that the settings given imply.

        Raises:
            ValueError: if they imply none, or more than one.
        """
        if self.distribution:
            return self.distribution
        given = self._given()
        implied: list[Distribution] = [shape for shape in _OWN if any(name in given for name in _OWN[shape])]
        if len(implied) > 1:
            found = " and ".join(f"{shape} ({', '.join(_OWN[shape])})" for shape in implied)
            raise ValueError(f"distribution: these are settings of {found}; one call has one delay")
        if not implied and "max" not in given:
            raise ValueError("delay: latency needs a delay, or a distribution and its settings")
        return implied[0] if implied else "uniform"

    def seconds(self, draw: float) -> float:
        """The delay at `draw` in [0, 1): the inverse of the distribution function, so 0.5 gives the median."""
        share = min(max(draw, _LEAST), 1 - _LEAST)
        match self.shape:
            case "fixed":
                return _set(self.delay)
            case "uniform":
                return self.min + draw * (self.max - self.min)
            case "normal":
                return min(_normal(share, _set(self.mean), _set(self.stddev), self.min), self.max)
            case "lognormal":
                sigma = math.log(_set(self.p99) / _set(self.median)) / _Z99
                return self._capped_exp(math.log(_set(self.median)) + sigma * _STANDARD.inv_cdf(share))
            case "pareto":
                return self._capped_exp(math.log(_set(self.scale)) - math.log1p(-share) / _set(self.alpha))

    def _capped_exp(self, exponent: float) -> float:
        """Capped before the power is taken, because a wild tail would overflow."""
        return min(math.exp(min(exponent, math.log(self.max))), self.max)

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """A delay before or after the tool has run."""
        return (Delay(self.seconds(turn.draw(rule, "latency")), self.strikes),)


def _set(setting: float | None) -> float:
    """A setting that the model has been checked to have."""
    assert setting is not None
    return setting


def _normal(share: float, mean: float, stddev: float, least: float) -> float:
    """The quantile of a normal distribution truncated below at `least` (which is not above the mean)."""
    cut = _STANDARD.cdf((least - mean) / stddev)
    within = min(max(cut + share * (1 - cut), _LEAST), 1 - _LEAST)
    return max(mean + stddev * _STANDARD.inv_cdf(within), least)
