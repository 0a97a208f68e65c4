"""A JSON body with placeholders in its strings, compiled so that filling it in is joining texts. Knows no vendor."""

import json
from collections.abc import Callable, Sequence

from pydantic import JsonValue

from chaosproxy.dialects.placeholders import Facts, Template

Render = Callable[[Facts], str | None]
Node = str | Render
"""JSON text, if nothing in it changes; else what makes it, or None if it is to be left out."""


def json_body(value: JsonValue, indent: int | None) -> Render:
    """What renders `value`: compact, or with `indent` spaces a level. Members and items without a value are left out.

    Raises:
        ValueError: naming the path of a string whose placeholders are wrong.
    """
    node = _node(value, indent, "")
    return (lambda _facts: node) if isinstance(node, str) else node


def _node(value: JsonValue, indent: int | None, margin: str, path: str = "") -> Node:
    if isinstance(value, dict):
        colon = ":" if indent is None else ": "
        parts = [
            (f"{_text(key)}{colon}", _node(member, indent, _deeper(margin, indent), f"{path}.{key}"))
            for key, member in value.items()
        ]
        return _brackets("{}", parts, indent, margin)
    if isinstance(value, list):
        items = [
            ("", _node(item, indent, _deeper(margin, indent), f"{path}[{index}]")) for index, item in enumerate(value)
        ]
        return _brackets("[]", items, indent, margin)
    if isinstance(value, str):
        return _string(value, path)
    return _text(value)


def _string(value: str, path: str) -> Node:
    try:
        template = Template.of(value)
    except ValueError as error:
        raise ValueError(f"{path.lstrip('.')}: {error}") from None
    if template.constant is not None:
        return _text(template.constant)

    def render(facts: Facts) -> str | None:
        said = template.value(facts)
        return None if said is None else _text(said)

    return render


def _brackets(pair: str, parts: Sequence[tuple[str, Node]], indent: int | None, margin: str) -> Node:
    """An object or array of `parts`: what stands before each (its key), and the part itself."""
    inner = _deeper(margin, indent)
    opening, comma, closing = (
        (pair[0], ",", pair[1]) if indent is None else (f"{pair[0]}\n{inner}", f",\n{inner}", f"\n{margin}{pair[1]}")
    )

    def joined(texts: Sequence[str]) -> str:
        return f"{opening}{comma.join(texts)}{closing}" if texts else pair

    constant = [f"{key}{part}" for key, part in parts if isinstance(part, str)]
    if len(constant) == len(parts):
        return joined(constant)

    def render(facts: Facts) -> str:
        texts = []
        for key, part in parts:
            said = part if isinstance(part, str) else part(facts)
            if said is not None:
                texts.append(f"{key}{said}")
        return joined(texts)

    return render


def _deeper(margin: str, indent: int | None) -> str:
    return margin + " " * (indent or 0)


def _text(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
