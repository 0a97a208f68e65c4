"""Writing HTML: everything that is not markup already is escaped, so that no name can become one.

Must not know what a report is.
"""

import re
from html import escape

__all__ = ["Html", "fragment", "joined", "label", "name", "short", "tag", "text"]

_EMPTY = frozenset({"br", "circle", "line", "link", "meta", "path", "polyline", "rect", "use", "wbr"})
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
"""Characters that show nothing, or turn round what stands beside them: they are spelled, as `\\u202e`."""
LONGEST = 72
"""Characters of a name that are shown where it is one of many; all of them are in its `title`."""


class Html(str):
    """Text that is markup, and must not be escaped again."""

    __slots__ = ()


def text(value: object) -> Html:
    """Anything as text, escaped also for attributes; what cannot be seen is spelled."""
    if isinstance(value, Html):
        return value
    return Html(escape(_UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", str(value))))


def tag(kind: str, *children: object, **attributes: object) -> Html:
    """An element. Children and attribute values are escaped unless they are `Html`.

    `class_` is the attribute `class`, `aria_label` is `aria-label`; None and False leave an attribute out, True writes
    it without a value.
    """
    words = [kind]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        named = key.rstrip("_").replace("_", "-")
        words.append(named if value is True else f'{named}="{text(_compact(value))}"')
    opening = " ".join(words)
    if kind in _EMPTY:
        return Html(f"<{opening}/>")
    return Html(f"<{opening}>{''.join(text(child) for child in children)}</{kind}>")


def fragment(*children: object) -> Html:
    """Several things one after the other, as one."""
    return Html("".join(text(child) for child in children))


def joined(separator: object, *children: object) -> Html:
    """Several things, with something between each two."""
    return Html(text(separator).join(text(child) for child in children))


def short(value: str, longest: int = LONGEST) -> str:
    """A name of at most so many characters: a long one loses its middle."""
    if len(value) <= longest:
        return value
    head = longest * 2 // 3
    return f"{value[:head]}…{value[head + 1 - longest :]}"


def name(value: str, longest: int = LONGEST) -> Html:
    """A name that somebody else chose: set apart from the direction of what is around it, and broken where it may."""
    shown = short(value, longest)
    # No character reference has a `_` or a `/` in it, so that escaping stays whole.
    breakable = text(shown).replace("_", "_<wbr>").replace("/", "/<wbr>")
    return tag("bdi", Html(breakable), title=value if shown != value else None)


def label(value: str, longest: int = LONGEST) -> Html:
    """The same on one line, for where there is room for no more; all of it is in its `title`."""
    return tag("bdi", short(value, longest), title=value)


def _compact(value: object) -> object:
    """A float as it is worth writing in a drawing: a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value
