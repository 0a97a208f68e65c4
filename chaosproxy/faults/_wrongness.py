"""Values of a tool's JSON that are plausible and wrong. Knows bodies, no replies and no faults.

Each way takes what may be changed and says which edits make it wrong; none, if there is nothing for it. What tells of
the listing (totals, cursors), of the protocol, or what a language model has said is left alone unless it is named.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from fnmatch import fnmatchcase
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

from chaosproxy.faults._canaries import Canary
from chaosproxy.faults._counts import is_about_the_listing
from chaosproxy.faults._items import at, data_in, items_in
from chaosproxy.faults._json_values import Document, Edit, Path
from chaosproxy.faults._picking import Draw, picked

_MOST_LOOKED_AT = 5_000
"""Values of one body: a reply is changed on the event loop, and one wrong value is as good as another."""

_DEEPEST = 24

_LONGEST = 100
"""Characters of a number that is reckoned with."""

_WHOLE_NUMBER = 1000
"""From here on a whole number has room for a canary's digits."""


class Wish(NamedTuple):
    """What is to be wrong."""

    field: str | None
    """A glob over keys, or over the end of dotted paths; None for whatever fits."""
    values: int
    """How many values, or pairs of them."""
    canary: Canary | None
    """What the first of them is to bear."""
    draw: Draw


class _Leaf(NamedTuple):
    """A single value, and the key that it, or the list it is in, has."""

    path: Path
    key: str
    value: object


class _Material(NamedTuple):
    """What may be changed in one body."""

    document: Document
    leaves: list[_Leaf]
    listing: Path | None
    """Where the list of results is, if there is one."""
    wish: Wish


Edits = dict[Path, Edit]


def wrong(document: Document, how: str, wish: Wish) -> Edits:
    """The edits that make the document wrong in that way (for `any`, in the first way that it has something for)."""
    material = _material(document, wish)
    for way in WAYS.values() if how == "any" else (WAYS[how],):
        edits = way(material)
        if edits:
            return edits
    return {}


def _material(document: Document, wish: Wish) -> _Material:
    items, root = items_in(document.value), data_in(document.value)
    if items is not None and wish.field is None:
        root = items.path
    elif root is None and wish.field is not None:
        root = ()
    found = _leaves(at(document.value, root), root, "") if root is not None else iter(())
    wanted = _told(found) if wish.field is None else (leaf for leaf in found if _is_meant(leaf, wish.field))
    return _Material(document, list(islice(wanted, _MOST_LOOKED_AT)), None if items is None else items.path, wish)


def _leaves(value: object, path: Path, key: str) -> Iterator[_Leaf]:
    if len(path) > _DEEPEST:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name), name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index), key)
    else:
        yield _Leaf(path, key, value)


def _told(leaves: Iterator[_Leaf]) -> Iterator[_Leaf]:
    """Those that tell of what is listed. The keys of a body are few, however many values it has."""
    known: dict[str, bool] = {}
    for leaf in leaves:
        if leaf.key not in known:
            known[leaf.key] = not (is_about_the_listing(leaf.key) or _OF_THE_PROTOCOL.fullmatch(leaf.key))
        if known[leaf.key]:
            yield leaf


def _is_meant(leaf: _Leaf, field: str) -> bool:
    dotted = ".".join(place for place in leaf.path if isinstance(place, str))
    return fnmatchcase(leaf.key, field) or fnmatchcase(dotted, field) or fnmatchcase(dotted, f"*.{field}")


_OF_THE_PROTOCOL = re.compile(
    r"object|type|kind|@?odata.*|_.*|\$.*|version|api_?version|status_?code|code|ok|success|(is_?)?error|schema"
)
_IDENTIFIER = re.compile(r"id|uuid|guid|sku|key|slug|.*(_id|Id|ID|_uuid|_key)")
_MOMENT = re.compile(
    r".*(_at|At|_ts|time|Time|timestamp|date|Date|epoch)|created|updated|modified|expires|expiry|ts|year"
)
_NAMING = re.compile(
    r"(.*[_-])?(name|title|subject|label|description|summary|text|address|headline|note|notes|comment)"
)
_NUMBER = re.compile(r"(-?)(\d+)(?:\.(\d+))?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?", re.DOTALL)
_WORDS = re.compile(r"[^\W\d_](?!.*(?:://|@)).{2,200}", re.DOTALL)
_ENUM = re.compile(r"[a-z0-9_.-]+|[A-Z0-9_.-]+")


def _numbers(material: _Material) -> Edits:
    named = material.wish.field is not None
    fitting = [
        leaf
        for leaf in material.leaves
        if isinstance(leaf.value, int | float)
        and not isinstance(leaf.value, bool)
        and (named or not (_IDENTIFIER.fullmatch(leaf.key) or _MOMENT.fullmatch(leaf.key)))
    ]
    chosen = _some([leaf for leaf in fitting if _has_room(leaf.value)] or fitting, material.wish)
    canary, draw = material.wish.canary, material.wish.draw
    edits = {leaf.path: Edit(change=partial(_scaled, draw=draw(f"factor {nth}"))) for nth, leaf in enumerate(chosen)}
    if chosen and canary is not None:
        edits[chosen[0].path] = Edit(change=partial(_marked_number, digits=canary.digits))
    return edits


def _has_room(number: object) -> bool:
    return isinstance(number, float) or (isinstance(number, int) and abs(number) >= _WHOLE_NUMBER)


def _marked_number(old: str, digits: str) -> str:
    """A number of the same size and sign, and nearly as precise, that begins so. One with an exponent stays."""
    parts = _NUMBER.fullmatch(old)
    if parts is None:
        return old
    sign, whole, rest = parts[1], parts[2], parts[3]
    places = 0 if whole == "0" and rest is not None else len(whole)
    new = (digits[:places] + whole[len(digits) :])[:places] or "0"
    if rest is None:
        return f"{sign}{new}" if new != whole else f"{sign}{new[:-1]}{int(new[-1]) % 9 + 1}"
    tail = digits[places : places + max(len(rest), 4 - places)]
    return f"{sign}{new}.{tail}{rest[len(tail) :]}"


def _scaled(old: str, draw: float) -> str:
    """A number larger or smaller by a tenth to a half, with as many decimals. One with an exponent stays."""
    parts = _NUMBER.fullmatch(old)
    if parts is None or len(old) > _LONGEST:
        return old
    decimals = len(parts[3] or "")
    units = int(parts[2] + (parts[3] or ""))
    thousandths = 500 + int(draw * 800)
    new = units * (thousandths if thousandths < 900 else thousandths + 200) // 1000
    digits = str(new if new != units else units + 1).zfill(decimals + 1)
    return f"{parts[1]}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{parts[1]}{digits}"


def _dates(material: _Material) -> Edits:
    fitting = [leaf for leaf in material.leaves if isinstance(leaf.value, str) and _DATE.fullmatch(leaf.value)]
    draw = material.wish.draw
    return {
        leaf.path: Edit(change=partial(_shifted, draw=draw(f"days {nth}")))
        for nth, leaf in enumerate(_some(fitting, material.wish))
    }


def _shifted(old: str, draw: float) -> str:
    """An ISO 8601 date, in its quotes, 1 to 27 days earlier or later, with the same time of the day."""
    days = int(draw * 54) - 27
    try:
        moved = date.fromisoformat(old[1:11]) + timedelta(days=days if days < 0 else days + 1)
    except (ValueError, OverflowError):
        return old
    return f'"{moved.isoformat()}{old[11:]}'


def _booleans(material: _Material) -> Edits:
    fitting = [leaf for leaf in material.leaves if isinstance(leaf.value, bool)]
    return {leaf.path: Edit(text="false" if leaf.value else "true") for leaf in _some(fitting, material.wish)}


def _texts(material: _Material) -> Edits:
    canary = material.wish.canary
    fitting = [leaf for leaf in material.leaves if _is_text(leaf)]
    naming = [leaf for leaf in fitting if _NAMING.fullmatch(leaf.key)]
    if canary is None:
        return {}
    change = partial(_marked_text, token=canary.token)
    return {leaf.path: Edit(change=change) for leaf in _some(naming or fitting, material.wish)}


def _marked_text(old: str, token: str) -> str:
    """A text, in its quotes, with a reference number behind it."""
    return f'{old[:-1]} ({token})"'


def _is_text(leaf: _Leaf) -> bool:
    """Is it written for people, in words?"""
    value = leaf.value
    return (
        isinstance(value, str)
        and not _IDENTIFIER.fullmatch(leaf.key)
        and _WORDS.fullmatch(value) is not None
        and (_NAMING.fullmatch(leaf.key) is not None or not _ENUM.fullmatch(value))
    )


def _swapped_texts(material: _Material) -> Edits:
    return _exchanged(material, [leaf for leaf in material.leaves if _is_text(leaf)])


def _swapped_ids(material: _Material) -> Edits:
    named = material.wish.field is not None
    fitting = [
        leaf
        for leaf in material.leaves
        if isinstance(leaf.value, int | str)
        and not isinstance(leaf.value, bool)
        and (named or _IDENTIFIER.fullmatch(leaf.key))
    ]
    return _exchanged(material, fitting)


def _exchanged(material: _Material, fitting: list[_Leaf]) -> Edits:
    """Pairs of items that have each other's value of the same field."""
    listing = material.listing
    if listing is None:
        return {}
    by_field: dict[Path, list[_Leaf]] = {}
    for leaf in fitting:
        if leaf.path[: len(listing)] == listing:
            by_field.setdefault(leaf.path[len(listing) + 1 :], []).append(leaf)
    pairs = [
        (one, other)
        for leaves in by_field.values()
        for one, other in zip(leaves[::2], leaves[1::2], strict=False)
        if one.value != other.value
    ]
    written = material.document.written
    edits: Edits = {}
    for index in picked(material.wish.values, len(pairs), material.wish.draw):
        one, other = pairs[index]
        edits |= {one.path: Edit(text=written(other.value)), other.path: Edit(text=written(one.value))}
    return edits


def _some(leaves: list[_Leaf], wish: Wish) -> list[_Leaf]:
    return [leaves[index] for index in picked(wish.values, len(leaves), wish.draw)]


WAYS: Mapping[str, Callable[[_Material], Edits]] = MappingProxyType(
    {
        "number": _numbers,
        "text": _texts,
        "date": _dates,
        "swap": _swapped_texts,
        "id": _swapped_ids,
        "boolean": _booleans,
    }
)
"""The ways by name, those with room for a canary first."""
