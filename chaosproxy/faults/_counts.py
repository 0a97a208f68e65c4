"""What else in a listing says how many items there are, or that more would follow, and how it reads after a change.

Looked for in the objects around the list, in those beside it that are about paging (`meta`, `pagination`, `pageInfo`,
...), and in the headers (`Link`, `X-Total-Count`). Names are compared in small letters without `_`, `-`, `.`, `@`, `$`,
so that `totalCount`, `total_count` and `@odata.count` need no list of spellings. Knows no faults.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosproxy.faults._items import Items, at
from chaosproxy.faults._json_values import Document, Edit, Path

Headers = tuple[tuple[bytes, bytes], ...]

_ABOUT_PAGING = re.compile(
    r"meta|metadata|pagination|paging|page|pageinfo|(response|search)metadata|searchinformation|links|cursors?"
)
_COUNT = re.compile(
    r"total|count|found|matches|returned|numberofelements"
    r"|total(count|results|items|hits|elements|records|size|matches)|(num|nb)(results|found|items|hits)"
    r"|(results?|items?|records?|hits?|odata)count|records(total|filtered)"
)
_PAGES = re.compile(r"(total|last|nb|num)?pages?count|(total|nb|num)?pages|lastpage")
_MORE = re.compile(r"has(more|next|nextpage)|more(results|available)?|(is)?truncated")
_NO_MORE = re.compile(r"done|(is)?last(page)?|finished|exhausted")
_LEFT_OUT = re.compile(r"next(continuation|page)?token|nextmarker|nextrecordsurl|odatanextlink|lastevaluatedkey")
"""Cursors whose vendors leave them out when nothing follows, instead of saying null."""
_CURSOR = re.compile(
    rf"next(page|url|link|href|offset|(page)?cursor)?|(end)?cursor|continuationtoken|after|{_LEFT_OUT.pattern}"
)
_END = re.compile(r"(first|last)id|startcursor")
"""Which items the page begins and ends with."""

_SUM = "total"
_OF_MONEY = re.compile(r"currency(code)?|subtotal|tax|totaltax|vat|amount[a-z]*")
"""What stands beside a `total` that is a sum: an order or an invoice holds a list, too."""

_TELLING = (_ABOUT_PAGING, _COUNT, _PAGES, _MORE, _NO_MORE, _CURSOR, _END)
_NOISE = str.maketrans("", "", "_-.@$")
_LINK = re.compile(rb"<[^>]*>[^,<]*")


def closed(document: Document, items: Items, now: int, *, counts: bool = True) -> dict[Path, Edit]:
    """The edits that make the body say that `now` items are all there is; without `counts`, only that none follow."""
    edits: dict[Path, Edit] = {}
    for path, key, value in _beside(document, items):
        name = _plain(key)
        if isinstance(value, bool):
            if (_MORE if value else _NO_MORE).fullmatch(name):
                edits[path] = Edit(text="false" if value else "true")
        elif _COUNT.fullmatch(name) or _PAGES.fullmatch(name):
            edits.update(
                _as_count(document, path, value, min(now, 1) if _PAGES.fullmatch(name) else now) if counts else {}
            )
        elif value not in (None, "") and (_CURSOR.fullmatch(name) or (_END.fullmatch(name) and not now)):
            edits[path] = _no_cursor(path, name)
    return edits


def recounted(document: Document, items: Items, now: int) -> dict[Path, Edit]:
    """The edits that let what counts the items of this reply, and nothing else, say `now`."""
    was = len(items.values)
    beside = _beside(document, items)
    return {
        path: Edit(text=str(now))
        for path, key, value in beside
        if _COUNT.fullmatch(_plain(key)) and value == was and type(value) is int
    }


def closed_headers(headers: Sequence[tuple[bytes, bytes]], now: int, *, counts: bool = True) -> Headers:
    """The headers as they are when `now` items are all there is; without `counts`, only that none follow."""
    kept = []
    for header, value in headers:
        name = header.lower()
        new: bytes | None = value
        if name == b"link":
            new = b",".join(link for link in _LINK.findall(value) if not _leads_on(link)).strip() or None
        elif name in (b"x-next-page", b"x-next-cursor"):
            new = b""
        elif counts and name in (b"x-total-count", b"x-total"):
            new = b"%d" % now
        elif counts and name == b"x-total-pages":
            new = b"%d" % min(now, 1)
        if new is not None:
            kept.append((header, new))
    return tuple(kept)


def is_about_the_listing(key: str) -> bool:
    """Whether a key of this name tells of the listing, not of what is listed."""
    name = _plain(key)
    return any(form.fullmatch(name) for form in _TELLING)


def _beside(document: Document, items: Items) -> Iterator[tuple[Path, str, Any]]:
    """Path, key and value of all that could tell of the listing."""
    for depth in range(len(items.path)):
        path = items.path[:depth]
        yield from _members(path, at(document.value, path), items.path)


def _members(path: Path, value: object, listing: Path, levels: int = 2) -> Iterator[tuple[Path, str, Any]]:
    if not isinstance(value, Mapping):
        return
    is_bill = any(_OF_MONEY.fullmatch(_plain(key)) for key in value)
    for key, inner in value.items():
        here = (*path, key)
        if not (is_bill and _plain(key) == _SUM):
            yield here, key, inner
        if levels and here != listing[: len(here)] and _ABOUT_PAGING.fullmatch(_plain(key)):
            yield from _members(here, inner, listing, levels - 1)


def _plain(key: object) -> str:
    return str(key).lower().translate(_NOISE)


def _as_count(document: Document, path: Path, value: object, now: int) -> dict[Path, Edit]:
    if isinstance(value, Mapping) and isinstance(value.get("value"), int):
        return {(*path, "value"): Edit(text=str(now))}  # Elasticsearch: {"value": 120, "relation": "eq"}
    if isinstance(value, str) and value.isdecimal():
        return {path: Edit(text=document.written(str(now)))}
    return {path: Edit(text=str(now))} if isinstance(value, int) else {}


def _no_cursor(path: Path, name: str) -> Edit:
    parent = _plain(path[-2]) if len(path) > 1 else ""
    if _LEFT_OUT.fullmatch(name) or (name == "next" and parent == "links"):
        return Edit(removed=True)
    return Edit(text='""' if parent == "responsemetadata" else "null")


def _leads_on(link: bytes) -> bool:
    return b'rel="next"' in link or b"rel=next" in link or b'rel="last"' in link
