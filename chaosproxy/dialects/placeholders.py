"""Texts with `${…}` in them, compiled once and filled in for each reply. A closed set of placeholders, no expressions.

| placeholder | is filled with |
| --- | --- |
| `status`, `reason` | the status number and its phrase |
| `message` | the error text: the rule's, or the dialect's |
| `retry_after`, `retry_after_ms` | until it is worth coming back, rounded up to whole seconds, to whole milliseconds |
| `retry_after_go` | the same as Go writes it: `644ms`, `3.89s`, `6m0s` |
| `reset_epoch`, `reset_rfc3339` | that moment, rounded up: seconds since 1970; `2026-11-22T12:40:59Z` |
| `retry_after_date` | the same moment as HTTP writes it |
| `scope` | the right that is lacking, as OAuth names it |
| `limit`, `window` | the quota, and the seconds over which it counts (rounded up) |
| `http_date`, `epoch` | now, as HTTP writes it; as seconds since 1970 |
| `rfc3339`, `utc` | now, as `2026-11-22T12:40:59Z`; as `2026-11-22 12:40:59 UTC` |
| `id:hex:32`, `id:HEX:4`, `id:alnum:24`, `id:digits:6` | a made-up id of that many characters |
| `uuid` | a made-up UUID |

What is made up is drawn from the call, so a replay makes the same; the same placeholder gives the same id wherever it
stands in one reply, and another word at its end (`id:hex:16:ray`) gives another. In a JSON body a string that is one
placeholder of a number becomes a number, unless the placeholder ends in `:text`. `$${` is a plain `${`.
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

from chaosproxy.core.effects import Reject

Value = str | int | None


class Facts(msgspec.Struct):
    """What one reply is filled in from."""

    reject: Reject
    wall: float
    """Seconds since 1970."""
    status: int
    reason: str
    message: str | None = None
    made_up: dict[str, str] = {}
    """Ids already drawn for this reply, by their placeholder."""


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
    milliseconds = _up(seconds, 1000)
    if milliseconds < 1000:
        return f"{milliseconds}ms" if milliseconds else "0s"
    minutes, rest = divmod(milliseconds, 60_000)
    last = f"{rest // 1000}.{rest % 1000:03}".rstrip("0").rstrip(".") + "s"
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else "") + last


def _up(seconds: float, parts: int = 1) -> int:
    """Rounded up, because who comes back a moment early is refused; but not for a rounding error of the sum."""
    return math.ceil(round(seconds * parts, 6))


def _reset(facts: Facts) -> int | None:
    wait = facts.reject.retry_after
    return None if wait is None else _up(facts.wall + wait)


def _retry_after(facts: Facts) -> int | None:
    wait = facts.reject.retry_after
    return None if wait is None else _up(wait)


def _retry_after_date(facts: Facts) -> str | None:
    reset = _reset(facts)
    return None if reset is None else http_date(reset)


def _retry_after_ms(facts: Facts) -> int | None:
    wait = facts.reject.retry_after
    return None if wait is None else _up(wait, 1000)


def _retry_after_go(facts: Facts) -> str | None:
    wait = facts.reject.retry_after
    return None if wait is None else go_duration(wait)


def _reset_rfc3339(facts: Facts) -> str | None:
    reset = _reset(facts)
    return None if reset is None else _rfc3339(reset)


def _limit(facts: Facts) -> int | None:
    quota = facts.reject.quota
    return None if quota is None else quota.limit


def _window(facts: Facts) -> int | None:
    quota = facts.reject.quota
    return None if quota is None or quota.window is None else _up(quota.window)


def _rfc3339(wall: float) -> str:
    return datetime.fromtimestamp(int(wall), UTC).isoformat()[:19] + "Z"


_FILLERS: Mapping[str, Filler] = MappingProxyType(
    {
        "status": lambda facts: facts.status,
        "reason": lambda facts: facts.reason,
        "message": lambda facts: facts.message,
        "retry_after": _retry_after,
        "retry_after_date": _retry_after_date,
        "retry_after_ms": _retry_after_ms,
        "retry_after_go": _retry_after_go,
        "reset_epoch": _reset,
        "reset_rfc3339": _reset_rfc3339,
        "scope": lambda facts: facts.reject.scope,
        "limit": _limit,
        "window": _window,
        "http_date": lambda facts: http_date(facts.wall),
        "rfc3339": lambda facts: _rfc3339(facts.wall),
        "utc": lambda facts: _rfc3339(facts.wall).replace("T", " ").replace("Z", " UTC"),
        "epoch": lambda facts: int(facts.wall),
    }
)
_HOLE = re.compile(r"\$\$\{|\$\{([^{}]*)\}?")
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
    found = _FILLERS.get(name.removesuffix(":text"))
    if found is None:
        known = ", ".join(_FILLERS)
        raise ValueError(f"${{{name}}} is no placeholder; there are {known}, id:hex:32 and the like, and uuid")
    return _as_text(found) if name.endswith(":text") else found


def _as_text(filler: Filler) -> Filler:
    def fill(facts: Facts) -> Value:
        value = filler(facts)
        return None if value is None else str(value)

    return fill


def _once(name: str, shape: Callable[[bytes], str]) -> Filler:
    """Draws 64 bytes, which depend on the call's draw and on the placeholder's own text, and shapes them to an id."""

    def fill(facts: Facts) -> str:
        made = facts.made_up.get(name)
        if made is None:
            made = facts.made_up[name] = shape(blake2b(f"{facts.reject.draw!r}\x1f{name}".encode()).digest())
        return made

    return fill


class Template(msgspec.Struct, frozen=True):
    """A text with placeholders, ready to be filled."""

    pieces: tuple[str | Filler, ...]
    names: frozenset[str]
    """The placeholders in it, as written."""

    @classmethod
    def of(cls, text: str, *, html: bool = False) -> "Template":
        """Compile `text`. With `html`, what is filled in is escaped.

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
            pieces.append(_escaped(filler) if html else filler)
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
        return escape(value) if isinstance(value, str) else value

    return fill
