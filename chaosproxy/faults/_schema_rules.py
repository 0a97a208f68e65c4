"""The single rules of a JSON Schema: each keyword as a question that a decoded value answers. Knows no place but one.

What a keyword says of values of another kind than its own is nothing: `minLength` lets every number pass.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

KINDS = frozenset({"string", "number", "boolean", "null", "object", "array"})
"""The kinds of JSON values. An integer is a number without a fraction."""

_STRINGS = frozenset({str})
_NUMBERS = frozenset({int, float})
_OBJECTS = frozenset({dict})
_ARRAYS = frozenset({list})
_ALL: frozenset[type] = frozenset({str, int, float, bool, type(None), dict, list})

_KIND_OF: Mapping[type, str] = MappingProxyType(
    {
        str: "string",
        int: "number",
        float: "number",
        bool: "boolean",
        type(None): "null",
        dict: "object",
        list: "array",
    }
)


class Rule(NamedTuple):
    """One keyword's word on a value."""

    keyword: str
    of: frozenset[type]
    """Values of these types are asked."""
    holds: Callable[[Any], bool]


def kind_of(value: object) -> str:
    """The kind of a decoded value."""
    return _KIND_OF[type(value)]


def rules_of(facets: tuple[Mapping[str, Any], ...]) -> Iterator[Rule]:
    """The rules of several schemas that hold of the same place, but for those on what is in a value."""
    for facet in facets:
        for keyword, (of, make) in _MAKERS.items():
            if keyword in facet:
                holds = make(facet[keyword], facet)
                if holds is not None:
                    yield Rule(keyword, of, holds)


_Holds = Callable[[Any], bool]
_Maker = Callable[[Any, Mapping[str, Any]], _Holds | None]
"""Of a keyword's value and all that stands beside it: the question; None if it says nothing that can be asked."""


def _type(said: object, facet: Mapping[str, Any]) -> _Holds | None:
    names = {name for name in (said if isinstance(said, list) else [said]) if isinstance(name, str)}
    if facet.get("nullable") is True:
        names.add("null")
    kinds = names & KINDS
    whole = "integer" in names and "number" not in names

    def holds(value: object) -> bool:
        kind = _KIND_OF[type(value)]
        if kind in kinds:
            return True
        return whole and kind == "number" and (type(value) is int or float(value).is_integer())  # type: ignore[arg-type]  # it is a number

    return holds


def _enum(said: object, facet: Mapping[str, Any]) -> _Holds | None:
    if not isinstance(said, list):
        return None
    values = [*said, None] if facet.get("nullable") is True else said
    texts = frozenset(value for value in values if type(value) is str)
    others = [value for value in values if type(value) is not str]
    return lambda value: value in texts if type(value) is str else any(same(value, other) for other in others)


def _const(said: object, _facet: Mapping[str, Any]) -> _Holds:
    return lambda value: same(value, said)


def same(one: object, other: object) -> bool:
    """Equal as JSON has it: 1 is 1.0, but neither is true."""
    if kind_of(one) != kind_of(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def _pattern(said: object, _facet: Mapping[str, Any]) -> _Holds | None:
    """One that Python cannot read (they are JavaScript's) is not asked."""
    try:
        search = re.compile(str(said)).search
    except re.error:
        return None
    return lambda value: search(value) is not None


def _number(said: object) -> float | None:
    return said if isinstance(said, int | float) and not isinstance(said, bool) else None


def _least(said: object, facet: Mapping[str, Any]) -> _Holds | None:
    """With the `exclusiveMinimum: true` of draft 4 beside it."""
    bound = _number(said)
    if bound is None:
        return None
    return (lambda value: value > bound) if facet.get("exclusiveMinimum") is True else (lambda value: value >= bound)


def _most(said: object, facet: Mapping[str, Any]) -> _Holds | None:
    bound = _number(said)
    if bound is None:
        return None
    return (lambda value: value < bound) if facet.get("exclusiveMaximum") is True else (lambda value: value <= bound)


def _above(said: object, _facet: Mapping[str, Any]) -> _Holds | None:
    bound = _number(said)
    return None if bound is None else lambda value: value > bound


def _under(said: object, _facet: Mapping[str, Any]) -> _Holds | None:
    bound = _number(said)
    return None if bound is None else lambda value: value < bound


def _multiple(said: object, _facet: Mapping[str, Any]) -> _Holds | None:
    """Of fractions it is not asked: 0.3 is no multiple of 0.1 in binary."""
    return (lambda value: type(value) is not int or value % said == 0) if type(said) is int and said else None


def _length_from(said: object, _facet: Mapping[str, Any]) -> _Holds | None:
    bound = _number(said)
    return None if bound is None else lambda value: len(value) >= bound


def _length_to(said: object, _facet: Mapping[str, Any]) -> _Holds | None:
    bound = _number(said)
    return None if bound is None else lambda value: len(value) <= bound


def _unique(said: object, _facet: Mapping[str, Any]) -> _Holds | None:
    return _all_different if said is True else None


def _all_different(values: list[Any]) -> bool:
    plain = [(type(value) is bool, value) for value in values if not isinstance(value, dict | list)]
    nested = [value for value in values if isinstance(value, dict | list)]
    different = all(not same(value, other) for nth, value in enumerate(nested) for other in nested[:nth])
    return len(set(plain)) == len(plain) and different


def required_names(facet: Mapping[str, Any]) -> frozenset[str]:
    """The properties that must be there; in a reply that are not those which only requests have."""
    said, properties = facet.get("required"), facet.get("properties")
    named = properties if isinstance(properties, Mapping) else {}
    return frozenset(
        name
        for name in (said if isinstance(said, list) else [])
        if isinstance(name, str) and not (isinstance(of := named.get(name), Mapping) and of.get("writeOnly") is True)
    )


def _required(_said: object, facet: Mapping[str, Any]) -> _Holds | None:
    names = required_names(facet)
    return (lambda value: names <= value.keys()) if names else None


def _additional(said: object, facet: Mapping[str, Any]) -> _Holds | None:
    if said is not False or facet.get("patternProperties"):
        return None
    names = frozenset(facet.get("properties") or ())
    return lambda value: value.keys() <= names


_MAKERS: Mapping[str, tuple[frozenset[type], _Maker]] = MappingProxyType(
    {
        "type": (_ALL, _type),
        "enum": (_ALL, _enum),
        "const": (_ALL, _const),
        "pattern": (_STRINGS, _pattern),
        "minLength": (_STRINGS, _length_from),
        "maxLength": (_STRINGS, _length_to),
        "minimum": (_NUMBERS, _least),
        "maximum": (_NUMBERS, _most),
        "exclusiveMinimum": (_NUMBERS, _above),
        "exclusiveMaximum": (_NUMBERS, _under),
        "multipleOf": (_NUMBERS, _multiple),
        "minItems": (_ARRAYS, _length_from),
        "maxItems": (_ARRAYS, _length_to),
        "uniqueItems": (_ARRAYS, _unique),
        "required": (_OBJECTS, _required),
        "additionalProperties": (_OBJECTS, _additional),
        "minProperties": (_OBJECTS, _length_from),
        "maxProperties": (_OBJECTS, _length_to),
    }
)
"""What each keyword says, and of which values."""

KEYWORDS = frozenset(_MAKERS)
"""All that are known."""
