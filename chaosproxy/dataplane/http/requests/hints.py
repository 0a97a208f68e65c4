"""How long a failing answer asks to wait, from wherever it says so. Pure; whatever is malformed is no hint.

In this order: a header in milliseconds, Retry-After (RFC 9110, 10.2.3), what the body says (google.rpc.RetryInfo, or a
sentence), and last when a spent quota is free again (IETF RateLimit: Retry-After goes before it). Resets come as
seconds, as moments (Unix time, RFC 3339) and as Go durations; all are told apart by how they look.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from chaosproxy.core.replies import Hint
from chaosproxy.dataplane.http.wire import Headers

BODY_MOST = 16 * 1024
"""Bytes of a body that are looked at."""

_MILLISECONDS: Final = ("retry-after-ms", "x-ms-retry-after-ms", "x-amz-retry-after", "grpc-retry-pushback-ms")
_RETRY_AFTER: Final = "retry-after"
_RATELIMIT: Final = "ratelimit"
_RESETS: Final = (
    ("ratelimit-reset", "ratelimit-remaining"),
    ("x-ratelimit-reset", "x-ratelimit-remaining"),
    ("x-rate-limit-reset", "x-rate-limit-remaining"),
    ("x-ratelimit-reset-requests", "x-ratelimit-remaining-requests"),
    ("x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens"),
    ("anthropic-ratelimit-requests-reset", "anthropic-ratelimit-requests-remaining"),
    ("anthropic-ratelimit-tokens-reset", "anthropic-ratelimit-tokens-remaining"),
    ("anthropic-ratelimit-input-tokens-reset", "anthropic-ratelimit-input-tokens-remaining"),
    ("anthropic-ratelimit-output-tokens-reset", "anthropic-ratelimit-output-tokens-remaining"),
)
"""Headers that say when all of a quota is free again, and what is left of it: a reset counts if that is nothing."""

_OF_NO_QUOTA: Final = frozenset({*_MILLISECONDS, _RETRY_AFTER, "date"})
_ASKED: Final = frozenset(
    {*_MILLISECONDS, _RETRY_AFTER, _RATELIMIT, "date", *(name for pair in _RESETS for name in pair)}
)
_LENGTHS: Final = frozenset(map(len, _ASKED))
"""Most names are told apart from these by their length, at half the price of lowering their case."""

_UNITS: Final = (("ms", 0.001), ("mil", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0))
"""How units begin, and seconds in each; the first that fits."""
_COUNT = r"\d{1,9}(?:\.\d{1,9})?"
_UNIT = r"(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)(?![a-z])"
_PIECES = re.compile(rf"({_COUNT})['\"]?\s?({_UNIT})")
_GO_DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:ms|[smh]))+")
_SENTENCE = re.compile(
    r"\b(?:again|retry|retrying|wait|waiting|available)\b[^.<>{}\d]{0,40}?(?<=[ '\"])"
    rf"((?:{_COUNT}['\"]?\s?{_UNIT}\s?)+)"
)
"""In lower case: `try again in 3.89s`, `retry after 20 seconds`, `try again after '5' seconds`."""
_WORDS: Final = (b"again", b"retry", b"wait", b"available")
_RETRY_INFO = re.compile(rb'"retryDelay"\s*:\s*"(\d{1,9}(?:\.\d{1,9})?)s"')
_OLD_RATELIMIT = re.compile(r"(\w+)\s*=\s*(-?\d{1,9})")
_RATELIMIT_PARAMETER = re.compile(r";\s*([a-z]+)\s*=\s*(-?\d{1,9})")


def hint_of(headers: Headers, wall: float, body: bytes = b"") -> Hint | None:
    """How long a failing answer asks to wait, or None. Moments are reckoned from its own Date, if it has one.

    Args:
        headers: the answer's.
        wall: seconds since 1970.
        body: its beginning, without a content coding.
    """
    said = _said(headers)
    for name in _MILLISECONDS:
        milliseconds = _number(said[name]) if name in said else None
        if milliseconds is not None:
            return Hint(milliseconds / 1000, name)
    return _retry_after(said, wall) or _in_body(body) or (_reset(said, wall) if said.keys() - _OF_NO_QUOTA else None)


def _said(headers: Headers) -> dict[str, str]:
    """The first value of each header that is asked for."""
    said: dict[str, str] = {}
    for raw_name, value in headers:
        if len(raw_name) in _LENGTHS and (name := raw_name.decode("latin-1").lower()) in _ASKED:
            said.setdefault(name, value.decode("latin-1").strip())
    return said


def _retry_after(said: dict[str, str], wall: float) -> Hint | None:
    text = said.get(_RETRY_AFTER)
    if text is None:
        return None
    seconds = _number(text)
    if seconds is not None:
        return Hint(seconds, _RETRY_AFTER)
    until = _date(text)
    return None if until is None else Hint(max(0.0, until - _now(said, wall)), _RETRY_AFTER, granularity=1.0)


def _in_body(body: bytes) -> Hint | None:
    if not body:
        return None
    looked_at = body[:BODY_MOST]
    found = _RETRY_INFO.search(looked_at)
    if found is not None:
        return Hint(float(found[1]), "retry-info")
    words = looked_at.lower()
    if not any(word in words for word in _WORDS):
        return None
    sentence = _SENTENCE.search(words.decode("latin-1"))
    return None if sentence is None else Hint(_duration(sentence[1]), "text")


def _duration(text: str) -> float:
    """Seconds of `6m0s`, `120ms` or `1 hour 5 minutes`."""
    seconds = 0.0
    for number, unit in _PIECES.findall(text):
        seconds += float(number) * next(each for start, each in _UNITS if unit.startswith(start))
    return seconds


def _reset(said: dict[str, str], wall: float) -> Hint | None:
    """When there is more of what is spent: of several quotas, of the one that takes longest."""
    now = _now(said, wall)
    found = [hint for hint in (_rate_limit(said.get(_RATELIMIT, "")), *_resets(said, now)) if hint is not None]
    return max(found, key=lambda hint: hint.seconds, default=None)


def _resets(said: dict[str, str], now: float) -> Iterator[Hint | None]:
    for name, counterpart in _RESETS:
        if name in said:
            left = said.get(counterpart)
            # Before draft 07 the three headers came together; whoever leaves one out means that nothing is left.
            spent = name == "ratelimit-reset" if left is None else _is_nothing(left)
            yield _until(said[name], now, name) if spent else None


def _rate_limit(text: str) -> Hint | None:
    """IETF RateLimit, `"default";r=0;t=30`, and as it was in draft 07, `limit=100, remaining=0, reset=30`."""
    if "reset" in text:
        old = dict(_OLD_RATELIMIT.findall(text))
        quotas = [(old.get("remaining"), old.get("reset"))]
    else:
        items = [dict(_RATELIMIT_PARAMETER.findall(item)) for item in text.split(",")]
        quotas = [(item.get("r"), item.get("t")) for item in items]
    waits = [int(wait) for left, wait in quotas if wait is not None and (left is None or _is_nothing(left))]
    return Hint(float(max(waits)), _RATELIMIT) if waits and max(waits) >= 0 else None


def _until(text: str, now: float, source: str) -> Hint | None:
    """The wait that a reset means: seconds, a Go duration, Unix time (also in milliseconds), or RFC 3339."""
    number = _number(text, most=_LATEST * 1000)
    if number is not None:
        if number < _EARLIEST:
            return Hint(number, source)
        moment = number / 1000 if number >= _LATEST else number
        return Hint(max(0.0, moment - now), source, granularity=1.0)
    if _GO_DURATION.fullmatch(text):
        return Hint(_duration(text), source)
    moment_or_none = _rfc3339(text)
    return None if moment_or_none is None else Hint(max(0.0, moment_or_none - now), source, granularity=1.0)


_EARLIEST: Final = 1e9
"""From here on a number is no wait but a moment: seconds since 1970, in September 2001."""
_LATEST: Final = 1e11
"""And from here on in milliseconds."""


def _now(said: dict[str, str], wall: float) -> float:
    """When the answer was made, by its own clock if it tells."""
    moment = _date(said["date"]) if "date" in said else None
    return wall if moment is None else moment


def _date(text: str) -> float | None:
    """Seconds since 1970 of an HTTP date (RFC 9110, 5.6.7)."""
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo is not None else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _rfc3339(text: str) -> float | None:
    try:
        date = datetime.fromisoformat(text)
        return (date if date.tzinfo is not None else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _is_nothing(left: str) -> bool:
    """Is it used up? Some count on below zero."""
    try:
        return float(left) <= 0
    except ValueError:
        return False


def _number(text: str, most: float = 1e9) -> float | None:
    try:
        number = float(text.replace("_", "?"))  # float() takes 1_0 for 10
    except ValueError:
        return None
    return number if 0 <= number < most else None
