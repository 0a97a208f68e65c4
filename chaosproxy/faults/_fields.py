"""The units in which settings are written, as pydantic types: durations, sizes and rates; and texts of some form."""

import re
from collections.abc import Callable
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field, WithJsonSchema

from chaosproxy.core.units import parse_duration, parse_rate, parse_size


class Written(NamedTuple):
    """Part of an annotation: what may be written there, for the docs, where the type does not show it."""

    words: tuple[str, ...]


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)\s*$"},
                {"const": 0},
                {"type": "string", "pattern": r"\$\{"},
            ],
            "examples": ["250ms", "2s", "5m", "1h"],
        }
    ),
]
"""Seconds, written `250ms`, `2s`, `5m`, `1h`, `1d`."""

Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(B|KiB|MiB|GiB|kB|KB|MB|GB)\s*$"},
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": r"\$\{"},
            ],
            "examples": ["512B", "64KiB", "1MiB"],
        }
    ),
]
"""Bytes, written `512B`, `64KiB`, `1MiB`, or a whole number."""

Rate = Annotated[
    float,
    BeforeValidator(parse_rate),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*%\s*$"},
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string", "pattern": r"\$\{"},
            ],
            "examples": ["30%", 0.3],
        }
    ),
]
"""A share of one, written `30%` or `0.3`."""


def of_form(pattern: str, expected: str) -> Callable[[str], str]:
    """Lets texts pass that fit all of the pattern; of others it says what was expected, in words."""
    form = re.compile(pattern)

    def fitting(text: str) -> str:
        if form.fullmatch(text) is None:
            raise ValueError(f"expected {expected}")
        return text

    return fitting


FailureStatus = Annotated[int, Field(ge=400, le=599)]
"""An HTTP status that says failure."""
