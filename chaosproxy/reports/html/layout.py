"""The frame of the page: head, policy, style, script, landmarks, headings. Must not know what a report says.

The policy forbids every request; the one script is allowed by its digest.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files

import msgspec

from chaosproxy.reports.html.markup import Html, tag


class Part(msgspec.Struct, frozen=True):
    """A part of the page under a heading of its own."""

    ident: str
    title: str
    content: Html
    said: str = ""
    """A sentence under the heading."""
    short: object = ""
    """Its name in the way through the page; without one, it is not in it."""


def page(title: str, opening: Html, parts: tuple[Part, ...], closing: str) -> str:
    """The whole document. `opening` comes first, and has the h1 of the page."""
    script = _asset("script.js")
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        tag("style", Html(_asset("style.css"))),
    )
    body = tag(
        "body",
        tag("a", "To the content", href="#main", class_="skip"),
        _way(parts),
        tag("main", opening, *(_part(part) for part in parts), id="main", tabindex="-1"),
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


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
