"""Texts with `${…}` in them, compiled once and filled in for each reply. A closed set of placeholders, no expressions.

| placeholder | is filled with |
| --- | --- |
| `status`, `reason` | the status number and its phrase |
| `code` | the vendor's word for the kind of failure; without one, the profiles' word: `rate_limited` |
| `message` | the error text: the rule's, or the dialect's |
| `retry_after`, `retry_after_ms` | until it is worth coming back, rounded up to whole seconds, to whole milliseconds |
| `retry_after_go` | the same as Go writes it: `644ms`, `3.89s`, `6m0s` |
| `retry_after_s` | the same as protobuf writes it, in whole seconds: `34s` |
| `retry_after_clock` | the same as a clock shows it, in whole seconds: `00:05:00` |
| `retry_after_date` | that moment, rounded up, as HTTP writes it |
| `scope` | the right that is lacking, as OAuth names it |
| `limit`, `remaining`, `used` | the quota, what is left of it, what is not |
| `requested` | how much of it the call asked for |
| `window`, `per` | the seconds over which it counts (rounded up); the same in words: `minute`, `30 seconds` |
| `reset`, `reset_ms`, `reset_go` | until all of it is free again, as for `retry_after`; without a quota, until then |
| `reset_epoch`, `reset_rfc3339` | that moment, rounded up: seconds since 1970; `2026-11-22T12:40:59Z` |
| `http_date`, `epoch` | now, as HTTP writes it; as seconds since 1970 |
| `rfc3339`, `utc` | now, as `2026-11-22T12:40:59Z`; as `2026-11-22 12:40:59 UTC` |
| `iso` | now, without a word on the zone: `2026-11-22T12:40:59` |
| `id:hex:32`, `id:HEX:4`, `id:alnum:24`, `id:digits:6` | a made-up id of that many characters |
| `uuid` | a made-up UUID |

What is made up is drawn from the call, so a replay makes the same; the same placeholder gives the same id wherever it
stands in one reply, and another word at its end (`id:hex:16:ray`) gives another. In a JSON body a string that is one
placeholder of a number becomes a number, unless it ends in `:text`, or in `:grouped`, which writes 50000 as `50,000`.
`$${` is a plain `${`.
A placeholder may have nothing to say (`retry_after` when nobody knows); the header or member it stands in is left out.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from html import escape
from types import MappingProxyType
from uuid import UUID

import msgspec

from chaosproxy.core.effects import Quota, Reject

Value = str | int | None


class Facts(msgspec.Struct):
    """What one reply is filled in from."""

    wall: float
    """Seconds since 1970."""
    draw: float
    """In [0, 1): what is made up comes from it."""
    quota: Quota | None = None
    retry_after: float | None = None
    """Seconds."""
    scope: str | None = None
    code: str | None = None
    status: int = 200
    reason: str = "OK"
    message: str | None = None
    made_up: dict[str, str] = {}
    """Ids already drawn for this reply, by their placeholder."""

    @classmethod
    def of(cls, reject: Reject, wall: float, status: int, reason: str) -> "Facts":
        """Of a failure; its message is still to be said."""
        return cls(wall, reject.draw, reject.quota, reject.retry_after, reject.scope, reject.kind.value, status, reason)


Filler = Callable[[Facts], Value]

_ALPHABETS: Mapping[str, str] = MappingProxyType(
    {
        "hex": "0123456789abcdef",
        "HEX": "0123456789ABCDEF",
        "digits": "0123456789",
        "alnum": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    }
)
_LONGEST_ID = 64
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SPANS: Mapping[int, str] = MappingProxyType({1: "second", 60: "minute", 3600: "hour", 86400: "day"})
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(wall: float) -> str:
    """The moment as HTTP writes it (RFC 9110, section 5.6.7), in English whatever the locale."""
    at = datetime.fromtimestamp(int(wall), UTC)
    return (
        f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04} "
        f"{at.hour:02}:{at.minute:02}:{at.second:02} GMT"
    )


def go_duration(seconds: float) -> str:
    """The duration as Go prints it, rounded up to whole milliseconds."""
    milliseconds = _milliseconds(seconds)
    if milliseconds < 1000:
        return f"{milliseconds}ms" if milliseconds else "0s"
    minutes, rest = divmod(milliseconds, 60_000)
    last = f"{rest // 1000}.{rest % 1000:03}".rstrip("0").rstrip(".") + "s"
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else "") + last


def _up(seconds: float, parts: int = 1) -> int:
    """Rounded up, because who comes back a moment early is refused; but not for a rounding error of the sum."""
    return math.ceil(round(seconds * parts, 6))


def _milliseconds(seconds: float) -> int:
    return _up(seconds, 1000)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(_up(seconds), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}"


def _rfc3339(wall: float) -> str:
    return datetime.fromtimestamp(int(wall), UTC).isoformat()[:19] + "Z"


def _in_words(window: float) -> str:
    seconds = _up(window)
    return _SPANS.get(seconds) or f"{seconds} seconds"


def _wait(said: Callable[[float], str | int]) -> Filler:
    """Says the seconds until it is worth coming back, if anybody knows them."""

    def fill(facts: Facts) -> Value:
        return None if facts.retry_after is None else said(facts.retry_after)

    return fill


def _reset(said: Callable[[float], str | int], *, at: bool = False) -> Filler:
    """Says the seconds until the quota is whole again, or the moment `at` which it is."""

    def fill(facts: Facts) -> Value:
        wait = facts.retry_after if facts.quota is None else facts.quota.resets
        return None if wait is None else said(_up(facts.wall + wait) if at else wait)

    return fill


def _quota(said: Callable[[Quota], Value]) -> Filler:
    """Says something of the quota, if there is one."""

    def fill(facts: Facts) -> Value:
        return None if facts.quota is None else said(facts.quota)

    return fill


def _retry_after_date(facts: Facts) -> Value:
    return None if facts.retry_after is None else http_date(_up(facts.wall + facts.retry_after))


_FILLERS: Mapping[str, Filler] = MappingProxyType(
    {
        "status": lambda facts: facts.status,
        "reason": lambda facts: facts.reason,
        "code": lambda facts: facts.code,
        "message": lambda facts: facts.message,
        "retry_after": _wait(_up),
        "retry_after_ms": _wait(_milliseconds),
        "retry_after_go": _wait(go_duration),
        "retry_after_s": _wait(lambda wait: f"{_up(wait)}s"),
        "retry_after_clock": _wait(_clock),
        "retry_after_date": _retry_after_date,
        "scope": lambda facts: facts.scope,
        "limit": _quota(lambda quota: quota.limit),
        "remaining": _quota(lambda quota: quota.remaining),
        "used": _quota(lambda quota: max(quota.limit - quota.remaining, 0)),
        "requested": _quota(lambda quota: quota.asked),
        "window": _quota(lambda quota: None if quota.window is None else _up(quota.window)),
        "per": _quota(lambda quota: None if quota.window is None else _in_words(quota.window)),
        "reset": _reset(_up),
        "reset_ms": _reset(_milliseconds),
        "reset_go": _reset(go_duration),
        "reset_epoch": _reset(int, at=True),
        "reset_rfc3339": _reset(_rfc3339, at=True),
        "http_date": lambda facts: http_date(facts.wall),
        "epoch": lambda facts: int(facts.wall),
        "rfc3339": lambda facts: _rfc3339(facts.wall),
        "utc": lambda facts: _rfc3339(facts.wall).replace("T", " ").replace("Z", " UTC"),
        "iso": lambda facts: _rfc3339(facts.wall).removesuffix("Z"),
    }
)
_WRITTEN: Mapping[str, str] = MappingProxyType({"": "", "text": "d", "grouped": ",d"})
"""What may follow a placeholder's name after a colon, and how it writes a number."""
_HOLE = re.compile(r"\$\$\{|\$\{([^{}]*)\}?")
_NO_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no XML document can hold, however it is written (XML 1.0, section 2.2)."""
_ID = re.compile(r"id:(hex|HEX|alnum|digits):(\d{1,2})(?::\w+)?")
_UUID = re.compile(r"uuid(?::\w+)?")


def _filler(name: str) -> Filler:
    """What fills `${name}`.

    Raises:
        ValueError: if there is no such placeholder.
    """
    if made := _ID.fullmatch(name):
        alphabet, length = _ALPHABETS[made[1]], int(made[2])
        if not 1 <= length <= _LONGEST_ID:
            raise ValueError(f"${{{name}}}: an id has 1 to {_LONGEST_ID} characters")
        return _once(name, lambda drawn: "".join([alphabet[byte % len(alphabet)] for byte in drawn[:length]]))
    if _UUID.fullmatch(name):
        return _once(name, lambda drawn: str(UUID(bytes=drawn[:16], version=4)))
    known_as, _, written = name.partition(":")
    found = _FILLERS.get(known_as)
    if found is None or written not in _WRITTEN:
        known = ", ".join(_FILLERS)
        raise ValueError(f"${{{name}}} is no placeholder; there are {known}, id:hex:32 and the like, and uuid")
    return _as_text(found, _WRITTEN[written]) if written else found


def _as_text(filler: Filler, form: str) -> Filler:
    def fill(facts: Facts) -> Value:
        value = filler(facts)
        return format(value, form) if isinstance(value, int) else value

    return fill


def _once(name: str, shape: Callable[[bytes], str]) -> Filler:
    """Draws 64 bytes, which depend on the call's draw and on the placeholder's own text, and shapes them to an id."""

    def fill(facts: Facts) -> str:
        made = facts.made_up.get(name)
        if made is None:
            made = facts.made_up[name] = shape(blake2b(f"{facts.draw!r}\x1f{name}".encode()).digest())
        return made

    return fill


class Template(msgspec.Struct, frozen=True):
    """A text with placeholders, ready to be filled."""

    pieces: tuple[str | Filler, ...]
    names: frozenset[str]
    """The placeholders in it, as written."""

    @classmethod
    def of(cls, text: str, *, markup: bool = False) -> "Template":
        """Compile `text`. In `markup` (HTML, XML), what is filled in is escaped.

        Raises:
            ValueError: naming the placeholder that does not exist or does not end.
        """
        pieces: list[str | Filler] = []
        names: set[str] = set()
        position = 0
        for hole in _HOLE.finditer(text):
            pieces.append(text[position : hole.start()])
            position = hole.end()
            if hole[1] is None:
                pieces.append("${")
                continue
            if not hole[0].endswith("}"):
                raise ValueError(f"{hole[0]} has no closing brace")
            filler = _filler(hole[1])
            names.add(hole[1])
            pieces.append(_escaped(filler) if markup else filler)
        pieces.append(text[position:])
        return cls(tuple(piece for piece in pieces if piece != ""), frozenset(names))

    @property
    def constant(self) -> str | None:
        """The whole text, if there is nothing to fill in."""
        return None if any(callable(piece) for piece in self.pieces) else "".join(map(str, self.pieces))

    def value(self, facts: Facts) -> Value:
        """As `text`, but a number if it is nothing but one placeholder of a number."""
        if len(self.pieces) == 1:
            (piece,) = self.pieces
            return piece if isinstance(piece, str) else piece(facts)
        return self.text(facts)

    def text(self, facts: Facts) -> str | None:
        """What it says, as text; None if a placeholder in it has nothing to say."""
        said = []
        for piece in self.pieces:
            value = piece if isinstance(piece, str) else piece(facts)
            if value is None:
                return None
            said.append(value if isinstance(value, str) else str(value))
        return "".join(said)


def _escaped(filler: Filler) -> Filler:
    def fill(facts: Facts) -> Value:
        value = filler(facts)
        return escape(_NO_CHARACTER.sub("\ufffd", value)) if isinstance(value, str) else value

    return fill
