"""Errors inside a reply that says all is well: where they stand in a tool's own JSON. Knows texts, no replies.

Each takes the document, a draw in [0, 1) that chooses which part fails, and another error text than the usual one, or
None; it gives the document's new text, or None if it has no such part.
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from chaosproxy.faults._items import items_in
from chaosproxy.faults._json_values import Document, Edit, Path

InnerFailure = Callable[[Document, float, str | None], str | None]

_GRAPHQL = frozenset({"data", "errors", "extensions"})
"""The members of a GraphQL response (its specification, section 7.1)."""
_KEPT = ("id", "custom_id", "key", "index")
"""By what an item of a list may be known: it stays, beside the error."""
_SUCCESS = range(200, 300)
_LOOKED_AT = 1000
"""Characters of a document by which its manner is known."""

_Item = Mapping[str, Any]
_Edits = Mapping[Path, Edit] | None


def partial_data(document: Document, draw: float, message: str | None) -> str | None:
    """GraphQL: one field of `data` is null, and `errors` says so, with its path."""
    body = document.value
    data = _member(body, "data")
    if not isinstance(body, dict) or not body.keys() <= _GRAPHQL or not isinstance(data, dict):
        return None
    fields = [name for name, value in data.items() if value is not None]
    if not fields:
        return None
    field = fields[int(draw * len(fields))]
    error = {
        "message": message or "Internal server error",
        "path": [field],
        "extensions": {"code": "INTERNAL_SERVER_ERROR"},
    }
    said = _with_error(document, error, body.get("errors"), known="errors" in body)
    return document.edited({("data", field): Edit(text="null"), **said})


def _with_error(document: Document, error: object, others: object, *, known: bool) -> Mapping[Path, Edit]:
    """The error after the others that are there, or in a list of its own beside `data`."""
    text = _written(document, error)
    if isinstance(others, list) and others:
        return {("errors", len(others) - 1): Edit(followed_by=(_blank(document) + text,))}
    if known:
        return {("errors",): Edit(text=f"[{text}]")}
    member = _written(document, {"errors": [error]})[1:-1]
    return {("data",): Edit(followed_by=(_blank(document) + member,))}


def batch_item(document: Document, draw: float, message: str | None) -> str | None:
    """One item of a batch or list has failed, in the format of the batch: the others are as they were."""
    for failed in _BATCHES:
        edits = failed(document, draw, message)
        if edits is not None:
            return document.edited(edits)
    return None


def _of_graph(document: Document, draw: float, message: str | None) -> _Edits:
    """Microsoft Graph's `$batch`: a 429 among the `responses`."""
    responses = _member(document.value, "responses")
    chosen = _choose(responses, draw, lambda item: item.get("status") in _SUCCESS and "id" in item)
    if chosen is None:
        return None
    nth, item = chosen
    failed = {
        "id": item["id"],
        "status": 429,
        "headers": {"Retry-After": "5", "Content-Type": "application/json"},
        "body": {"error": {"code": "TooManyRequests", "message": message or "Please retry again later."}},
    }
    return {("responses", nth): Edit(text=_written(document, failed))}


def _of_json_rpc(document: Document, draw: float, message: str | None) -> _Edits:
    """A batch of JSON-RPC: a response with an `error` in place of its `result`."""
    chosen = _choose(document.value, draw, lambda item: "jsonrpc" in item and "result" in item)
    if chosen is None:
        return None
    nth, item = chosen
    error = {"code": -32603, "message": message or "Internal error"}
    failed = {"jsonrpc": item["jsonrpc"], "id": item.get("id"), "error": error}
    return {(nth,): Edit(text=_written(document, failed))}


def _of_elasticsearch(document: Document, draw: float, message: str | None) -> _Edits:
    """Elasticsearch's bulk: a rejected item, and `errors` is true."""
    chosen = _choose(_member(document.value, "items"), draw, _is_bulk_action)
    if chosen is None or _member(document.value, "errors") is not False:
        return None
    nth, item = chosen
    ((action, told),) = item.items()
    reason = message or "rejected execution of coordinating operation"
    error = {"type": "es_rejected_execution_exception", "reason": reason}
    failed = {name: told[name] for name in ("_index", "_id") if name in told} | {"status": 429, "error": error}
    return {("errors",): Edit(text="true"), ("items", nth): Edit(text=_written(document, {action: failed}))}


def _is_bulk_action(item: _Item) -> bool:
    told = next(iter(item.values()), None)
    return len(item) == 1 and isinstance(told, dict) and told.get("status") in _SUCCESS


def _of_any_list(document: Document, draw: float, message: str | None) -> _Edits:
    """Any list of objects: an error in the place of one, under the same id."""
    items = items_in(document.value)
    chosen = None if items is None else _choose(items.values, draw, lambda item: "error" not in item)
    if items is None or chosen is None:
        return None
    nth, item = chosen
    error = {"code": "internal_error", "message": message or "Internal server error"}
    failed = {name: item[name] for name in _KEPT if name in item} | {"error": error}
    return {(*items.path, nth): Edit(text=_written(document, failed))}


_BATCHES = (_of_graph, _of_json_rpc, _of_elasticsearch, _of_any_list)

INNER_FAILURES: Mapping[str, InnerFailure] = MappingProxyType({"partial_data": partial_data, "batch_item": batch_item})
"""The forms, by name."""


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _choose(items: object, draw: float, fits: Callable[[_Item], bool]) -> tuple[int, _Item] | None:
    """One of the objects in a list that fit, and its place; None if it is no list, or none fits."""
    if not isinstance(items, list):
        return None
    found = [(nth, item) for nth, item in enumerate(items) if isinstance(item, dict) and fits(item)]
    return found[int(draw * len(found))] if found else None


def _written(document: Document, value: object) -> str:
    """As JSON text that looks like the rest of the document."""
    blank = _blank(document)
    return json.dumps(value, separators=(f",{blank}", f":{blank}"))


def _blank(document: Document) -> str:
    """What stands behind each colon and comma of the document."""
    return " " if '": ' in document.text[:_LOOKED_AT] else ""
