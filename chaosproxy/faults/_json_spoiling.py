"""Ways to spoil a JSON text so that no strict parser takes it any more. Knows texts, no replies.

Each takes a valid JSON text without white space around it, and a draw in [0, 1); it gives the spoiled text, or None
when there is nothing in the text to spoil in that way. Strict means RFC 8259: no NaN, no byte order mark. One of them,
`duplicate_keys`, parsers take all the same: the RFC only advises against it, and most keep the last value.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from chaosproxy.faults._drifts import fields_of
from chaosproxy.faults._json_values import Document, Edit

Spoiler = Callable[[str, float], str | None]

_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_TOKEN = re.compile(rf"(?P<string>{_STRING})(?P<colon>\s*:)?|(?P<number>-?\d[\d.eE+-]*)|(?P<null>null)")
"""Over valid JSON this finds all strings (whether each is a key), numbers and nulls, and nothing inside a string."""
_NAME_AS_KEY = re.compile(r'(?<!\\)"([A-Za-z_$][\w$]*)"(?=\s*:)', re.ASCII)
"""Between two strings there is always something else than a name, so this begins at no string's end."""
_ESCAPES_APART = re.compile(r"(\\.)")


def _truncated(text: str, draw: float) -> str | None:
    """Cut somewhere. No beginning of an array, object, string or word is JSON; the beginning of a number may be."""
    if len(text) < 2 or text[0] in "-0123456789":
        return None
    return text[: 1 + int(draw * (len(text) - 1))]


def _trailing_comma(text: str, _draw: float) -> str | None:
    return f"{text[:-1]},{text[-1]}" if text[-1] in "]}" else None


def _single_quotes(text: str, _draw: float) -> str | None:
    """As Python prints a dictionary. What is escaped stays so; all other quotes begin or end a string."""
    parts = _ESCAPES_APART.split(text)
    parts[::2] = [part.replace("'", "\\'").replace('"', "'") for part in parts[::2]]
    spoiled = "".join(parts)
    return spoiled if spoiled != text else None


def _unquoted_keys(text: str, _draw: float) -> str | None:
    """As JavaScript lets one write: keys that are names need no quotes."""
    parts = _NAME_AS_KEY.split(text)
    return "".join(parts) if len(parts) > 1 else None


def _nan(text: str, _draw: float) -> str | None:
    """The first number (or, if there is none, the first null: so do data frames write what is missing) is not one."""
    for kind in ("number", "null"):
        for token in _TOKEN.finditer(text):
            if token[kind] is not None:
                return f"{text[: token.start()]}NaN{text[token.end() :]}"
    return None


def _comment(text: str, _draw: float) -> str:
    """Where a person or a model would put one."""
    if text[0] in "[{":
        return f"{text[0]} // latest\n{text[1:]}"
    return f"{text} // latest"


def _two_documents(text: str, _draw: float) -> str:
    return f"{text}\n{text}"


def _bom(text: str, _draw: float) -> str:
    return f"\N{ZERO WIDTH NO-BREAK SPACE}{text}"


def _markdown_fence(text: str, _draw: float) -> str:
    return f"```json\n{text}\n```"


def _prose(text: str, _draw: float) -> str:
    return f"Here is the result you asked for:\n\n{text}\n\nLet me know if you need anything else."


def _trailing_text(text: str, _draw: float) -> str:
    """What a program prints after its result."""
    return f"{text}\nINFO: request finished in 212 ms"


def _warning_in_front(text: str, _draw: float) -> str:
    """As PHP shows it to whoever asks, unless told not to."""
    return (
        '<br />\n<b>Warning</b>:  Undefined array key "id" in <b>/var/www/html/api.php</b> on line <b>42</b><br />\n'
        f"{text}"
    )


def _xssi_guard(text: str, _draw: float) -> str:
    """What keeps other sites' scripts from reading it, and is for the reader to take off."""
    return f")]}}'\n{text}"


def _jsonp(text: str, _draw: float) -> str:
    return f"callback({text});"


def _trailing_nul(text: str, _draw: float) -> str:
    """The end of a string in C, sent along."""
    return f"{text}\0"


def _missing_comma(text: str, _draw: float) -> str | None:
    for token in _COMMA.finditer(text):
        if token["comma"] is not None:
            return f"{text[: token.start()]} {text[token.end() :]}"
    return None


def _python_literals(text: str, _draw: float) -> str | None:
    parts: list[str] = []
    at = 0
    # Each begins where the last one ended, never inside a string, as it could if it were searched for.
    while (found := _LITERAL.match(text, at)) is not None:
        parts += (found[1], _IN_PYTHON[found[2]])
        at = found.end()
    return "".join((*parts, text[at:])) if parts else None


def _control_characters(text: str, _draw: float) -> str | None:
    """Line breaks and tabs as they are, where they should be escaped; if there are none, a line break at an end."""
    spoiled = _ESCAPE.sub(lambda escape: _RAW.get(escape[1], escape[0]), text)
    if spoiled != text:
        return spoiled
    value = _first_value(text, '"')
    return f"{text[: value.end() - 1]}\n{text[value.end() - 1 :]}" if value is not None else None


def _unescaped_quotes(text: str, _draw: float) -> str | None:
    """Within a text: one that should be escaped, or, if there is none, around its first word."""
    for escape in _ESCAPE.finditer(text):
        # What follows now stands behind the end of a string: it must be nothing that may stand there.
        if escape[1] == '"' and text[escape.end()] not in _AFTER_A_STRING:
            return f"{text[: escape.start()]}{text[escape.start() + 1 :]}"
    value = _first_value(text, '"[A-Za-z0-9]')
    word = _WORD.match(text, value.start() + 1) if value is not None else None
    return f'{text[: word.start()]}"{word[0]}"{text[word.end() :]}' if word is not None else None


def _invalid_escape(text: str, _draw: float) -> str | None:
    """Of an apostrophe, as in JavaScript and PHP; or of a letter, as in C and Python."""
    if "'" in text:
        return text.replace("'", "\\'", 1)
    value = _first_value(text, '"[A-Za-z0-9]')
    if value is None:
        return None
    at = value.start() + 1
    return f"{text[:at]}\\x{ord(text[at]):02x}{text[at + 1 :]}"


def _first_value(text: str, begins: str) -> re.Match[str] | None:
    """The first string that is no key and begins so."""
    begun = re.compile(begins)
    strings = (token for token in _TOKEN.finditer(text) if token["string"] is not None and token["colon"] is None)
    return next((token for token in strings if begun.match(text, token.start())), None)


_COMMA = re.compile(rf"{_STRING}|(?P<comma>,)")
_LITERAL = re.compile(rf'((?:[^"tfn]++|{_STRING})*+)(true|false|null)')
"""With all that comes before it, which is passed over much quicker so than string by string."""
_IN_PYTHON: Mapping[str, str] = MappingProxyType({"true": "True", "false": "False", "null": "None"})
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
"""Over valid JSON this finds all escapes: there are none but in strings."""
_RAW: Mapping[str, str] = MappingProxyType({"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"})
_AFTER_A_STRING = frozenset(" \t\r\n,:]}")
_WORD = re.compile(r"[A-Za-z0-9]+")


SPOILERS: Mapping[str, Spoiler] = MappingProxyType(
    {
        "truncated": _truncated,
        "trailing_comma": _trailing_comma,
        "missing_comma": _missing_comma,
        "single_quotes": _single_quotes,
        "unquoted_keys": _unquoted_keys,
        "unescaped_quotes": _unescaped_quotes,
        "invalid_escape": _invalid_escape,
        "control_characters": _control_characters,
        "nan": _nan,
        "python_literals": _python_literals,
        "comment": _comment,
        "two_documents": _two_documents,
        "bom": _bom,
        "trailing_nul": _trailing_nul,
        "markdown_fence": _markdown_fence,
        "prose": _prose,
        "trailing_text": _trailing_text,
        "warning_in_front": _warning_in_front,
        "xssi_guard": _xssi_guard,
        "jsonp": _jsonp,
    }
)
"""The ways, by name."""


def _json_lines(document: Document, _draw: float) -> str | None:
    """The items of a list one after the other, and no list."""
    texts = document.texts_in(()) if isinstance(document.value, list) else []
    return "\n".join(texts) if len(texts) > 1 else None


def _duplicate_keys(document: Document, draw: float) -> str | None:
    """A key comes again at once, with a value that is empty: what merging a record with its defaults makes of it."""
    for place in fields_of(document, draw):
        if isinstance(place.key, str) and place.value is not None:
            member = f"{document.written(place.key)}: {document.written(_emptied(place.value))}"
            return document.edited({place.path: Edit(followed_by=(member,))})
    return None


def _emptied(value: object) -> object:
    """Nothing, of the same kind; null if it is that already."""
    empty = type(value)()
    return None if value == empty else empty


REARRANGERS: Mapping[str, Callable[[Document, float], str | None]] = MappingProxyType(
    {"json_lines": _json_lines, "duplicate_keys": _duplicate_keys}
)
"""Further ways, by name, for which a text must have been read."""
