"""A profile as it was written: values that remember where they stand. Knows no YAML, no keys and no meaning."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from chaosproxy.profiles.mistakes import Path, Place

Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, number, yes-or-no, or nothing."""

    value: Plain
    place: Place
    written: str | None = None
    """What stands in the file, when it holds `${…}`: the value itself may be a secret and is never shown."""
    quoted: bool = False
    """In quotes, or tagged as text: it stays text whatever it looks like."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    items: tuple["Node", ...]
    place: Place


class Entry(NamedTuple):
    """One value of a mapping, and where its key stands."""

    key: Place
    node: "Node"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Values by key, in the order in which they were written."""

    entries: dict[str, Entry]
    place: Place


Node = Scalar | Listing | Mapping


def plain(node: Node) -> object:
    """The values alone, as JSON knows them."""
    match node:
        case Scalar():
            return node.value
        case Listing():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key: plain(entry.node) for key, entry in node.entries.items()}


def child(node: Node, part: str | int) -> Node | None:
    """The value one step further, if there is one."""
    if isinstance(node, Mapping) and isinstance(part, str) and part in node.entries:
        return node.entries[part].node
    if isinstance(node, Listing) and isinstance(part, int) and 0 <= part < len(node.items):
        return node.items[part]
    return None


def at(root: Node, path: Path) -> Node | None:
    """The value at `path`, if there is one."""
    node: Node | None = root
    for part in path:
        node = child(node, part) if node is not None else None
    return node


def as_written(root: Node, path: Path) -> Path:
    """The path as the file has it: where a short form was written, what only the long form has drops out."""
    written: Path = ()
    node: Node | None = root
    for part in path:
        if isinstance(node, Scalar) or (isinstance(part, int) and not isinstance(node, Listing)):
            continue
        written = (*written, part)
        node = child(node, part) if node is not None else None
    return written


def place_of(root: Node, path: Path, *, key: bool = False) -> Place:
    """Where the value at `path` stands, or its key; of what is not there, the last thing on the way to it."""
    node, place = root, root.place
    for depth, part in enumerate(path):
        following = child(node, part)
        if following is None:
            return place
        last = depth == len(path) - 1
        place = node.entries[str(part)].key if key and last and isinstance(node, Mapping) else following.place
        node = following
    return place


def scalars(node: Node) -> Iterator[Scalar]:
    """All scalars in a value."""
    match node:
        case Scalar():
            yield node
        case Listing():
            for item in node.items:
                yield from scalars(item)
        case Mapping():
            for entry in node.entries.values():
                yield from scalars(entry.node)
