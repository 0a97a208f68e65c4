"""Web pages that agents meet where they expect data, by name. Knows no fault; the pages are in `_pages.yaml`."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated

import msgspec
import yaml
from pydantic import AfterValidator, WithJsonSchema

from chaosproxy.faults._fields import Written


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page as a server sends it."""

    summary: str
    """Whose page it is, for people."""
    status_hint: int
    """The status that it usually comes with."""
    content_type: str
    body: bytes


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page as it stands in the file: text, with or without the line ends of old servers."""

    summary: str
    status_hint: int
    content_type: str
    body: str
    crlf: bool = False

    def page(self) -> Page:
        body = self.body.replace("\n", "\r\n") if self.crlf else self.body
        return Page(self.summary, self.status_hint, self.content_type, body.encode())


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
