"""What a JSON Schema allows, compiled: which values, and of what kinds, names and properties. Knows no reply, no fault.

Read are the schemas of OpenAPI 3.0 and 3.1 and JSON Schema from draft 4 on. `$ref` is followed within the document, and
all that holds of one place (`allOf`, a `$ref` and what stands beside it) is put together; of `anyOf` and `oneOf` each
branch becomes a schema of its own, a *variant*, put together with all that stands beside it. `format` says nothing, as
it does to most readers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from chaosproxy.faults._schema_rules import KINDS, Rule, kind_of, required_names, rules_of

Accepts = Callable[[Any], bool]

SEALING = frozenset(
    {
        *("not", "if", "then", "else", "contains", "propertyNames", "patternProperties", "additionalItems"),
        *("dependencies", "dependentRequired", "dependentSchemas", "unevaluatedItems", "unevaluatedProperties"),
        *("$dynamicRef", "$recursiveRef"),
    }
)
"""Keywords that are not judged: nobody can say what one change would do to what they stand beside, or below it."""


class Schema:
    """What may stand at one place. Never changes once the document is read; may contain itself."""

    __slots__ = (
        "accepts",
        "closed",
        "declared",
        "extra",
        "items",
        "kinds",
        "offers",
        "prefix",
        "required",
        "rules",
        "sealed",
        "values",
        "variants",
    )

    def __init__(self) -> None:
        self.rules: tuple[Rule, ...] = ()
        """What must hold of a value itself, whatever is in it."""
        self.accepts: Accepts = _anything
        """Is this decoded value one of those that it allows?"""
        self.kinds: frozenset[str] = KINDS
        """Of which kinds a value may be: string, number, ...; an integer is a number."""
        self.variants: tuple[Schema, ...] = ()
        """If not empty, a value is of one of these, and nothing else is said here but `kinds`."""
        self.sealed = False
        """Says something that is not judged."""
        self.declared: Mapping[str, Schema] = MappingProxyType({})
        """The properties that have a name."""
        self.extra: Schema | None = None
        """What all other properties must be; None if that does not matter, or if there may be none."""
        self.closed = False
        """May there be no other properties?"""
        self.required: frozenset[str] = frozenset()
        self.prefix: tuple[Schema, ...] = ()
        """The first items of an array, each for itself."""
        self.items: Schema | None = None
        """All (further) items; None if they do not matter."""
        self.values: tuple[Any, ...] | None = None
        """The values that are enumerated."""
        self.offers: frozenset[str] = frozenset()
        """Ways to break something in it, however deep: what is not here need not be looked for."""

    def member(self, key: str | int) -> "Schema | None":
        """What may stand under a key or index; None if nothing is said about it."""
        if isinstance(key, str):
            return self.declared.get(key, self.extra)
        return self.prefix[key] if key < len(self.prefix) else self.items

    def settled(self, value: object) -> "Schema | None":
        """The one variant (of a variant, ...) that the value is of; None if it could be of several."""
        schema = self
        while schema.variants:
            fitting = [variant for variant in schema.variants if variant.accepts(value)]
            if len(fitting) != 1:
                return None
            schema = fitting[0]
        return schema

    def knows(self, value: object) -> bool:
        """Is it allowed, or by so many variants that it is not?"""
        return any(variant.accepts(value) for variant in self.variants) if self.variants else self.accepts(value)

    def broken_by(self, value: object) -> frozenset[str]:
        """The keywords that do not hold of this value itself, whatever is in it. For a schema without variants."""
        of = type(value)
        return frozenset(rule.keyword for rule in self.rules if of in rule.of and not rule.holds(value))


class Building:
    """Makes the schemas of one document. A set of facets that has been put together once is not put together again."""

    def __init__(self) -> None:
        self._made: list[Schema] = []

    def blank(self) -> Schema:
        """A schema to be filled: it can be referred to before."""
        schema = Schema()
        self._made.append(schema)
        if len(self._made) > _MOST:
            raise ValueError(f"expected a schema that says less: put together, it is more than {_MOST}")
        return schema

    def of_variants(self, schema: Schema, variants: tuple[Schema, ...], *, one: bool) -> None:
        """It allows what exactly one of them allows, or any of them."""
        schema.variants = variants
        schema.kinds = frozenset()
        schema.accepts = _one_of(variants) if one else _any_of(variants)

    def of_facets(self, schema: Schema, facets: tuple[Mapping[str, Any], ...]) -> None:
        """It allows what all of them allow. Its members have been filled in already."""
        schema.sealed = any(not SEALING.isdisjoint(facet) for facet in facets)
        schema.required = frozenset().union(*(required_names(facet) for facet in facets))
        schema.rules = tuple(rules_of(facets))
        enumerated = [_values(facet) for facet in facets if "enum" in facet or "const" in facet]
        schema.values = enumerated[0] if enumerated else None
        schema.kinds = frozenset(kind for kind in KINDS if _passes(schema, kind))
        schema.accepts = _all_of(schema)

    def done(self) -> None:
        """All are filled: find out what each says and offers by what is in it.

        Raises:
            ValueError: one is a choice between itself and something else.
        """
        for schema in self._made:
            _ends(schema)
        _spread(self._made, lambda schema: schema.variants, "kinds")
        for schema in self._made:
            schema.offers = _own_offers(schema).union(*map(_as_member, _members(schema)))
        _spread(self._made, lambda schema: (*schema.variants, *_members(schema)), "offers")


_MOST = 50_000
"""Schemas of one document, each combination of variants counted."""

_SAMPLES: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {
        "string": (str,),
        "number": (int, float),
        "boolean": (bool,),
        "null": (type(None),),
        "object": (dict,),
        "array": (list,),
    }
)


def _anything(_value: object) -> bool:
    return True


def _nothing(_value: object) -> bool:
    return False


def _any_of(variants: tuple[Schema, ...]) -> Accepts:
    def accepts(value: object) -> bool:
        for variant in variants:  # noqa: SIM110 - a generator costs as much again, and this runs for every value
            if variant.accepts(value):
                return True
        return False

    return accepts


def _one_of(variants: tuple[Schema, ...]) -> Accepts:
    def accepts(value: object) -> bool:
        return sum(variant.accepts(value) for variant in variants) == 1

    return accepts


def _all_of(schema: Schema) -> Accepts:
    """By the type of the value, what must hold of it; of a type that is not there, nothing can."""
    by_type = {of: _checks(schema, of) for kind in schema.kinds for of in _SAMPLES[kind]}

    def accepts(value: object) -> bool:
        check = by_type.get(type(value), _nothing)
        return check is None or check(value)

    return accepts


def _checks(schema: Schema, of: type) -> Accepts | None:
    rules = [rule for rule in schema.rules if of in rule.of]
    # What is asked by its type has no other type; but that a number is whole is more than its type says.
    checks = [rule.holds for rule in rules if rule.keyword != "type" or of is float]
    if of is dict and (schema.declared or schema.extra is not None):
        checks.append(_members_of(schema))
    elif of is list and schema.prefix:
        checks.append(_items_of(schema))
    elif of is list and schema.items is not None:
        checks.append(_equal_items_of(schema.items))
    if len(checks) < 2:
        return checks[0] if checks else None

    def holds(value: object) -> bool:
        return all(check(value) for check in checks)

    return holds


def _members_of(schema: Schema) -> Accepts:
    declared, extra = schema.declared, schema.extra

    def holds(value: Mapping[str, object]) -> bool:
        for name, inner in value.items():
            member = declared.get(name, extra)
            if member is not None and not member.accepts(inner):
                return False
        return True

    return holds


def _equal_items_of(item: Schema) -> Accepts:
    def holds(value: list[object]) -> bool:
        return all(map(item.accepts, value))

    return holds


def _items_of(schema: Schema) -> Accepts:
    def holds(value: list[object]) -> bool:
        members = (schema.member(nth) for nth in range(len(value)))
        return all(member is None or member.accepts(inner) for member, inner in zip(members, value, strict=True))

    return holds


def _passes(schema: Schema, kind: str) -> bool:
    """May a value be of this kind? That is for `type` to say, of one of those enumerated, or of any."""
    samples = [of() for of in _SAMPLES[kind]]
    if schema.values is not None:
        samples = [value for value in schema.values if kind_of(value) == kind]
    rules = [rule for rule in schema.rules if rule.keyword == "type"]
    return any(all(rule.holds(sample) for rule in rules) for sample in samples)


def _ends(schema: Schema) -> None:
    """A choice must come to something else than the same choice, or looking for what it is would never end."""
    seen, waiting = set(), [*schema.variants]
    while waiting:
        variant = waiting.pop()
        if variant is schema:
            raise ValueError("#: expected choices (anyOf, oneOf) that come to an end, got one that contains itself")
        if id(variant) not in seen:
            seen.add(id(variant))
            waiting.extend(variant.variants)


def _spread(schemas: list[Schema], sources: Callable[[Schema], Iterable[Schema]], what: str) -> None:
    """Give each what those have that it comes from, until nothing changes."""
    users: dict[int, list[Schema]] = {}
    for schema in schemas:
        for source in sources(schema):
            users.setdefault(id(source), []).append(schema)
    waiting = list(schemas)
    while waiting:
        source = waiting.pop()
        given = getattr(source, what)
        for user in users.get(id(source), ()):
            had = getattr(user, what)
            if not given <= had:
                setattr(user, what, had | given)
                waiting.append(user)


def _values(facet: Mapping[str, Any]) -> tuple[Any, ...]:
    if "const" in facet:
        return (facet["const"],)
    values = facet["enum"] if isinstance(facet["enum"], list) else []
    return (*values, None) if facet.get("nullable") is True else tuple(values)


def _members(schema: Schema) -> Iterator[Schema]:
    yield from schema.declared.values()
    yield from schema.prefix
    for inner in (schema.extra, schema.items):
        if inner is not None:
            yield inner


def _own_offers(schema: Schema) -> frozenset[str]:
    """Ways to break an object by what it must have."""
    named = {"missing", "renamed"} if schema.required else {"renamed"} if schema.closed else set()
    return frozenset(named)


def _as_member(schema: Schema) -> frozenset[str]:
    """Ways to break what holds this, by putting something else in its place."""
    offers = {
        "nulled": "null" not in schema.kinds,
        "type_changed": schema.kinds != KINDS,
        "nested": "object" not in schema.kinds,
        "enum_unknown": schema.values is not None,
    }
    own = frozenset(name for name, offered in offers.items() if offered)
    return own.union(*map(_as_member, schema.variants))
