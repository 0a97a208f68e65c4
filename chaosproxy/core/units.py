"""How people write durations, sizes and rates, and how the program reads them: seconds, bytes, shares of one."""

import math
import re

_NUMBER = r"(\d+(?:\.\d+)?)"
_DURATION = re.compile(rf"{_NUMBER}\s*(ms|s|m|h|d)")
_SIZE = re.compile(rf"{_NUMBER}\s*(B|KiB|MiB|GiB|kB|KB|MB|GB)")
_RATE = re.compile(rf"{_NUMBER}\s*%")

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
BYTES = {
    "B": 1,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
    "kB": 1000,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
}

LONGEST = 10_000_000 * SECONDS["d"]
"""Seconds; more cannot be meant, and timers cannot be set that far."""
LARGEST = 1024 * BYTES["GiB"]
"""Bytes; more cannot be meant."""


def parse_duration(text: object) -> float:
    """Seconds from `250ms`, `2s`, `5m`, `1h`, `1d`. A bare number has no unit and is refused (but 0 is 0).

    Raises:
        ValueError: with what was expected.
    """
    if text == 0 and not isinstance(text, bool):
        return 0.0
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError("expected a duration with its unit, such as 250ms, 2s, 5m or 1h")
    seconds = float(match[1]) * SECONDS[match[2]]
    if seconds > LONGEST:
        raise ValueError("expected a duration of at most 10000000d")
    return seconds


def parse_size(text: object) -> int:
    """Bytes from `64KiB`, `1MiB`, `10B`, or a whole number of bytes.

    Raises:
        ValueError: with what was expected.
    """
    if isinstance(text, int) and not isinstance(text, bool) and text >= 0:
        return text
    match = _SIZE.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError("expected a size such as 512B, 64KiB or 1MiB, or a whole number of bytes")
    size = float(match[1]) * BYTES[match[2]]
    if size > LARGEST:
        raise ValueError("expected a size of at most 1024GiB")
    return round(size)


def parse_rate(value: object) -> float:
    """A share from 0 to 1, from `30%` or `0.3`.

    Raises:
        ValueError: with what was expected; a number above 1 is refused, because it was probably meant as a percentage.
    """
    share: float
    if isinstance(value, str) and (match := _RATE.fullmatch(value.strip())):
        share = float(match[1]) / 100
    elif isinstance(value, int | float) and not isinstance(value, bool):
        share = float(value)
    else:
        raise ValueError("expected a rate from 0% to 100%, such as 30% or 0.3")
    if not math.isfinite(share) or not 0 <= share <= 1:
        raise ValueError(f"expected a rate from 0% to 100% (or 0 to 1), got {value}")
    return share


def format_duration(seconds: float) -> str:
    """A duration as people write it: `250ms`, `2s`, `1m 30s`."""
    if seconds < 1:
        return f"{seconds * 1000:.3g}ms"
    if seconds < 60:
        return f"{seconds:.3g}s"
    parts = []
    rest = round(seconds)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def format_rate(share: float) -> str:
    """A share as people write it: `30%`, `0.1%`."""
    return f"{share * 100:.4g}%"
