"""A JSON text that can be read, and edited at single places while all the rest of it stays as it was written.

Nothing is decoded and encoded again but what is put in: numbers keep their digits (`1.0`, integers of any size),
strings their escapes, objects the order of their keys (also of those that stand twice), and white space stays. So an
edited reply differs from the tool's own exactly where it was meant to. Knows texts, no replies and no faults.

    document = read(body)                                   # None if it is not JSON
    document.value["data"][0]["price"]                      # to judge by: plain lists, dicts, numbers
    document.text_at(("data", 0, "price"))                  # as it is written: `12.50`
    document.edited({("data", 0, "price"): Edit(text="13.50"), ("total",): Edit(removed=True)})
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from json.decoder import JSONDecoder
from typing import NamedTuple

import msgspec

Path = tuple[str | int, ...]
"""Where a value stands: keys of objects and indices of arrays, from the outside in. `()` is the whole."""


class Edit(msgspec.Struct, frozen=True):
    """What is to become of one value and, if it is a member of an object, of its key."""

    text: str | None = None
    """JSON text that takes the value's place; what is asked for inside the old value is then forgotten."""
    change: Callable[[str], str] | None = None
    """What makes the new JSON text of the old one, as it is written, once all inside is done."""
    order: Sequence[int] | None = None
    """For an array: its members by index, as they are to stand. Some may be left out, some may come more than once."""
    key: str | None = None
    """Another key for it, as plain text."""
    removed: bool = False
    """Take it out, with its key and its comma."""
    followed_by: tuple[str, ...] = ()
    """What is to come next after it, each as JSON text: values in an array, `"key": value` in an object."""


class Document:
    """A JSON text and its value."""

    def __init__(self, text: str, value: object) -> None:
        self.text = text
        self.value = value
        """Decoded, to judge by: floats may be rounded here, and of keys that stand twice the last counts."""

    def text_at(self, path: Path) -> str:
        """The value there as it is written.

        Raises:
            KeyError: nothing is there.
        """
        start = _past_space(self.text, 0)
        for place in path:
            starts = [member.start for member in self._members(start) if member.place == place]
            if not starts:
                raise KeyError(path)
            start = starts[-1]
        return self.text[start : _skipped(self.text, start)]

    def texts_in(self, path: Path) -> list[str]:
        """The members of the array or object there, each value as it is written, in one go.

        Raises:
            KeyError: nothing is there.
        """
        text = self.text_at(path)
        return [text[member.start : member.end] for member in _members(text, 0, _skipping(text))]

    def edited(self, edits: Mapping[Path, Edit]) -> str:
        """The text with each edit done. A key that stands twice is edited in both places.

        An edit of a place that does not exist does nothing; the whole cannot be removed.
        """
        start = _past_space(self.text, 0)
        rewritten, end = _rewritten(self.text, start, _Branch.of(edits))
        return self.text[:start] + rewritten + self.text[end:]

    def written(self, value: object) -> str:
        """A new value as JSON text, in this document's manner: what is not ASCII stays so if there is such here."""
        if not self.text.isascii():
            text = json.dumps(value, ensure_ascii=False)
            if _SURROGATE.search(text) is None:
                return text
        return json.dumps(value)

    def _members(self, start: int) -> Iterator["_Member"]:
        return _members(self.text, start, _skipping(self.text))


def read(body: bytes) -> Document | None:
    """The JSON document that `body` holds; None if it holds none (RFC 8259: UTF-8, no byte order mark, no NaN)."""
    try:
        text = body.decode()
        return Document(text, _loaded(text, _ROOM))
    except (ValueError, RecursionError):
        return None


_ROOM = 200
"""Frames of the stack. What can be decoded that much deeper than here can be decoded again wherever it is edited."""


def _loaded(text: str, frames: int) -> object:
    return _loaded(text, frames - 1) if frames else json.loads(text, parse_constant=_refused)


class _Member(NamedTuple):
    """One member of an object or array, as places in the text."""

    place: str | int
    lead: int
    """Behind the bracket or comma before it."""
    begin: int
    """Where its key begins, or, in an array, its value."""
    key_end: int
    """Behind the key; in an array the same as `begin`."""
    start: int
    """Where its value begins."""
    end: int
    """Behind its value."""
    trail: int
    """Where the comma or bracket after it stands."""


class _Branch:
    """The edits at one place and below it, by the next key or index."""

    __slots__ = ("below", "edit")

    def __init__(self) -> None:
        self.edit: Edit | None = None
        self.below: dict[str | int, _Branch] = {}

    @classmethod
    def of(cls, edits: Mapping[Path, Edit]) -> "_Branch":
        root = cls()
        for path, edit in edits.items():
            branch = root
            for place in path:
                found = branch.below.get(place)
                if found is None:
                    found = branch.below[place] = cls()
                branch = found
            branch.edit = edit
        return root


_NO_EDIT = Edit()
_SPACE = re.compile(r"[ \t\n\r]*")
_KEY = re.compile(r'[ \t\n\r]*("[^"\\]*(?:\\.[^"\\]*)*")[ \t\n\r]*:[ \t\n\r]*')
_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""Half a character, as only an escape can say it: UTF-8 cannot."""

_Skip = Callable[[str | int, int], int]
"""Of a member's place and its value's begin: where the value is over."""


def _refused(constant: str) -> object:
    """NaN and infinities are Python's, not JSON's (RFC 8259, section 6)."""
    raise ValueError(constant)


def _past_space(text: str, at: int) -> int:
    if text[at : at + 1] > " ":
        return at
    space = _SPACE.match(text, at)
    return at if space is None else space.end()


_decode = JSONDecoder().raw_decode


def _skipped(text: str, start: int) -> int:
    """Where the value that begins at `start` is over. Decoding it is the quickest way to find out."""
    return _decode(text, start)[1]


def _skipping(text: str) -> _Skip:
    return lambda _place, start: _decode(text, start)[1]


def _members(text: str, start: int, skip: _Skip) -> Iterator[_Member]:
    """The members of the object or array that begins at `start`; none, if what begins there is neither."""
    bracket = text[start]
    at = start + 1
    if bracket not in "[{" or text[_past_space(text, at)] in "]}":
        return
    index = 0
    while True:
        if bracket == "{":
            key = _KEY.match(text, at)
            assert key is not None, "the text is JSON"
            place: str | int = json.loads(key[1]) if "\\" in key[1] else key[1][1:-1]
            begin, key_end, value = key.start(1), key.end(1), key.end()
        else:
            begin = key_end = value = _past_space(text, at)
            place = index
        end = skip(place, value)
        trail = _past_space(text, end)
        yield _Member(place, at, begin, key_end, value, end, trail)
        if text[trail] != ",":
            return
        at = trail + 1
        index += 1


def _rewritten(text: str, start: int, branch: _Branch) -> tuple[str, int]:
    """The value that begins at `start` with all edits of it and below it done, and where the old one is over."""
    edit = branch.edit or _NO_EDIT
    if edit.text is not None or text[start] not in "[{" or not (branch.below or edit.order is not None):
        end = _skipped(text, start)
        new = text[start:end] if edit.text is None else edit.text
    else:
        new, end = _with_members(text, start, branch)
    return (new if edit.change is None else edit.change(new)), end


def _with_members(text: str, start: int, branch: _Branch) -> tuple[str, int]:
    """The object or array that begins at `start` with its members edited, and where the old one is over."""
    inner: dict[int, str] = {}

    def skip(place: str | int, at: int) -> int:
        below = branch.below.get(place)
        if below is None:
            return _decode(text, at)[1]
        inner[at], end = _rewritten(text, at, below)
        return end

    members = list(_members(text, start, skip))
    if not members:
        end = _skipped(text, start)
        return text[start:end], end
    row = _Row(text, members)
    order = branch.edit.order if branch.edit is not None and text[start] == "[" else None
    for member in members if order is None else [members[index] for index in order if index < len(members)]:
        below = branch.below.get(member.place)
        if below is None:
            row.add(member)
        else:
            row.add_edited(member, below.edit or _NO_EDIT, inner[member.start])
    close = members[-1].trail
    return f"{text[start]}{row.joined()}{text[close]}", close + 1


class _Row:
    """The members of one object or array on their way into the new text, each with the white space around it."""

    def __init__(self, text: str, members: list[_Member]) -> None:
        first, usual, last = members[0], members[min(1, len(members) - 1)], members[-1]
        self._text = text
        self._first_lead = text[first.lead : first.begin]
        self._last_trail = text[last.end : last.trail]
        self._usual_lead = text[usual.lead : usual.begin]
        self._usual_trail = text[first.end : first.trail] if len(members) > 1 else ""
        self._first = first.lead
        self._last = last.trail
        self._cores: list[str] = []
        self._leads: list[str] = []
        self._trails: list[str] = []

    def add(self, member: _Member) -> None:
        """The next one, as it is."""
        text = self._text
        self._put(self._lead(member), text[member.begin : member.end], self._trail(member))

    def add_edited(self, member: _Member, edit: Edit, value: str) -> None:
        """The next one; `value` is what has become of its value."""
        if edit.removed:
            return
        text = self._text
        key = text[member.begin : member.key_end]
        if edit.key is not None and key:
            key = json.dumps(edit.key, ensure_ascii=text.isascii())
        core = f"{key}{text[member.key_end : member.start]}{value}"
        self._put(self._lead(member), core, self._trail(member))
        for further in edit.followed_by:
            self._put(self._usual_lead, further, self._usual_trail)

    def joined(self) -> str:
        """All of them with their commas. The first and the last have the space of those that were first and last."""
        if not self._cores:
            return ""
        self._leads[0] = self._first_lead
        self._trails[-1] = self._last_trail
        return ",".join(map("".join, zip(self._leads, self._cores, self._trails, strict=True)))

    def _lead(self, member: _Member) -> str:
        return self._usual_lead if member.lead == self._first else self._text[member.lead : member.begin]

    def _trail(self, member: _Member) -> str:
        return self._usual_trail if member.trail == self._last else self._text[member.end : member.trail]

    def _put(self, lead: str, core: str, trail: str) -> None:
        self._leads.append(lead)
        self._cores.append(core)
        self._trails.append(trail)
