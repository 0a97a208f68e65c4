"""Which replies a lie can be told in: good ones with JSON in them. Knows replies, no faults."""

from typing import NamedTuple

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Unfit
from chaosproxy.faults._items import Items, items_in
from chaosproxy.faults._json_values import Document, read


def good(reply: Reply) -> Unfit | None:
    """Why the reply is no good answer with something in it; None if it is one.

    A failure is left as it is: it says already that something is wrong.
    """
    if not 200 <= reply.status < 300:
        return Unfit("error_reply")
    return None if reply.body.strip() else Unfit("empty_body")


def document_of(reply: Reply) -> Document | Unfit:
    """The JSON of a good reply."""
    unfit = good(reply)
    if unfit is not None:
        return unfit
    document = read(reply.body)
    return Unfit("not_json") if document is None else document


class Listing(NamedTuple):
    """A good reply that lists something."""

    document: Document
    items: Items
    """One or more of them."""


def listing_of(reply: Reply) -> Listing | Unfit:
    """The JSON of a good reply, and the items that it lists."""
    document = document_of(reply)
    if isinstance(document, Unfit):
        return document
    items = items_in(document.value)
    if items is None:
        return Unfit("no_items")
    return Listing(document, items) if items.values else Unfit("nothing_to_spoil")


def with_text(reply: Reply, text: str) -> Reply:
    """The same reply with another body."""
    return Reply(reply.status, reply.reason, reply.headers, text.encode())
