"""The settings of a fault as they are written in a profile: `median: 800ms, p99: 6s`. Knows units, no fault by name."""

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BeforeValidator

from chaosproxy.core.units import format_duration, format_rate, parse_duration, parse_rate, parse_size
from chaosproxy.faults._base import Fault
from chaosproxy.faults._fields import Written

_NOT_SETTINGS = frozenset({"type", "phase"})
_WRITERS: Mapping[object, Callable[[Any], str]] = MappingProxyType(
    {parse_duration: format_duration, parse_rate: format_rate, parse_size: lambda size: f"{size} bytes"}
)


def settings_of(fault: Fault) -> str:
    """The settings that were given, in the order of the fault's own list; empty if none were."""
    fields = type(fault).model_fields
    given = [name for name in fields if name in fault.model_fields_set - _NOT_SETTINGS]
    values = ((name, getattr(fault, name)) for name in given)
    return ", ".join(
        f"{fields[name].alias or name}: {_written(fault, name, value)}" for name, value in values if value is not None
    )


def _written(fault: Fault, name: str, value: object) -> str:
    field = type(fault).model_fields[name]
    if isinstance(value, int | float) and not isinstance(value, bool):
        for mark in (*field.metadata, *_marks(field.annotation)):
            if isinstance(mark, Written) and "duration" in mark.words:
                return format_duration(value)
            if isinstance(mark, BeforeValidator) and mark.func in _WRITERS:
                return _WRITERS[mark.func](value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value.value if isinstance(value, Enum) else value)


def _marks(annotation: object) -> Iterator[object]:
    """What is attached anywhere in an annotation."""
    yield from getattr(annotation, "__metadata__", ())
    for part in get_args(annotation):
        yield from _marks(part)
