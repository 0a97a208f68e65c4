"""Web pages that agents meet where they expect data, by name. Knows no fault; the pages are in `_pages.yaml`.

In a page and in its headers some `${…}` are filled in from the call: `method`, `host`, `path` and `target` (path and
query), as the tool would get them, and made-up ids such as `hex:16`, which a replay makes the same.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import blake2b
from html import escape
from http import HTTPStatus
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated

import msgspec
import yaml
from pydantic import AfterValidator, WithJsonSchema

from chaosproxy.core.answer import Reply
from chaosproxy.core.call import Route
from chaosproxy.core.turn import Turn
from chaosproxy.faults._fields import Written

_HOLE = re.compile(r"\$\{(method|host|path|target|hex:(\d+))\}")
_PHRASES: Mapping[int, str] = MappingProxyType({status.value: status.phrase for status in HTTPStatus})


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page as a server sends it."""

    summary: str
    """Whose page it is, for people."""
    status_hint: int
    """The status that it usually comes with."""
    content_type: str
    body: str
    headers: Mapping[str, str]
    """All but its Date and its length, in the order of the server that sends it."""

    def reply(self, turn: Turn, rule: str, status: int | None = None) -> Reply:
        """The page as an answer to the call, under `status` or its usual one. Its Date is for the wire to add."""
        status = status or self.status_hint
        fill = _filling(turn, rule)
        headers = tuple(
            (name.encode(), _HOLE.sub(fill, value).encode("latin-1", "replace")) for name, value in self.headers.items()
        )
        body = _HOLE.sub(lambda hole: escape(fill(hole)), self.body)
        return Reply(status, _PHRASES.get(status, "").encode(), headers, body.encode("utf-8", "replace"))


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page as it stands in the file: text, with or without the line ends of old servers."""

    summary: str
    status_hint: int
    content_type: str
    body: str
    server: str | None = None
    """For those that say first who they are."""
    headers: dict[str, str] = {}
    """What comes after the Content-Type."""
    crlf: bool = False

    def page(self) -> Page:
        body = self.body.replace("\n", "\r\n") if self.crlf else self.body
        server = {} if self.server is None else {"Server": self.server}
        headers = MappingProxyType({**server, "Content-Type": self.content_type, **self.headers})
        return Page(self.summary, self.status_hint, self.content_type, body, headers)


def target_of(route: Route) -> str:
    """Path and query, as the tool would get them."""
    return f"{route.path}?{route.query}" if route.query else route.path


def _filling(turn: Turn, rule: str) -> Callable[[re.Match[str]], str]:
    route = turn.call.route

    def fill(hole: re.Match[str]) -> str:
        match hole[1]:
            case "method":
                return route.method
            case "host":
                return route.host
            case "path":
                return route.path
            case "target":
                return target_of(route)
            case _:
                return blake2b(repr(turn.draw(rule, "ids")).encode()).hexdigest()[: int(hole[2])]

    return fill


@cache
def _pages() -> Mapping[str, Page]:
    text = files(__package__).joinpath("_pages.yaml").read_text(encoding="utf-8")
    written = msgspec.convert(yaml.safe_load(text), dict[str, _Written])
    return MappingProxyType({name: written[name].page() for name in sorted(written)})


def page_names() -> tuple[str, ...]:
    """The names of all pages, in the order of the alphabet."""
    return tuple(_pages())


def page(name: str) -> Page:
    """The page of that name.

    Raises:
        KeyError: if there is none.
    """
    return _pages()[name]


def _known(name: str) -> str:
    if name not in _pages():
        raise ValueError(f"expected one of {', '.join(page_names())}")
    return name


PageName = Annotated[str, AfterValidator(_known), WithJsonSchema({"enum": list(page_names())}), Written(page_names())]
"""The name of a page."""
