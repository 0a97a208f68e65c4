"""What a profile expects of the agent: bounds on measures, each in its unit.

Knows the measures by name and unit; must not know how they are taken.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from typing_extensions import TypedDict

from chaosproxy.core.measures import MEASURES, Unit
from chaosproxy.faults._fields import Duration, Rate
from chaosproxy.profiles.fields import AtLeastOne, FaultName, Many, OneLine, OneOrMore
from chaosproxy.profiles.section import Count, Section


class Expectation(Section):
    """What must hold for one measure."""

    at_least: float | None = None
    """Lower bound."""
    at_most: float | None = None
    """Upper bound."""
    of: Annotated[tuple[FaultName, ...], Many, OneOrMore()] = ()
    """Only for these faults; for all, if left out."""
    tool: OneLine | None = None
    """Only for tools with this name, with globs; for all, if left out."""
    session: OneLine | None = None
    """Only for sessions with this name, with globs; for all, if left out."""
    cases: Count = 1
    """How many cases it takes to be judged; fewer are INCONCLUSIVE."""

    @model_validator(mode="after")
    def _bounds_leave_room(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("expected at_least or at_most: an expectation needs a bound")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least: expected no more than at_most, or nothing can be both")
        return self


def _not_negative(bound: float) -> float:
    if 0 <= bound < float("inf"):
        return bound
    raise ValueError("expected a number that is not negative")


Plain = Annotated[float, AfterValidator(_not_negative), Field(json_schema_extra={"minimum": 0})]


class ExpectedShare(Expectation):
    """What must hold for a share of cases, written `95%` or `0.95`."""

    at_least: Rate | None = None
    """Lower bound."""
    at_most: Rate | None = None
    """Upper bound."""


class ExpectedCount(Expectation):
    """What must hold for a number of cases."""

    at_least: Annotated[int, Field(ge=0)] | None = None
    """Lower bound."""
    at_most: Annotated[int, Field(ge=0)] | None = None
    """Upper bound."""


class ExpectedTime(Expectation):
    """What must hold for a time, written `10s`."""

    at_least: Duration | None = None
    """Lower bound."""
    at_most: Duration | None = None
    """Upper bound."""


class ExpectedFactor(Expectation):
    """What must hold for a ratio, written as a plain number."""

    at_least: Plain | None = None
    """Lower bound."""
    at_most: Plain | None = None
    """Upper bound."""


EXPECTATION_IN: Mapping[Unit, type[Expectation]] = MappingProxyType(
    {
        Unit.SHARE: ExpectedShare,
        Unit.COUNT: ExpectedCount,
        Unit.SECONDS: ExpectedTime,
        Unit.FACTOR: ExpectedFactor,
    }
)
"""How the bounds on a measure are written, by its unit."""

if TYPE_CHECKING:
    Expectations = dict[str, tuple[Expectation, ...]]
else:
    Expectations = TypedDict(
        "Expectations",
        {
            measure: Annotated[
                tuple[kind := EXPECTATION_IN[unit], ...], AtLeastOne, OneOrMore(), Field(description=kind.__doc__)
            ]
            for measure, unit in MEASURES.items()
        },
        total=False,
    )
    """Expectations by measure: one, or a list of them."""
    Expectations.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)
