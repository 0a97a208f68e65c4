"""Finds one field of a JSON document that can be broken in a named way, and breaks it there only.

With a schema, a field will do if the schema no longer holds then, for the one reason that the way is named after, and
at no other place; without one, if it can be done at all. Fields are tried in an order that a draw decides: at each
object and array it chooses a member, and whether that or something within it is tried first.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, NamedTuple

from chaosproxy.faults._drift_ways import (
    NULL,
    Holder,
    New,
    may_be_enumerated,
    names_for,
    other_types,
    unknown_for,
    wrapped,
)
from chaosproxy.faults._field_paths import Step, fits
from chaosproxy.faults._json_values import Document, Edit, Path
from chaosproxy.faults._schema_rules import kind_of
from chaosproxy.faults._schemas import Schema

MOST = 5_000
"""Fields that are tried in one document."""


class Place(NamedTuple):
    """A value on the way from the whole to a field."""

    above: "Place | None"
    key: str | int
    """What it stands under; of the whole it says nothing."""
    value: Any
    schema: Schema | None
    """What is said of it; None if there is no schema, or if it says nothing here."""
    settled: Schema | None
    """The same with its choices made; None if they cannot be, or if what is said cannot be judged."""

    @property
    def path(self) -> Path:
        """From the whole to here."""
        return (*self.above.path, self.key) if self.above is not None else ()


class Drift(NamedTuple):
    """One change."""

    path: Path
    edit: Edit


def drifted(
    document: Document, how: str, schema: Schema | None, field: tuple[Step, ...] | None, draw: float
) -> Drift | None:
    """The change of one field; None if no field can be changed so.

    Args:
        document: what it stands in; the schema holds of it.
        how: renamed, missing, nulled, type_changed, nested or enum_unknown.
        schema: what is said of the document, if anything is.
        field: which fields may be changed; None for any.
        draw: in [0, 1).
    """
    search = _Search(document, how, guided=schema is not None, named=field is not None, draw=draw)
    root = search.place(None, "", document.value, schema)
    fields = search.fields(root, draw) if field is None else search.named(root, field, draw)
    return next((drift for place in islice(fields, MOST) if (drift := search.change(place)) is not None), None)


def fields_of(document: Document, draw: float) -> Iterator[Place]:
    """What stands in it, in an order that the draw decides, at most so many; of no schema."""
    search = _Search(document, "", guided=False, named=False, draw=draw)
    return islice(search.fields(search.place(None, "", document.value, None), draw), MOST)


class _Search:
    """For one way to break one document."""

    def __init__(self, document: Document, how: str, *, guided: bool, named: bool, draw: float) -> None:
        self._document = document
        self._how = how
        self._guided = guided
        self._named = named
        self._draw = draw

    # Which fields there are

    def place(self, above: Place | None, key: str | int, value: object, schema: Schema | None) -> Place:
        """A place below another."""
        settled = schema.settled(value) if schema is not None else None
        return Place(above, key, value, schema, None if settled is None or settled.sealed else settled)

    def fields(self, above: Place, draw: float) -> Iterator[Place]:
        """All that is within a place; at each level, one comes first by chance."""
        if self._guided and (above.settled is None or self._how not in above.settled.offers):
            return
        for place, rest in self._members(above, draw):
            if rest < 0.5:
                yield place
                yield from self.fields(place, rest * 2)
            else:
                yield from self.fields(place, rest * 2 - 1)
                yield place

    def named(self, above: Place, field: tuple[Step, ...], draw: float) -> Iterator[Place]:
        """Those that are meant by a field's name."""
        if self._guided and above.settled is None:
            return
        for place, rest in self._members(above, draw, field[0]):
            if len(field) == 1:
                yield place
            else:
                yield from self.named(place, field[1:], rest)

    def _members(self, above: Place, draw: float, step: Step | None = None) -> Iterator[tuple[Place, float]]:
        """What stands in it, from one that the draw decides; and what is left of the draw."""
        value = above.value
        if not isinstance(value, dict | list):
            return
        keys: list[Any] | range = list(value) if isinstance(value, dict) else range(len(value))
        if step is not None:
            keys = [key for key in keys if fits(step, key)]
        first, rest = divmod(draw * len(keys), 1)
        for nth in range(len(keys)):
            key = keys[(int(first) + nth) % len(keys)]
            said = above.settled.member(key) if above.settled is not None else None
            yield self.place(above, key, value[key], said), rest

    # What can be done to one

    def change(self, place: Place) -> Drift | None:
        """What breaks it in this way, and in no other."""
        if self._how == "missing":
            return self._without(place)
        if self._how == "renamed":
            return self._renamed(place)
        for new in _WAYS[self._how](self._document, place, self._draw, self._named):
            if not self._guided or self._breaks(place, new):
                return Drift(place.path, Edit(text=new.text))
        return None

    def _without(self, place: Place) -> Drift | None:
        if not isinstance(place.key, str):
            return None
        rest = {name: value for name, value in place.above.value.items() if name != place.key} if place.above else {}
        if self._guided and not self._breaks_holder(place, rest, _NO_LONGER):
            return None
        return Drift(place.path, Edit(removed=True))

    def _renamed(self, place: Place) -> Drift | None:
        if not isinstance(place.key, str) or place.above is None:
            return None
        holder: Mapping[str, Any] = place.above.value
        for name in names_for(place.key):
            if name in holder:
                continue
            renamed = {name if key == place.key else key: value for key, value in holder.items()}
            if not self._guided or (self._is_free(place, name) and self._breaks_holder(place, renamed, _NOT_SO)):
                return Drift(place.path, Edit(key=name))
        return None

    def _is_free(self, place: Place, name: str) -> bool:
        """Is nothing said of a property of this name, or nothing that this value would break?"""
        settled = place.above.settled if place.above is not None else None
        if settled is None or name in settled.declared:
            return False
        return settled.extra is None or settled.extra.accepts(place.value)

    def _breaks(self, place: Place, new: New) -> bool:
        """Is this one thing wrong with the new value: of what type it is, or that it is none of those known?"""
        said, settled, above = place.schema, place.settled, place.above
        if said is None or settled is None or above is None or said.knows(new.value):
            return False
        if self._how != "enum_unknown" and kind_of(new.value) in said.kinds:
            return False
        broken = settled.broken_by(new.value)
        # A value of another type is none of those enumerated either.
        wanted = _UNKNOWN if self._how == "enum_unknown" else _OF_ANOTHER_TYPE
        return bool(broken) and broken <= wanted and self._breaks_holder(place, _with(above.value, place.key, new))

    def _breaks_holder(self, place: Place, holder: Holder, reasons: frozenset[str] = frozenset()) -> bool:
        """Do these reasons, and no others, speak against what holds the place now? And is nothing around it content?

        Around it may be a choice, of which the changed value could be another variant.
        """
        above = place.above
        if above is None or above.settled is None:
            return False
        broken = above.settled.broken_by(holder)
        if bool(broken) != bool(reasons) or not broken <= reasons:
            return False
        now: Holder = holder
        while above is not None and above.schema is not None:
            if above.schema.variants and above.schema.knows(now):
                return False
            if above.above is not None:
                now = _with(above.above.value, above.key, New(now, ""))
            above = above.above
        return True


_NO_LONGER = frozenset({"required"})
_NOT_SO = frozenset({"required", "additionalProperties"})
_OF_ANOTHER_TYPE = frozenset({"type", "enum", "const"})
_UNKNOWN = frozenset({"enum", "const"})


def _with(holder: Holder, key: str | int, new: New) -> Holder:
    if isinstance(holder, list):
        return [new.value if nth == key else value for nth, value in enumerate(holder)]
    return {name: new.value if name == key else value for name, value in holder.items()}


def _as_null(_document: Document, place: Place, _draw: float, _named: bool) -> Iterator[New]:
    if place.value is not None:
        yield NULL


def _as_other_type(document: Document, place: Place, draw: float, _named: bool) -> Iterator[New]:
    yield from other_types(document, place.path, place.value, draw)


def _as_nested(document: Document, place: Place, _draw: float, _named: bool) -> Iterator[New]:
    yield wrapped(document, place.path, place.value)


def _as_unknown(document: Document, place: Place, draw: float, named: bool) -> Iterator[New]:
    known = place.settled.values if place.settled is not None else None
    if known is not None or named or (place.schema is None and may_be_enumerated(place.key, place.value)):
        yield from unknown_for(document, place.value, known or (), draw)


_Way = Callable[[Document, Place, float, bool], Iterator[New]]

_WAYS: Mapping[str, _Way] = MappingProxyType(
    {"nulled": _as_null, "type_changed": _as_other_type, "nested": _as_nested, "enum_unknown": _as_unknown}
)
