"""What a call asks for, flattened to fields, so that two calls can be compared when the first is long gone.

Kept only of calls that failed, while their operation may still be taken up again, and never written down. Must not know
operations, nor what makes two calls alike.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from chaosproxy.core.call import Call
from chaosproxy.recovery.following.tools import Tools

FIELDS = 64
"""Fields looked at; what further ones say does not count."""
TEXT = 512
"""Characters kept of a text. A longer one is kept by its beginning and its hash."""
_DEEPEST = 16

_NUMBER = "\x00"
"""Stands before every value that is no text, so that 1 and "1" are two."""
CUT = "\x01"
"""Stands where a text was cut off; what follows tells it from others with the same beginning."""

METHOD = "\x02"
"""What stands in the place of a path before the method of a JSON-RPC call, and the tool: no argument, but what they are
arguments of, because all of them may have one address."""

Arguments = Mapping[str, str]
"""What was asked for: dotted path of the argument to its value."""

_encode = msgspec.json.Encoder().encode


def arguments_of(call: Call, tools: Tools) -> Arguments:
    """The call's arguments: fields of its body, of its query, and what varies in its path."""
    route, body = call.route, call.body
    volatile = tools.volatile(route.tool)
    fields: dict[str, str] = {}
    template = tools.template(route.tool)
    if template:
        _from_path(route.path, template, fields)
    if route.query:
        for name, value in parse_qsl(route.query, keep_blank_values=True, encoding="latin-1"):
            if name.lower() not in volatile and len(fields) < FIELDS:
                fields[name] = f"{fields[name]},{value}"[:TEXT] if name in fields else value[:TEXT]
    if isinstance(body, dict) and "jsonrpc" in body:
        method, parameters = body.get("method"), body.get("params")
        body = parameters
        if isinstance(parameters, dict) and "arguments" in parameters:
            method, body = f"{method} {parameters.get('name')}", parameters["arguments"]
        fields[METHOD] = str(method)[:TEXT]
    if body is not None:
        _flatten(body, "", fields, volatile)
    return fields


def is_text(value: str) -> bool:
    """Is it a text, and no number, truth value or nothing?"""
    return not value.startswith(_NUMBER)


def plain(value: str) -> str:
    """The value as it was written: a number or a truth value as in JSON, a text up to where it was cut off."""
    return value.removeprefix(_NUMBER).partition(CUT)[0]


def _from_path(path: str, template: tuple[str | None, ...], fields: dict[str, str]) -> None:
    # From the right, because an upstream may have a path of its own before the tool's.
    if template[0] == "*":
        fields["path"] = path[:TEXT]
        return
    for name, segment in zip(template, reversed(path.split("/")), strict=False):
        if name is not None:
            fields[name] = segment[:TEXT]


def _flatten(value: object, path: str, fields: dict[str, str], volatile: frozenset[str]) -> None:
    if len(fields) >= FIELDS or path.count(".") > _DEEPEST:
        return
    if isinstance(value, dict):
        _flatten_object(value, path, fields, volatile)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            _flatten(item, f"{path}.{place}" if path else str(place), fields, volatile)
    elif value is not None or path:
        fields[path] = _scalar(value)


def _flatten_object(value: dict[str, Any], path: str, fields: dict[str, str], volatile: frozenset[str]) -> None:
    for name, item in value.items():
        if name.lower() in volatile:
            continue
        inner = f"{path}.{name}" if path else name
        if isinstance(item, str) and len(item) <= TEXT and len(fields) < FIELDS:
            fields[inner] = item  # as most are
        elif type(item) is int and len(fields) < FIELDS:
            fields[inner] = f"{_NUMBER}{item}"
        else:
            _flatten(item, inner, fields, volatile)


def _scalar(value: object) -> str:
    if not isinstance(value, str):
        if type(value) is int:
            return f"{_NUMBER}{value}"
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return _NUMBER + _encode(value).decode()
    if len(value) <= TEXT:
        return value
    return value[:TEXT] + CUT + blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
