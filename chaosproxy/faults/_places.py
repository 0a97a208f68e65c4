"""Places in a reply and pieces of its body as people write them: `30%`, `4KiB`, `2 chunks`. Knows no fault."""

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from chaosproxy.core.effects import Extent, Place
from chaosproxy.core.units import format_rate, parse_rate, parse_size
from chaosproxy.faults._fields import Written

HEAD = "half the head"
"""After part of the status line and the headers, before a byte of the body."""

_MIDDLE = 0.5
_COUNTED = re.compile(r"\s*(\d+)\s*(chunk|event)s?\s*")
_EXTENTS = {"chunk": Extent.CHUNKS, "event": Extent.EVENTS}
_MOST = 1_000_000_000
"""Chunks or events; more cannot be meant."""
_UNITS = r"\s*\d+(\.\d+)?\s*(B|KiB|MiB|GiB|kB|KB|MB|GB)\s*"
_COUNTS = r"\s*\d+\s*(chunk|event)s?\s*"


def place_of(text: str) -> Place:
    """The place that is meant.

    Raises:
        ValueError: with what was expected.
    """
    if text.strip() == HEAD:
        return Place(Extent.HEAD, _MIDDLE)
    if text.strip().endswith("%"):
        share = parse_rate(text)
        if share >= 1:
            raise ValueError("expected a share of the body that is less than 100%")
        return Place(Extent.BODY, share)
    extent, count = piece_of(text, least=0)
    return Place(extent, count)


def piece_of(text: str, least: int = 1) -> tuple[Extent, int]:
    """In what a piece is counted, and how much it is, at least `least`.

    Raises:
        ValueError: with what was expected.
    """
    counted = _COUNTED.fullmatch(text)
    if counted is not None:
        extent, count = _EXTENTS[counted[2]], int(counted[1])
    elif re.fullmatch(_UNITS, text):
        extent, count = Extent.BYTES, parse_size(text)
    else:
        raise ValueError("expected a size such as 4KiB, or a count such as `2 chunks` or `3 events`")
    if not least <= count or (counted is not None and count > _MOST):
        raise ValueError(f"expected at least {least} and at most {_MOST}, got {count}")
    return extent, count


def _written_place(value: object) -> str:
    """The place as text. Raises ValueError with what was expected."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = format_rate(parse_rate(value))
    if not isinstance(value, str):
        raise ValueError(_EXPECTED)  # noqa: TRY004  pydantic reports no TypeError
    try:
        place_of(value)
    except ValueError as error:
        raise ValueError(str(error) if "100%" in str(error) else _EXPECTED) from None
    return value.strip()


_EXPECTED = (
    f"expected a place: a share of the body such as 30%, a size such as 4KiB, `2 chunks`, `3 events`, or `{HEAD}`"
)


def _written_piece(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a piece: a size such as 4KiB, `2 chunks` or `1 event`")  # noqa: TRY004  likewise
    piece_of(value)
    return value.strip()


PlaceText = Annotated[
    str,
    BeforeValidator(_written_place),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": rf"^({HEAD}|\s*\d+(\.\d+)?\s*%\s*|{_UNITS}|{_COUNTS})$"},
                {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
                {"type": "string", "pattern": r"\$\{"},
            ],
            "examples": ["50%", "4KiB", "2 chunks", "3 events", HEAD],
        }
    ),
    Written(("share of the body", "size", "`2 chunks`", "`3 events`", f"`{HEAD}`")),
]
"""A place in a reply, as it was written; `place_of` reads it."""

PieceText = Annotated[
    str,
    BeforeValidator(_written_piece),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": rf"^({_UNITS}|{_COUNTS})$"},
                {"type": "string", "pattern": r"\$\{"},
            ],
            "examples": ["1B", "4KiB", "2 chunks", "1 event"],
        }
    ),
    Written(("size", "`2 chunks`", "`1 event`")),
]
"""A piece of a body, as it was written; `piece_of` reads it."""
