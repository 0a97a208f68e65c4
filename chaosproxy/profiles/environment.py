"""`${NAME}` and `${NAME:-default}` in the values of a profile, never in its keys.

What comes out is read as if it stood in the file: without quotes `${LIMIT}` becomes the number 30, in quotes the text
"30". `$${` is a `${` that is meant. A value that came from the environment may be a secret: mistakes show the name.
"""

import re
from collections.abc import Mapping as Variables

from chaosproxy.profiles.document import Entry, Listing, Mapping, Node, Plain, Scalar
from chaosproxy.profiles.mistakes import Mistake, Path, dotted, show
from chaosproxy.profiles.yaml_nodes import CONTROL, resolve

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_INSIDE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


def substitute(root: Node, environ: Variables[str, str]) -> tuple[Node, list[Mistake]]:
    """The same values with every reference replaced, and the references that cannot be."""
    mistakes: list[Mistake] = []
    return _replaced(root, (), environ, mistakes), mistakes


def _replaced(node: Node, path: Path, environ: Variables[str, str], mistakes: list[Mistake]) -> Node:
    match node:
        case Scalar(value=str() as text) if "${" in text:
            return _filled(node, text, path, environ, mistakes)
        case Scalar():
            return node
        case Listing():
            items = [_replaced(item, (*path, nth), environ, mistakes) for nth, item in enumerate(node.items)]
            return Listing(tuple(items), node.place)
        case Mapping():
            entries = {
                key: Entry(entry.key, _replaced(entry.node, (*path, key), environ, mistakes))
                for key, entry in node.entries.items()
            }
            return Mapping(entries, node.place)


def _filled(node: Scalar, text: str, path: Path, environ: Variables[str, str], mistakes: list[Mistake]) -> Scalar:
    try:
        value: Plain = _REFERENCE.sub(lambda found: _value(found, environ), text)
        if not node.quoted:
            value = resolve(str(value))
    except ValueError as error:
        mistakes.append(Mistake(*node.place, dotted(path), f"{error}, got {show(text)}"))
        value = ""
    return Scalar(value, node.place, written=text, quoted=node.quoted)


def _value(found: re.Match[str], environ: Variables[str, str]) -> str:
    """As in a shell: a default also stands in for a variable that is empty."""
    if found[0] == "$${":
        return "${"
    inside = _INSIDE.fullmatch(found[1])
    if inside is None or not found[2]:
        raise ValueError("expected ${NAME} or ${NAME:-default}")
    name, default = inside.groups()
    value = environ.get(name)
    if default is not None and not value:
        return default
    if value is None:
        raise ValueError(f"expected the environment variable {name}, which is not set and has no default")
    if CONTROL.search(value):
        raise ValueError(f"expected the environment variable {name} to be text, without control characters")
    return value
