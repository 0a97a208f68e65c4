"""A dialect file that starts from a shipped one: the two as one file, still as it is written. Knows no vendor.

Checking comes later, so whatever is wrong here passes as it is and is found there.
"""

from chaosproxy.dialects.model import BODIES


def laid_over(base: dict[str, object], own: dict[str, object]) -> dict[str, object]:
    """`own` over `base`: headers by their names, sections by their keys, kinds by what is said of each."""
    merged = base | own
    for section, join in (("headers", _headers), ("stream", _keys), ("quota", _quota), ("kinds", _kinds)):
        if section in base and section in own:
            merged[section] = join(base[section], own[section])
    return merged


def _keys(base: object, own: object) -> object:
    return base | own if isinstance(base, dict) and isinstance(own, dict) else own


def _headers(base: object, own: object) -> object:
    """By name, whatever the case; a new one comes after the others."""
    if not (isinstance(base, dict) and isinstance(own, dict)):
        return own
    new = {str(name).lower(): name for name in own}
    merged = {}
    for name, text in base.items():
        kept = new.pop(str(name).lower(), name)
        merged[kept] = own.get(kept, text)
    return merged | {name: own[name] for name in new.values()}


def _quota(base: object, own: object) -> object:
    if not (isinstance(base, dict) and isinstance(own, dict)):
        return own
    return base | {unit: _headers(base.get(unit), headers) for unit, headers in own.items()}


def _kinds(base: object, own: object) -> object:
    if not (isinstance(base, dict) and isinstance(own, dict)):
        return own
    return base | {kind: _ways(base.get(kind), said) for kind, said in own.items()}


def _ways(base: object, own: object) -> object:
    """What is said of one kind: a mapping changes every way there is, all else takes their place."""
    if isinstance(base, list) and isinstance(own, dict):
        return [_way(way, own) for way in base]
    return _way(base, own)


def _way(base: object, own: object) -> object:
    if not (isinstance(base, dict) and isinstance(own, dict)):
        return own
    dropped = BODIES if any(name in own for name in BODIES) else ()
    merged = {name: value for name, value in base.items() if name not in dropped} | own
    if "headers" in base and "headers" in own:
        merged["headers"] = _headers(base["headers"], own["headers"])
    return merged
