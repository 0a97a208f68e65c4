"""Ways to spoil a JSON text so that no strict parser takes it any more. Knows texts, no replies.

Each takes a valid JSON text without white space around it, and a draw in [0, 1); it gives the spoiled text, or None
when there is nothing in the text to spoil in that way. Strict means RFC 8259: no NaN, no byte order mark.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

Spoiler = Callable[[str, float], str | None]

_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_TOKEN = re.compile(rf"(?P<string>{_STRING})(?P<colon>\s*:)?|(?P<number>-?\d[\d.eE+-]*)|(?P<null>null)")
"""Over valid JSON this finds all strings (whether each is a key), numbers and nulls, and nothing inside a string."""
_IDENTIFIER = re.compile(r'"[A-Za-z_$][\w$]*"', re.ASCII)


def _truncated(text: str, draw: float) -> str | None:
    """Cut somewhere. No beginning of an array, object, string or word is JSON; the beginning of a number may be."""
    if len(text) < 2 or text[0] in "-0123456789":
        return None
    return text[: 1 + int(draw * (len(text) - 1))]


def _trailing_comma(text: str, _draw: float) -> str | None:
    return f"{text[:-1]},{text[-1]}" if text[-1] in "]}" else None


def _single_quotes(text: str, _draw: float) -> str | None:
    """As Python prints a dictionary."""

    def requoted(token: re.Match[str]) -> str:
        if token["string"] is None:
            return token[0]
        inner = token["string"][1:-1].replace("'", "\\'")
        return f"'{inner}'{token['colon'] or ''}"

    spoiled = _TOKEN.sub(requoted, text)
    return spoiled if spoiled != text else None


def _unquoted_keys(text: str, _draw: float) -> str | None:
    """As JavaScript lets one write: keys that are names need no quotes."""

    def bared(token: re.Match[str]) -> str:
        if token["colon"] is None or not _IDENTIFIER.fullmatch(token["string"]):
            return token[0]
        return token["string"][1:-1] + token["colon"]

    spoiled = _TOKEN.sub(bared, text)
    return spoiled if spoiled != text else None


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


SPOILERS: Mapping[str, Spoiler] = MappingProxyType(
    {
        "truncated": _truncated,
        "trailing_comma": _trailing_comma,
        "single_quotes": _single_quotes,
        "unquoted_keys": _unquoted_keys,
        "nan": _nan,
        "comment": _comment,
        "two_documents": _two_documents,
        "bom": _bom,
        "markdown_fence": _markdown_fence,
        "prose": _prose,
    }
)
"""The ways, by name."""
