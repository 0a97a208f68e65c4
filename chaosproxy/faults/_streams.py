"""The settings of faults that strike one event of a stream. Knows no fault by name."""

from typing import Annotated

from pydantic import Field

EventNumber = Annotated[int, Field(ge=1)]
"""Which event of a stream, from 1. Events have data: comments and bare retry or id lines are not counted."""
