"""Which fields are meant, as people write it: `data.items[].price`, `*.id`, `[0].name`. Knows no reply and no fault."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from chaosproxy.faults._fields import Written

Step = str | int
"""A key, an index, or one of the two below."""

ANY_KEY = "*"
ANY_ITEM = "[]"

_PART = re.compile(r"(?P<key>[^.\[\]]+)?(?P<items>(?:\[\d*\])*)")
_ITEM = re.compile(r"\[(\d*)\]")

_EXPECTED = "expected a field such as `data.price`, `items[].id`, `items[0].id` or `*.id`"


def steps_of(text: str) -> tuple[Step, ...]:
    """The steps from the outside in.

    Raises:
        ValueError: with what was expected.
    """
    steps: list[Step] = []
    for nth, part in enumerate(text.strip().split(".")):
        found = _PART.fullmatch(part)
        if found is None or not part or (found["key"] is None and nth > 0):
            raise ValueError(_EXPECTED)
        if found["key"] is not None:
            steps.append(found["key"])
        steps += [int(index) if index else ANY_ITEM for index in _ITEM.findall(found["items"])]
    return tuple(steps)


def fits(step: Step, key: str | int) -> bool:
    """Is this key or index meant by the step?"""
    return step == (ANY_KEY if isinstance(key, str) else ANY_ITEM) or (step == key and type(step) is type(key))


def _written(text: str) -> str:
    steps_of(text)
    return text.strip()


FieldPath = Annotated[
    str,
    AfterValidator(_written),
    Field(json_schema_extra={"examples": ["data.price", "items[].id", "*.id"]}),
    Written(("field",)),
]
"""A field, as it was written; `steps_of` reads it."""
