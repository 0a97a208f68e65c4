"""Finds faults by what people call them: `429`, `ECONNRESET`, `cut off`. Knows no fault; what they are called is in
`_known_as.yaml`.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

import yaml

from chaosproxy.faults._base import Fault
from chaosproxy.faults._catalogue import sections, summary
from chaosproxy.faults._document import settings

_WORD = re.compile(r"[^\W_]+")


class Found(NamedTuple):
    """A fault that fits what was asked for."""

    name: str
    where: str
    """What fitted, for people: `known as "cut off"`, `its settings`, `its story`."""
    weight: int
    """The larger, the better it fits; for order only."""


@cache
def known_as() -> Mapping[str, tuple[str, ...]]:
    """By fault, what people call it: errors as logs show them, statuses, everyday words."""
    text = files(__package__).joinpath("_known_as.yaml").read_text(encoding="utf-8")
    told = yaml.safe_load(text)
    return MappingProxyType({name: tuple(map(str, _flat(said))) for name, said in told.items()})


def search(asked: str, faults: Mapping[str, type[Fault]]) -> list[Found]:
    """The faults that have all the words of `asked`, each at the beginning of some word of theirs; the best first.

    Case does not matter, nor does what stands between words: `rate limit` finds `rate_limit`, `throttl` throttling.
    """
    wanted = _words(asked)
    found = [hit for name, fault in faults.items() if wanted and (hit := _fits(name, fault, wanted)) is not None]
    return sorted(found, key=lambda each: (-each.weight, each.name))


def _fits(name: str, fault: type[Fault], wanted: list[str]) -> Found | None:
    said = [*((4, text, f'known as "{text}"') for text in known_as().get(name, ())), *_own_words(name, fault)]
    if not all(any(_has(_words(text), [word]) for _, text, _ in said) for word in wanted):
        return None
    whole = [
        ((4 if _words(text) == wanted else 2) * weight, where)
        for weight, text, where in said
        if _has(_words(text), wanted)
    ]
    apart = [(weight, where) for weight, text, where in said if _has(_words(text), wanted[:1])]
    weight, where = max(whole or apart, key=lambda each: each[0])
    return Found(name, where, weight)


def _own_words(name: str, fault: type[Fault]) -> Iterable[tuple[int, str, str]]:
    """What the fault's own file says: weight, text, and where it says so."""
    yield 8, name, "its name"
    yield 8, name.replace("_", ""), "its name"
    yield 5, summary(fault), "its summary"
    for setting in settings(fault):
        if setting.name != "phase":
            yield 3, f"{setting.name} {setting.kind}", f"its setting `{setting.name}`"
            yield 2, setting.text, f"its setting `{setting.name}`"
    yield 1, " ".join(sections(fault).values()), "its story"


def _has(words: list[str], wanted: list[str]) -> bool:
    """Do the wanted words follow one another in there, each the beginning of one?"""
    last = len(words) - len(wanted)
    return any(all(words[at + nth].startswith(word) for nth, word in enumerate(wanted)) for at in range(last + 1))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _flat(said: object) -> Iterable[object]:
    """Long lists are written as several."""
    return chain.from_iterable(_flat(each) for each in said) if isinstance(said, list) else [said]
