"""What becomes of one field when an interface drifts: another name, another type, ... Knows values, no schema.

Each way gives what could be done, the likeliest first; which of these really breaks something is for the caller to say.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from chaosproxy.faults._json_values import Document, Path


class New(NamedTuple):
    """A value that could come in the place of another."""

    value: Any
    """Decoded, to judge by."""
    text: str
    """As it is written."""


_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?")
_MOST_IDS = 10_000

_UNKNOWN = ("unknown", "other", "pending_review", "archived", "unspecified", "deferred", "legacy")
"""What is added to enumerations."""

ENUMERATED = re.compile(r"[a-z]{2,24}(?:[_-][a-z]{1,24}){0,4}|[A-Z]{2,24}(?:[_-][A-Z]{1,24}){0,4}|[A-Z][a-z]{1,24}")
"""What a value looks like that may be one of an enumeration."""
ENUMERATING = re.compile(
    r"(?:.*[_-]|.*(?=[A-Z]))?(?:status|state|type|kind|role|level|category|mode|object|class|phase|stage|severity"
    r"|priority|reason|visibility|plan|tier|currency)",
    re.IGNORECASE,
)
"""And the key that it stands under."""


def names_for(name: str) -> Iterator[str]:
    """Other names for a property: the same words in another case, then longer ones."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if words:
        camel = words[0] + "".join(map(str.capitalize, words[1:]))
        snake = "_".join(words)
        yield from (snake, camel) if name == camel else (camel, snake)
        yield "".join(map(str.capitalize, words))
        yield "-".join(words)
    yield f"{name}_value"
    yield f"{name}_v2"
    yield f"new_{name}"


def other_types(document: Document, path: Path, value: object, draw: float) -> Iterator[New]:
    """The same, or nearly, as a value of another type."""
    text = document.text_at(path)
    if isinstance(value, str):
        yield from _of_text(value, draw)
    elif isinstance(value, list):
        yield from _of_array(document, path, value)
    elif isinstance(value, dict):
        yield from [New([], "[]")] if not value else []
    if value is not None:
        yield from _of_any(document, text, value)


def _of_text(value: str, draw: float) -> Iterator[New]:
    """What it says, if it says one; else a number, as though names had become ids."""
    if _NUMBER.fullmatch(value):
        yield New(json.loads(value), value)
    elif value in ("true", "false"):
        yield New(value == "true", value)
    number = int(draw * _MOST_IDS)
    yield New(number, str(number))


def _of_any(document: Document, text: str, value: object) -> Iterator[New]:
    if not isinstance(value, str):
        yield New(text, document.written(text))
    if isinstance(value, bool):
        yield New(int(value), str(int(value)))
    yield New([value], f"[{text}]")
    yield New({"value": value}, f'{{"value": {text}}}')


def _of_array(document: Document, path: Path, value: list[Any]) -> Iterator[New]:
    """As PHP writes an array whose indices have a gap."""
    texts = document.texts_in(path)
    members = ", ".join(f'"{nth}": {text}' for nth, text in enumerate(texts))
    yield New({str(nth): item for nth, item in enumerate(value)}, f"{{{members}}}")


def wrapped(document: Document, path: Path, value: object) -> New:
    """In an object of its own."""
    name = "data" if isinstance(value, dict | list) else "value"
    return New({name: value}, f'{{"{name}": {document.text_at(path)}}}')


def unknown_for(document: Document, value: object, known: tuple[Any, ...], draw: float) -> Iterator[New]:
    """Values that were added to an enumeration since, in the manner of one that is known."""
    if isinstance(value, str):
        first = int(draw * len(_UNKNOWN))
        for word in (*_UNKNOWN[first:], *_UNKNOWN[:first]):
            said = _in_manner_of(value, word)
            yield New(said, document.written(said))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = max((each for each in (*known, value) if type(each) in (int, float)), default=0)
        yield New(int(number) + 1, str(int(number) + 1))


def _in_manner_of(value: str, word: str) -> str:
    if "-" in value:
        word = word.replace("_", "-")
    if value.isupper():
        return word.upper()
    if value[:1].isupper():
        return "".join(map(str.capitalize, re.split("[_-]", word)))
    return word


def may_be_enumerated(key: str | int, value: object) -> bool:
    """Does this look like one of an enumeration?"""
    return (
        isinstance(key, str)
        and isinstance(value, str)
        and ENUMERATING.fullmatch(key) is not None
        and ENUMERATED.fullmatch(value) is not None
    )


NULL = New(None, "null")

Holder = Mapping[str, Any] | list[Any]
"""An object or array."""
