"""What a request says, read once: its fingerprint, its body as a value, and its purpose.

Whoever asks the same again gets what was made the first time, so that none of this is on the path of a repeated call.
Knows no session and no header but the content type.
"""

from typing import Final

import msgspec

from chaosproxy.core.purpose import PLAIN, Purpose, Role
from chaosproxy.dataplane.http.requests.conversations import model_asked, path_without_model, question
from chaosproxy.dataplane.http.requests.fingerprint import (
    Pairs,
    canonical_json,
    canonical_pairs,
    digest,
    encoded,
    pairs_in,
    settled,
)
from chaosproxy.dataplane.http.requests.pages import body_elsewhere, is_place, pairs_elsewhere
from chaosproxy.dataplane.http.requests.purposes import purpose_of
from chaosproxy.dataplane.http.requests.routing import Destination, infer_template
from chaosproxy.dataplane.http.requests.rpc import intention, is_rpc
from chaosproxy.dataplane.http.wire import Request

Content = tuple[str, object, Purpose]
"""Fingerprint, decoded body (None unless it is JSON or a form), purpose."""

_FORM: Final = b"application/x-www-form-urlencoded"
_decode_json = msgspec.json.Decoder().decode


class _Read:
    """What a body says."""

    __slots__ = ("decoded", "intended", "material", "model")

    def __init__(self, decoded: object, intended: object, material: bytes, model: str | None = None) -> None:
        self.decoded = decoded
        self.intended = intended
        """JSON without what belongs to the attempt, and settled; or a form's fields."""
        self.material = material
        """The same for the fingerprint."""
        self.model = model
        """The language model that is asked, if one is."""


def content_of(request: Request, destination: Destination, body: bytes, volatile: frozenset[str]) -> Content:
    """What this request says. `body` is all of it, unless the request is not complete."""
    route = destination.route
    read = _body(request, destination, body, volatile)
    tool, path = route.tool, route.path
    if read.model is not None:
        path = path_without_model(path)
        if destination.tool is None and path is not route.path:
            tool = f"{route.method} {infer_template(path)}"
        purpose = _question(read)
    else:
        purpose = purpose_of(route, path.rpartition("/")[2], read.decoded)
    query = pairs_in(route.query)
    place = f"{route.upstream}\x1f{tool}\x1f{route.method}\x1f{path}\x1f"
    if purpose.role is Role.TOOL and (page := _page(place, query, read, volatile)) is not None:
        purpose = Purpose(page=page, continues=purpose.continues)
    head = f"{place}{canonical_pairs(query, volatile)}\x1f"
    return digest(head.encode("latin-1", "replace") + read.material), read.decoded, purpose


def _body(request: Request, destination: Destination, body: bytes, volatile: frozenset[str]) -> _Read:
    if not request.complete:
        # It streams through: nobody has all of it yet, and waiting would change what the upstream sees and when.
        return _Read(None, None, b"streamed %d" % request.length())
    if not body:
        return _NOTHING
    if request.found.get(b"content-type", b"").partition(b";")[0].strip().lower() == _FORM:
        return _form(body, volatile)
    try:
        return _json(_decode_json(body), destination, volatile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Read(None, None, body)


_NOTHING: Final = _Read(None, None, b"")


def _json(decoded: object, destination: Destination, volatile: frozenset[str]) -> _Read:
    intended, model = decoded, None
    if is_rpc(decoded):
        intended = intention(decoded)
    elif isinstance(decoded, dict) and destination.route.method == "POST":
        model = model_asked(destination.route.path, decoded)
        if model is not None:
            intended = {name: value for name, value in decoded.items() if name != "model"}
    intended = settled(intended, volatile)
    return _Read(decoded, intended, encoded(intended), model)


def _form(body: bytes, volatile: frozenset[str]) -> _Read:
    pairs = pairs_in(body.decode("latin-1"))
    fields = _fields(pairs)
    return _Read(fields, fields, repr(sorted([pair for pair in pairs if pair[0].lower() not in volatile])).encode())


def _fields(pairs: Pairs) -> dict[str, str | list[str]]:
    """A form's fields by name: a text, or the texts in their order where one comes more than once."""
    fields: dict[str, str | list[str]] = {}
    for pair in pairs:
        name, value = pair if pair[0].isascii() and pair[1].isascii() else (_text(pair[0]), _text(pair[1]))
        if name not in fields:
            fields[name] = value
        elif isinstance(known := fields[name], list):
            known.append(value)
        else:
            fields[name] = [known, value]
    return fields


def _text(raw: str) -> str:
    """The UTF-8 that a form is nearly always in (URL Standard, 5.1), out of the bytes that it was read as."""
    return raw.encode("latin-1").decode("utf-8", "replace")


def _question(read: _Read) -> Purpose:
    assert read.model is not None
    try:
        return question(read.model, read.intended) if isinstance(read.intended, dict) else PLAIN
    except RecursionError:
        return Purpose(Role.MODEL, read.model)


def _page(place: str, query: Pairs, read: _Read, volatile: frozenset[str]) -> str | None:
    """The listing that the call is one page of."""
    other_query = pairs_elsewhere(query) if query and any(is_place(*pair) for pair in query) else None
    other_body = body_elsewhere(read.intended)
    if other_query is None and other_body is None:
        return None
    head = f"{place}{canonical_pairs(query if other_query is None else other_query, volatile)}\x1f"
    rest = read.material if other_body is None else canonical_json(other_body, volatile)
    return digest(head.encode("latin-1", "replace") + rest)
