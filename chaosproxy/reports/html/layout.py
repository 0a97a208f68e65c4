"""The frame of the page: head, policy, style, script, landmarks, headings. Must not know what a report says.

The policy forbids every request; the one script is allowed by its digest. The icon is in the page too, so that a
browser does not ask a server for one.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from urllib.parse import quote

import msgspec

from chaosproxy.reports.html.markup import Html, tag


class Absent(msgspec.Struct, frozen=True):
    """Instead of the content of a part: that there is none."""

    said: str
    """A sentence that is understood without a heading; empty, if another part says as much."""


class Part(msgspec.Struct, frozen=True):
    """A part of the page under a heading of its own; if it is absent, a sentence at the end of the page."""

    ident: str
    title: str
    content: Html | Absent
    said: str = ""
    """A sentence under the heading."""
    short: object = ""
    """Its name in the way through the page; without one, it is not in it."""


class Title(msgspec.Struct, frozen=True):
    """What the page is called where it is not open."""

    said: str
    icon: str
    """One character, with a colour of its own."""


def page(title: Title, opening: Html, parts: tuple[Part, ...], closing: str) -> str:
    """The whole document. `opening` comes first, and has the h1 of the page."""
    script = _asset("script.js")
    shown = tuple(part for part in parts if not isinstance(part.content, Absent))
    absent = [part.content.said for part in parts if isinstance(part.content, Absent) and part.content.said]
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title.said),
        tag("link", rel="icon", href=_icon(title.icon)),
        tag("style", Html(_asset("style.css"))),
    )
    body = tag(
        "body",
        tag("a", "To the content", href="#main", class_="skip"),
        _way(shown),
        tag("main", opening, *(_part(part) for part in shown), _absent(absent), id="main", tabindex="-1"),
        tag("footer", tag("p", closing)),
        tag("script", Html(script)),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _way(parts: tuple[Part, ...]) -> Html:
    links = [tag("li", tag("a", part.short, href=f"#{part.ident}")) for part in parts if part.short]
    return tag("nav", tag("ul", *links), aria_label="Parts of the report")


def _part(part: Part) -> Html:
    return tag(
        "section",
        tag("h2", part.title, id=f"h-{part.ident}"),
        tag("p", part.said, class_="lead") if part.said else "",
        part.content,
        id=part.ident,
        aria_labelledby=f"h-{part.ident}",
    )


def _absent(said: list[str]) -> Html:
    if not said:
        return Html("")
    sentences = tag("ul", *(tag("li", each) for each in said), class_="note")
    return _part(Part("absent", "Nothing to show", sentences))


def _icon(sign: str) -> str:
    letter = f"<text x='8' y='13' font-size='13' text-anchor='middle'>{sign}</text>"
    drawing = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>{letter}</svg>"
    return f"data:image/svg+xml,{quote(drawing)}"


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
