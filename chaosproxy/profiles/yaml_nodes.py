"""YAML text into values that remember where they stand. Knows YAML, and nothing of what a profile means.

It is made from the parser's events, not from PyYAML's own constructors, because those lose the places of keys, read
YAML 1.1 (where `no` is false and `1:30` is ninety), and let a few aliases grow into gigabytes. Read here is the core
schema of YAML 1.2, without tags but those of plain data, and without any object that is not JSON's.
"""

import math
import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

import yaml

from chaosproxy.profiles.document import Entry, Listing, Mapping, Node, Plain, Scalar
from chaosproxy.profiles.mistakes import Mistake, Path, Place, dotted, show

MOST_DEPTH = 40
"""Levels of nesting. A profile needs eight."""
MOST_VALUES = 50_000
"""Values in a file, counting what an alias stands for each time it is used."""


class Limits(NamedTuple):
    """How much a file may hold: by default, what a profile may."""

    values: int = MOST_VALUES
    depth: int = MOST_DEPTH


_OF_PROFILES = Limits()
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no text of a profile may hold (YAML 1.2, section 5.1)."""
_NULL = re.compile(r"null|Null|NULL|~|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LONGEST_INT = 40

_CORE = "tag:yaml.org,2002:"
_PLAIN_TAGS = {"str": (str,), "int": (int,), "float": (float, int), "bool": (bool,), "null": (type(None),)}


class _Unreadable(Exception):  # noqa: N818  a way out, not an error for anyone else
    """The rest of the file cannot be made sense of."""

    def __init__(self, mistake: Mistake) -> None:
        self.mistake = mistake


def read_yaml(text: str, file: str, limits: Limits = _OF_PROFILES) -> tuple[Node | None, list[Mistake]]:
    """The one document in `text`, and what is wrong with it as YAML.

    The document is None if there is none, or if it cannot be made sense of; in the second case there is a mistake.
    """
    if strange := CONTROL.search(text):
        line, column = text.count("\n", 0, strange.start()) + 1, strange.start() - text.rfind("\n", 0, strange.start())
        code = f"U+{ord(strange[0]):04X}"
        return None, [Mistake(file, line, column, "", f"expected text, got the control character {code}")]
    composer = _Composer(text, file, limits)
    try:
        return composer.document(), composer.mistakes
    except _Unreadable as stop:
        return None, [*composer.mistakes, stop.mistake]
    except yaml.MarkedYAMLError as error:
        return None, [*composer.mistakes, _syntax(error, text, file)]


def resolve(text: str) -> Plain:
    """What a plain scalar means in the core schema of YAML 1.2.

    Raises:
        ValueError: it is a number that is not finite, or too long to be meant.
    """
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        if len(text) > _LONGEST_INT:
            raise ValueError(f"expected a number of at most {_LONGEST_INT} digits")
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    if _FLOAT.fullmatch(text) or _NOT_FINITE.fullmatch(text):
        raise ValueError("expected a number that is finite")
    return text


def _syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> Mistake:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    lines = text.split("\n")
    here = lines[line - 1] if 0 < line <= len(lines) else ""
    context = f" {error.context}" if error.context else ""
    hint = "; inside { } and [ ], `${…}` must stand in quotes" if re.search(r"[{\[,:]\s*\$\{", here) else ""
    return Mistake(file, line, column, "", f"this is not YAML:{context} {error.problem or 'it ends too early'}{hint}")


class _Composer:
    """Makes values of a parser's events."""

    def __init__(self, text: str, file: str, limits: Limits) -> None:
        self.mistakes: list[Mistake] = []
        self._file = file
        self._limits = limits
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
        self._anchored: dict[str, Node] = {}
        self._values = 0

    def document(self) -> Node | None:
        """The one document; None if there is none."""
        root = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self._stop(event, (), "expected one document in a file, got another one")
                root = self._node(next(self._events), ())
        is_nothing = isinstance(root, Scalar) and root.value is None
        return None if is_nothing else root

    def _node(self, event: yaml.Event, path: Path) -> Node:
        self._count(event, path, 1)
        if len(path) > self._limits.depth:
            self._stop(event, path[:4], f"expected at most {self._limits.depth} levels of nesting")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        if isinstance(event, yaml.ScalarEvent):
            node: Node = self._scalar(event, path)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._listing(event, path)
        else:
            node = self._mapping(event, path)
        if anchor := getattr(event, "anchor", None):
            self._anchored[anchor] = node
        return node

    def _alias(self, event: yaml.AliasEvent, path: Path) -> Node:
        node = self._anchored.get(event.anchor or "")
        if node is None:
            self._stop(event, path, f"expected an anchor &{event.anchor} that is complete before this alias")
        values, depth = _extent(node)
        self._count(event, path, values)
        if len(path) + depth > self._limits.depth:
            self._stop(event, path[:4], f"expected at most {self._limits.depth} levels of nesting")
        return node

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> Scalar:
        place = self._place(event)
        tag = event.tag if event.tag not in (None, "!") else None
        name = (tag or "").removeprefix(_CORE)
        if tag and name not in _PLAIN_TAGS:
            self._refuse_tag(event, path, tag)
            return Scalar(event.value, place, quoted=True)
        if name == "str" or event.tag == "!" or (tag is None and not event.implicit[0]):
            return Scalar(event.value, place, quoted=True)
        try:
            value = resolve(event.value)
        except ValueError as error:
            self._note(place, path, f"{error}, got {show(event.value)}")
            return Scalar(0, place)
        if tag and not isinstance(value, _PLAIN_TAGS[name]):
            self._note(place, path, f"expected what its tag !!{name} says, got {show(event.value)}")
        return Scalar(value, place)

    def _listing(self, event: yaml.SequenceStartEvent, path: Path) -> Listing:
        self._check_tag(event, path, "seq")
        items: list[Node] = []
        while not isinstance(following := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(following, (*path, len(items))))
        return Listing(tuple(items), self._place(event))

    def _mapping(self, event: yaml.Event, path: Path) -> Mapping:
        self._check_tag(event, path, "map")
        entries: dict[str, Entry] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            name = self._key(key, path)
            node = self._node(next(self._events), (*path, name if name is not None else "?"))
            if name is None:
                continue
            if name in entries:
                first = entries[name].key.line
                self._note(self._place(key), (*path, name), f"expected each key once, got it again after line {first}")
                continue
            entries[name] = Entry(self._place(key), node)
        return Mapping(entries, self._place(event))

    def _key(self, event: yaml.Event, path: Path) -> str | None:
        """A key is text, whatever it looks like."""
        if isinstance(event, yaml.ScalarEvent):
            return event.value
        self._note(self._place(event), path, "expected a key that is text, got a list, a mapping or an alias")
        if not isinstance(event, yaml.AliasEvent):
            self._node(event, (*path, "?"))
        return None

    def _check_tag(self, event: yaml.Event, path: Path, plain: str) -> None:
        tag = getattr(event, "tag", None)
        if tag not in (None, "!", _CORE + plain):
            self._refuse_tag(event, path, tag)

    def _refuse_tag(self, event: yaml.Event, path: Path, tag: str) -> None:
        said = tag.replace(_CORE, "!!")
        self._note(self._place(event), path, f"expected plain data, got the tag {show(said)}")

    def _count(self, event: yaml.Event, path: Path, values: int) -> None:
        self._values += values
        most = self._limits.values
        if self._values > most:
            self._stop(event, path[:4], f"expected at most {most} values, counting aliases as what they stand for")

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1) if mark else Place(self._file)

    def _note(self, place: Place, path: Path, message: str) -> None:
        self.mistakes.append(Mistake(*place, dotted(path), message))

    def _stop(self, event: yaml.Event, path: Path, message: str) -> NoReturn:
        raise _Unreadable(Mistake(*self._place(event), dotted(path), message))


def _extent(node: Node) -> tuple[int, int]:
    """How many values are in it, itself included, and how many levels."""
    if isinstance(node, Scalar):
        return 1, 0
    children = node.items if isinstance(node, Listing) else [entry.node for entry in node.entries.values()]
    extents = [_extent(each) for each in children]
    return 1 + sum(values for values, _ in extents), 1 + max((depth for _, depth in extents), default=0)
