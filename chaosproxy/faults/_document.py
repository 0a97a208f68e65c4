"""A fault as a page for people, made from its file: its docstring, its settings, its example. Knows no fault."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from chaosproxy.core.attribute_docs import attribute_docs
from chaosproxy.core.failures import Course, Nature
from chaosproxy.core.units import BYTES, format_duration, format_rate, parse_duration, parse_rate, parse_size
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._catalogue import by_family, sections, summary
from chaosproxy.faults._fields import Written

_UNITS: Mapping[object, str] = MappingProxyType(
    {parse_duration: "duration", parse_rate: "rate", parse_size: "size"},
)
_PLAIN: Mapping[object, str] = MappingProxyType(
    {int: "whole number", float: "number", str: "text", bool: "true or false"}
)


def _as_size(size: int) -> str:
    """`10MiB`; in bytes, if it is no round number of anything larger."""
    unit = next((unit for unit in ("GiB", "MiB", "KiB") if size and size % BYTES[unit] == 0), "B")
    return f"{size // BYTES[unit]}{unit}"


_WRITTEN: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {"duration": format_duration, "rate": format_rate, "size": _as_size}
)
_COURSES: Mapping[Course, str] = MappingProxyType(
    {
        Course.TRANSIENT: "it passes by itself",
        Course.PERSISTENT: "asking again unchanged cannot work",
        Course.CONDITIONAL: "it stays until the agent changes something",
    }
)


class Setting(NamedTuple):
    """One key of a fault in a profile."""

    name: str
    kind: str
    """What is written there: `duration`, `rate`, `whole number`, `text`, or the words to choose from."""
    default: str
    """As it would be written; empty if leaving it out means that nothing is set."""
    text: str
    """What it does."""


def settings(fault: type[Fault]) -> tuple[Setting, ...]:
    """Its settings in the order of its file, without `type`; `phase`, which all faults have, comes last."""
    own = [(name, field) for name, field in fault.model_fields.items() if name not in Fault.model_fields]
    docs = attribute_docs(fault)
    return (*(_setting(name, field, docs.get(name, "")) for name, field in own), _phase(fault))


def _setting(name: str, field: FieldInfo, text: str) -> Setting:
    kinds = list(dict.fromkeys(_kinds(field.annotation, field.metadata)))
    return Setting(field.alias or name, " or ".join(kinds), _default(field.default, kinds[0]), _one_line(text))


def _default(value: object, kind: str) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _WRITTEN.get(kind, str)(value)


def _phase(fault: type[Fault]) -> Setting:
    text = attribute_docs(Fault)["phase"]
    return Setting("phase", " or ".join(fault.phases), fault.phases[0], _one_line(text))


def _kinds(annotation: object, metadata: list[Any]) -> Iterator[str]:
    """What may be written for this type, in words."""
    told = [word for mark in metadata if isinstance(mark, Written) for word in mark.words]
    units = told or [
        _UNITS[mark.func] for mark in metadata if isinstance(mark, BeforeValidator) and mark.func in _UNITS
    ]
    if units:
        yield from units
    elif get_origin(annotation) is Literal:
        yield from map(str, get_args(annotation))
    elif isinstance(annotation, type) and issubclass(annotation, StrEnum):
        yield from annotation
    elif hasattr(annotation, "__metadata__"):
        yield from _kinds(get_args(annotation)[0], list(annotation.__metadata__))
    elif annotation in _PLAIN:
        yield _PLAIN[annotation]
    else:
        for part in get_args(annotation):
            yield from _kinds(part, [])


def document(fault: type[Fault], level: int = 2) -> str:
    """The fault's page in Markdown; it begins with a heading of that level and ends with a line end."""
    story = "\n\n".join(f"**{title}.** {text}" for title, text in sections(fault).items())
    return "\n\n".join(
        [
            f"{'#' * level} {fault.model_fields['type'].default}",
            summary(fault),
            story,
            _table(settings(fault)),
            _nature(fault),
            f"```yaml\n{fault.example}```\n",
        ]
    )


def handbook() -> str:
    """The pages of all faults, a chapter a family."""
    chapters = (
        "\n".join([f"## {heading(family)}\n", *(document(fault, 3) for fault in faults.values())])
        for family, faults in by_family().items()
    )
    return "\n".join(chapters)


def heading(family: Family) -> str:
    """What its chapter is called. `Family.TIMING` is `Timing`; a fault may have the same name, in small letters."""
    return family.value.capitalize()


def _table(rows: tuple[Setting, ...]) -> str:
    lines = [
        f"| `{row.name}` | {row.kind} | {f'`{row.default}`' if row.default else ''} | {row.text} |" for row in rows
    ]
    return "\n".join(["| setting | written as | default | what it does |", "| --- | --- | --- | --- |", *lines])


def _nature(fault: type[Fault]) -> str:
    nature = fault.nature
    seen = "The agent gets no error"
    if nature.explicit:
        # What is late and nothing else is an error to those only who do not wait for it.
        seen = (
            "The agent gets an error" if fault.ends_call else "The agent gets it late, or runs into its own time limit"
        )
    return f"{seen}; {_COURSES[nature.course]}. Counted as appropriate: {reactions(nature)}."


def reactions(nature: Nature) -> str:
    """What recovery counts as healthy: `wait then retry, fall back`."""
    return ", ".join(reaction.replace("_", " ") for reaction in nature.healthy)


def _one_line(text: str) -> str:
    return " ".join(text.split())
