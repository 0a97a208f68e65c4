"""Same intention, same fingerprint: what a call asks for, without what changes from attempt to attempt.

A fingerprint is 16 hex digits of BLAKE2b over tool, method, path, canonical query and canonical body. Canonical means:
query parameters in any order; JSON with sorted keys and normal numbers; volatile fields left out. It must be the same
in every process, because seeded chance goes by it.
"""

from collections.abc import Sequence
from hashlib import blake2b
from urllib.parse import parse_qsl, urlencode

import msgspec

Pairs = Sequence[tuple[str, str]]
"""Names and values of a query or a form, in their order."""

DIGEST_BYTES = 8
"""Of every digest here: 16 hex digits."""

_canonical = msgspec.json.Encoder(order="sorted")


def digest(material: bytes) -> str:
    """16 hex digits."""
    return blake2b(material, digest_size=DIGEST_BYTES).hexdigest()


def pairs_in(text: str) -> Pairs:
    """The parameters of a query, or the fields of a form; in ISO 8859-1, in which no bytes are invalid."""
    return parse_qsl(text, keep_blank_values=True, encoding="latin-1") if text else ()


def canonical_query(query: str, volatile: frozenset[str]) -> str:
    """The parameters in a fixed order, duplicates kept, volatile ones left out."""
    return canonical_pairs(pairs_in(query), volatile)


def canonical_pairs(pairs: Pairs, volatile: frozenset[str]) -> str:
    """The same of parameters that have been told apart."""
    if not pairs:
        return ""
    return urlencode(sorted(pair for pair in pairs if pair[0].lower() not in volatile), encoding="latin-1")


def canonical_json(value: object, volatile: frozenset[str]) -> bytes:
    """JSON with sorted keys, whole floats as whole numbers, volatile fields left out at every depth."""
    return encoded(settled(value, volatile))


def encoded(value: object) -> bytes:
    """JSON with sorted keys."""
    return _canonical.encode(value)


def settled(value: object, volatile: frozenset[str]) -> object:
    """The value with whole floats as whole numbers, and without volatile fields at every depth."""
    if isinstance(value, dict):
        return {key: settled(item, volatile) for key, item in value.items() if key.lower() not in volatile}
    if isinstance(value, list):
        return [settled(item, volatile) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
