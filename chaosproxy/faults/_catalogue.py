"""All faults by name, found because their files are in this folder, and what their docstrings tell. Knows no fault."""

import pkgutil
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from inspect import cleandoc
from types import MappingProxyType

from chaosproxy import faults
from chaosproxy.faults._base import Family, Fault

_HEADING = re.compile(r"^\*\*(.+?)\*\*$", re.MULTILINE)

HEADINGS = ("What the agent sees", "What a healthy agent does", "Seen in the wild")
"""The sections of every fault's story, in order."""


@cache
def catalogue() -> Mapping[str, type[Fault]]:
    """Every fault by its name, in the order of the alphabet; frozen."""
    names = sorted(file.name for file in pkgutil.iter_modules(faults.__path__) if not file.name.startswith("_"))
    return MappingProxyType({name: _fault_in(name) for name in names})


def by_family() -> Mapping[Family, Mapping[str, type[Fault]]]:
    """The catalogue in the order in which it is shown: families that have faults, and in each its faults by name."""
    shown = {
        family: MappingProxyType({name: fault for name, fault in catalogue().items() if fault.family is family})
        for family in Family
    }
    return MappingProxyType({family: faults for family, faults in shown.items() if faults})


def _fault_in(name: str) -> type[Fault]:
    """The one fault that the file `name` defines; its `type` is the file's name."""
    module = import_module(f"{faults.__name__}.{name}")
    found = [
        member
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, Fault) and member.model_fields["type"].default == name
    ]
    if len(found) != 1:
        raise TypeError(f'{module.__name__} must define one fault of type "{name}", and defines {len(found)}')
    return found[0]


def summary(fault: type[Fault]) -> str:
    """What it is, in one sentence: the first of its file."""
    return _story(fault).partition("\n\n")[0].replace("\n", " ")


def sections(fault: type[Fault]) -> Mapping[str, str]:
    """The rest of its file's docstring, by heading; paragraphs are separated by an empty line."""
    _, *parts = _HEADING.split(_story(fault))
    return MappingProxyType({title: text.strip() for title, text in zip(parts[::2], parts[1::2], strict=True)})


def _story(fault: type[Fault]) -> str:
    return cleandoc(sys.modules[fault.__module__].__doc__ or "")
