"""Same intention, same fingerprint: what a call asks for, without what changes from attempt to attempt.

A fingerprint is 16 hex digits of BLAKE2b over tool, method, path, canonical query and canonical body. Canonical means:
query parameters in any order; JSON with sorted keys and normal numbers; volatile fields left out. It must be the same
in every process, because seeded chance goes by it.
"""

from hashlib import blake2b
from urllib.parse import parse_qsl, urlencode

import msgspec

VOLATILE = frozenset(
    {
        "timestamp",
        "ts",
        "date",
        "nonce",
        "request_id",
        "requestid",
        "trace_id",
        "traceid",
        "traceparent",
        "span_id",
        "correlation_id",
        "idempotency_key",
        "idempotencykey",
        "_meta",
        "_",
    }
)
"""Argument names (in lower case) that say nothing about what is wanted."""

_canonical = msgspec.json.Encoder(order="sorted")


def digest(material: bytes) -> str:
    """16 hex digits."""
    return blake2b(material, digest_size=8).hexdigest()


def canonical_query(query: str, volatile: frozenset[str]) -> str:
    """The parameters in a fixed order, duplicates kept, volatile ones left out."""
    if not query:
        return ""
    pairs = parse_qsl(query, keep_blank_values=True, encoding="latin-1")
    return urlencode(sorted(pair for pair in pairs if pair[0].lower() not in volatile), encoding="latin-1")


def canonical_json(value: object, volatile: frozenset[str]) -> bytes:
    """JSON with sorted keys, whole floats as whole numbers, volatile fields left out at every depth."""
    return _canonical.encode(_settled(value, volatile))


def _settled(value: object, volatile: frozenset[str]) -> object:
    if isinstance(value, dict):
        return {key: _settled(item, volatile) for key, item in value.items() if key.lower() not in volatile}
    if isinstance(value, list):
        return [_settled(item, volatile) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
