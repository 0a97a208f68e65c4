"""Values that keep to a JSON Schema, for Hypothesis; and a JSON Schema's errors, each at the place that it is about."""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it comes without types
from hypothesis import strategies as st

Path = tuple[str | int, ...]
Json = Any
"""Decoded: a schema, a document, a value. Anything."""

ALPHABET = "abcXYZ 0189\"\\/'_-.+@äß€\n\U0001f600"
TEXT = st.text(alphabet=ALPHABET, max_size=12)
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), TEXT, st.sampled_from([1.0, 0.1, -2.50, 1e300])
)


def values_of(schema: Json, document: Mapping[str, Any], depth: int = 6) -> st.SearchStrategy[Any]:
    """Values that mostly keep to it; the caller filters out the rest."""
    if schema is True or schema == {}:
        return PLAIN
    if "$ref" in schema:
        return values_of(target(schema["$ref"], document), document, depth)
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return st.one_of(
                [values_of({**schema_without(schema, choice), **part}, document, depth) for part in schema[choice]]
            )
    kinds = schema.get("type", "object" if "properties" in schema else None)
    if kinds is None:
        return PLAIN
    return st.one_of(
        [_of_kind(kind, schema, document, depth) for kind in (kinds if isinstance(kinds, list) else [kinds])]
    )


def schema_without(schema: Mapping[str, Any], keyword: str) -> dict[str, Any]:
    return {name: said for name, said in schema.items() if name != keyword}


def target(reference: str, document: Json) -> Json:
    for step in reference.removeprefix("#").split("/")[1:]:
        document = document[step.replace("~1", "/").replace("~0", "~")]
    return document


def _of_kind(kind: str, schema: Mapping[str, Any], document: Mapping[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if kind == "array":
        return _arrays(schema, document, depth)
    if kind == "object":
        return _objects(schema, document, depth)
    least, most = _bounds(schema)
    simple: dict[str, st.SearchStrategy[Any]] = {
        "integer": st.integers(least, most),
        "number": st.one_of(st.integers(least, most), st.floats(least, most, allow_nan=False, allow_infinity=False)),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    return _texts(schema) if kind == "string" else simple[kind]


def _texts(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    least, most = schema.get("minLength", 0), schema.get("maxLength", 40)
    if "pattern" in schema:
        return st.from_regex(schema["pattern"]).filter(lambda text: least <= len(text) <= most)
    said = [text for text in ("12", "true", "STARTED", "3.50") if least <= len(text) <= most]
    free = st.text(alphabet=ALPHABET, min_size=least, max_size=min(most, least + 12))
    return st.one_of(free, st.sampled_from(said)) if said else free


def _bounds(schema: Mapping[str, Any]) -> tuple[int, int]:
    least = schema.get("minimum", schema.get("exclusiveMinimum", -1001) + 1)
    most = schema.get("maximum", schema.get("exclusiveMaximum", 10**17 + 1) - 1)
    return int(least), int(most)


def _arrays(schema: Mapping[str, Any], document: Mapping[str, Any], depth: int) -> st.SearchStrategy[list[Any]]:
    if "prefixItems" in schema:
        return st.tuples(*(values_of(item, document, depth - 1) for item in schema["prefixItems"])).map(list)
    item = values_of(schema.get("items", True), document, depth - 1)
    return st.lists(item, min_size=schema.get("minItems", 0), max_size=3 if depth > 0 else 0)


def _objects(schema: Mapping[str, Any], document: Mapping[str, Any], depth: int) -> st.SearchStrategy[dict[str, Any]]:
    required = schema.get("required", [])
    named = {name: values_of(said, document, depth - 1) for name, said in schema.get("properties", {}).items()}
    must = {name: values for name, values in named.items() if name in required}
    may = {name: values for name, values in named.items() if name not in required} if depth > 0 else {}
    known = st.fixed_dictionaries(must, optional=may)
    extra = schema.get("additionalProperties", False)
    if extra is False or depth <= 0:
        return known
    others = st.dictionaries(
        st.sampled_from(["k1", "k_2", "kThree"]), values_of(extra, document, depth - 1), max_size=2
    )
    return st.builds(lambda one, other: {**other, **one}, known, others)


def errors_at(validator: Json, before: object, after: object) -> Iterator[tuple[Path, str]]:
    """Where the value after a change breaks the schema, and which keyword it breaks there.

    Of a choice, the errors are those of the branch that the value before was of.
    """
    for error in validator.iter_errors(after):
        yield from _leaves(validator, error, before, ())


def _leaves(validator: Json, error: Json, before: object, above: Path) -> Iterator[tuple[Path, str]]:
    path = (*above, *error.relative_path)
    if error.validator not in ("anyOf", "oneOf"):
        yield path, error.validator
        return
    was = value_at(before, path)
    fitting = [nth for nth, branch in enumerate(error.validator_value) if validator.evolve(schema=branch).is_valid(was)]
    assert len(fitting) == 1, "it was of one branch"
    assert error.context, "and is of none now"
    for inner in error.context:
        if inner.relative_schema_path[0] == fitting[0]:
            yield from _leaves(validator, inner, before, path)


def value_at(value: Json, path: Path) -> Json:
    for step in path:
        value = value[step]
    return value


def validator_of(schema: Json, document: Mapping[str, Any]) -> Json:
    """One that finds `#/…` in the document that the schema stands in."""
    whole = {"allOf": [schema], **{name: said for name, said in document.items() if name in ("components", "$defs")}}
    return jsonschema.Draft202012Validator(whole)
