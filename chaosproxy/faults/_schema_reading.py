"""From a decoded document to the schemas in it: references followed, what holds of one place put together.

Mistakes are raised as ValueError, `#/pointer/to/the/place: what is wrong`, the place as RFC 6901 writes it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote

from chaosproxy.faults._schema_rules import KEYWORDS
from chaosproxy.faults._schemas import SEALING, Building, Schema

T = TypeVar("T")

_SAYING = KEYWORDS | SEALING | {"properties", "items", "prefixItems"}
"""Keywords that say something of a value. Titles, descriptions and the like do not."""


class _Facet(NamedTuple):
    """What one schema of the document says, but for the references and choices in it."""

    node: Mapping[str, Any]
    pointer: str


class _Choice(NamedTuple):
    """An `anyOf` or `oneOf`."""

    one: bool
    branches: tuple[tuple[object, str], ...]
    """Each with its pointer."""


class _Heap(NamedTuple):
    """All that is said of one place, references followed."""

    facets: tuple[_Facet, ...] = ()
    choices: tuple[_Choice, ...] = ()

    def and_(self, other: "_Heap") -> "_Heap":
        """Both; what both say stands once."""
        facets = {id(facet.node): facet for facet in (*self.facets, *other.facets)}
        choices = {id(choice): choice for choice in (*self.choices, *other.choices)}
        return _Heap(tuple(facets.values()), tuple(choices.values()))

    @property
    def key(self) -> tuple[int, ...]:
        """The same for the same: nodes and choices are kept for as long as the document is read."""
        return (*sorted(id(facet.node) for facet in self.facets), -1, *sorted(map(id, self.choices)))


_NEVER: Mapping[str, Any] = {"enum": []}
"""What `false` says."""
_NULL: Mapping[str, Any] = {"type": "null"}


class Reading:
    """The schemas of one document. They can be used when it is done."""

    def __init__(self, document: object, *, beside_references: bool, nullable: bool) -> None:
        """`beside_references`: what stands beside a `$ref` counts; `nullable`: that is a keyword (OpenAPI 3.0)."""
        self._document = document
        self._beside_references = beside_references
        self._nullable = nullable
        self._building = Building()
        self._made: dict[tuple[int, ...], Schema] = {}
        self._heaps: dict[int, _Heap] = {}
        self._waiting: list[tuple[Schema, _Heap]] = []
        self._kept: list[object] = []
        """What is known by its id, so that no other thing can get it."""

    def schema(self, node: object, pointer: str) -> Schema:
        """The schema that stands at `pointer`.

        Raises:
            ValueError: with the pointer to what is wrong.
        """
        return self._schema(self._heap(node, pointer, ()))

    def done(self) -> None:
        """All schemas that were wanted have been asked for: read what is in them.

        Raises:
            ValueError: as above.
        """
        # Not by recursion: in large APIs a thousand schemas lead from one to the next.
        while self._waiting:
            schema, heap = self._waiting.pop()
            if heap.choices:
                self._fill_variants(schema, heap)
            else:
                self._fill(schema, heap.facets)
        self._building.done()

    def resolved(self, node: object, pointer: str) -> tuple[object, str]:
        """What a node says that may be a reference, and where that stands.

        Raises:
            ValueError: it refers to nothing, to another document, or to itself.
        """
        seen = {pointer}
        while isinstance(node, Mapping) and isinstance(reference := node.get("$ref"), str):
            node, target = self._at(reference, pointer), reference
            if target in seen:
                raise ValueError(f"{pointer}: expected a reference that leads somewhere, got one to itself")
            seen.add(target)
            pointer = target
        return node, pointer

    def _at(self, reference: str, pointer: str) -> object:
        if reference != "#" and not reference.startswith("#/"):
            raise ValueError(f"{pointer}: expected a reference within the document (#/...), got {reference[:80]}")
        node = self._document
        for step in reference.split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
                node = node[int(name)]
            elif isinstance(node, Mapping) and name in node:
                node = node[name]
            else:
                raise ValueError(f"{pointer}: expected a reference to something, and there is no {reference[:80]}")
        return node

    # What is said of one place

    def _heap(self, node: object, pointer: str, within: tuple[int, ...]) -> _Heap:
        if isinstance(node, bool):
            return _Heap() if node else _Heap((_Facet(_NEVER, pointer),))
        if not isinstance(node, Mapping):
            raise ValueError(f"{pointer}: expected a schema, that is a mapping")  # noqa: TRY004 - it is the user's
        if id(node) in within:
            raise ValueError(f"{pointer}: expected a schema that says something, got one that refers to itself")
        found = self._heaps.get(id(node))
        if found is None:
            found = self._heaps[id(self._keep(node))] = self._read(node, pointer, (*within, id(node)))
        return found

    def _read(self, node: Mapping[str, Any], pointer: str, within: tuple[int, ...]) -> _Heap:
        heap = _Heap()
        if "$ref" in node:
            heap = self._heap(*self.resolved({"$ref": node["$ref"]}, pointer), within)
            if not self._beside_references:
                return heap
        if self._nullable and node.get("nullable") is True and "type" not in node:
            return self._or_null(node, pointer)
        if not _SAYING.isdisjoint(node):
            heap = heap.and_(_Heap((_Facet(node, pointer),)))
        for part, where in _branches(node, "allOf", pointer):
            heap = heap.and_(self._heap(part, where, within))
        for keyword in ("anyOf", "oneOf"):
            branches = _branches(node, keyword, pointer)
            if branches:
                heap = heap.and_(_Heap((), (self._keep(_Choice(keyword == "oneOf", branches)),)))
        return heap

    def _or_null(self, node: Mapping[str, Any], pointer: str) -> _Heap:
        """`nullable` beside an `allOf`: that is how people say in 3.0 that what is referred to may be null."""
        rest = self._keep({name: value for name, value in node.items() if name != "nullable"})
        return _Heap((), (self._keep(_Choice(one=False, branches=((rest, pointer), (_NULL, pointer)))),))

    def _keep(self, made: T) -> T:
        self._kept.append(made)
        return made

    # What becomes of it

    def _schema(self, heap: _Heap) -> Schema:
        found = self._made.get(heap.key)
        if found is None:
            found = self._made[heap.key] = self._building.blank()
            self._waiting.append((found, heap))
        return found

    def _fill_variants(self, schema: Schema, heap: _Heap) -> None:
        choice, rest = heap.choices[0], _Heap(heap.facets, heap.choices[1:])
        variants = [self._schema(rest.and_(self._heap(part, where, ()))) for part, where in choice.branches]
        self._building.of_variants(schema, tuple(variants), one=choice.one)

    def _fill(self, schema: Schema, facets: tuple[_Facet, ...]) -> None:
        names = dict.fromkeys(name for facet in facets for name in _properties(facet.node))
        schema.declared = {name: self._together(facets, name) for name in names}
        others = tuple(facet for facet in facets if isinstance(_additional(facet.node), Mapping))
        schema.extra = self._together(others, None) if others else None
        schema.closed = any(facet.node.get("additionalProperties") is False for facet in facets)
        most = max((len(_prefix(facet.node)) for facet in facets), default=0)
        schema.prefix = tuple(self._together(facets, nth) for nth in range(most))
        if any(_says_of_items(facet.node) for facet in facets):
            schema.items = self._together(facets, most)
        self._building.of_facets(schema, tuple(facet.node for facet in facets))

    def _together(self, facets: tuple[_Facet, ...], member: str | int | None) -> Schema:
        """What all of them say of one member; None stands for any property that none of them names."""
        heap = _Heap()
        for node, pointer in facets:
            said, where = _of_member(node, member)
            heap = heap.and_(self._heap(said, f"{pointer}/{where}", ()))
        return self._schema(heap)


def _branches(node: Mapping[str, Any], keyword: str, pointer: str) -> tuple[tuple[object, str], ...]:
    branches = node.get(keyword, [])
    if not isinstance(branches, list):
        raise ValueError(f"{pointer}/{keyword}: expected a list of schemas")  # noqa: TRY004 - it is the user's
    return tuple((branch, f"{pointer}/{keyword}/{nth}") for nth, branch in enumerate(branches))


def _properties(node: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = node.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _additional(node: Mapping[str, Any]) -> object:
    """What it says of properties without a name; True for nothing. With patterns it says it of some of them only."""
    return True if node.get("patternProperties") else node.get("additionalProperties", True)


def _prefix(node: Mapping[str, Any]) -> list[Any]:
    """The schemas of the first items: `prefixItems`, or, before 2020, a list under `items`."""
    for keyword in ("prefixItems", "items"):
        if isinstance(node.get(keyword), list):
            return list(node[keyword])
    return []


def _says_of_items(node: Mapping[str, Any]) -> bool:
    """Does it say something of all (further) items?"""
    said = node.get("items", True)
    return said is not True and not isinstance(said, list)


def _of_member(node: Mapping[str, Any], member: str | int | None) -> tuple[object, str]:
    """What one schema says of a member, and under which steps; True for nothing."""
    if isinstance(member, int):
        prefix = _prefix(node)
        if member < len(prefix):
            return prefix[member], f"{'prefixItems' if 'prefixItems' in node else 'items'}/{member}"
        items = node.get("items", True)
        return (True if isinstance(items, list) else items), "items"
    properties = _properties(node)
    if member is not None and member in properties:
        return properties[member], f"properties/{escaped(member)}"
    return _additional(node), "additionalProperties"


def escaped(step: str) -> str:
    """One step of a pointer."""
    return step.replace("~", "~0").replace("/", "~1")
