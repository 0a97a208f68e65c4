"""What every mapping of a profile is, and the numbers that stand in many of them. Knows no mapping in particular."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from chaosproxy.faults._fields import Duration


class Section(BaseModel):
    """A mapping of a profile: unknown keys are mistakes, and nothing changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


MoreThanNone = Annotated[Duration, Field(gt=0)]
"""Seconds, and more than 0."""

Count = Annotated[int, Field(ge=1)]
"""A whole number from 1."""
