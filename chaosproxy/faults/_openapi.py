"""What an OpenAPI document (3.0, 3.1) says of good replies: by method, path and status. Knows schemas, no fault.

Mistakes are raised as ValueError, `#/pointer/to/the/place: what is wrong`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from chaosproxy.faults._schema_reading import Reading, escaped
from chaosproxy.faults._schemas import Schema

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"})
_GOOD = re.compile(r"2\d\d|2XX|2xx|default")
_PARAMETER = re.compile(r"\{[^{}/]+\}")
_JSON = re.compile(r"application/(?:[a-z0-9.+_-]+\+)?json", re.IGNORECASE)
_ANY = ("application/*", "*/*")


class Guide(Protocol):
    """Says what a reply should be."""

    def replies(self, method: str, path: str) -> Mapping[str, Schema] | None:
        """The schemas of the JSON replies to such a call by status (`200`, `2XX`, `default`).

        None if nothing is said of such calls.
        """


class OneSchema:
    """One schema for all good replies."""

    def __init__(self, schema: Schema) -> None:
        self._replies = {"default": schema}

    def replies(self, method: str, path: str) -> Mapping[str, Schema] | None:  # noqa: ARG002 - all are equal
        """The one, whatever the call."""
        return self._replies


class _Operations(NamedTuple):
    """What is said of the calls to one path."""

    path: re.Pattern[str]
    parameters: int
    replies: Mapping[str, Mapping[str, Schema]]
    """By method, in capitals; and by status."""


class Operations:
    """All operations of a document."""

    def __init__(self, bases: tuple[str, ...], paths: tuple[_Operations, ...]) -> None:
        self._bases = bases
        self._paths = paths
        """Those that name more of the path come first (OpenAPI 3.1.1, section 4.8.8.2)."""

    def replies(self, method: str, path: str) -> Mapping[str, Schema] | None:
        """As `Guide` says. A path is looked for as it is, and without the path of each of the document's servers."""
        for base in self._bases:
            if path.startswith(base):
                rest = path[len(base) :]
                for operations in self._paths:
                    if method in operations.replies and operations.path.fullmatch(rest):
                        return operations.replies[method]
        return None


def reply_schema(replies: Mapping[str, Schema], status: int) -> Schema | None:
    """What is said of a reply with this status."""
    for key in (str(status), f"{status // 100}XX", "default"):
        if key in replies:
            return replies[key]
    return None


def one_schema(document: object) -> OneSchema:
    """The schema that a JSON Schema document is.

    Raises:
        ValueError: it is none, or refers to something that is not in it.
    """
    if not isinstance(document, Mapping | bool):
        raise ValueError("#: expected a JSON Schema, that is a mapping")  # noqa: TRY004 - it is the user's
    said = document if isinstance(document, Mapping) else {}
    if "openapi" in said or "swagger" in said:
        raise ValueError("#: expected a JSON Schema, got an OpenAPI document; name it under `openapi`")
    old = re.search(r"draft-0[3-7]", str(said.get("$schema", ""))) is not None
    reading = Reading(document, beside_references=not old, nullable=False)
    schema = reading.schema(document, "#")
    reading.done()
    return OneSchema(schema)


def operations_of(document: object) -> Operations:
    """The operations of an OpenAPI document.

    Raises:
        ValueError: it is none of version 3, or refers to something that is not in it.
    """
    if not isinstance(document, Mapping) or not re.match(r"3\.", str(document.get("openapi", ""))):
        raise ValueError("#: expected an OpenAPI document of version 3 (`openapi: 3.…`)")
    paths = document.get("paths")
    if not isinstance(paths, Mapping):
        raise ValueError("#: expected an OpenAPI document with `paths`")  # noqa: TRY004 - likewise
    before_31 = str(document["openapi"]).startswith("3.0")
    reading = Reading(document, beside_references=not before_31, nullable=before_31)
    read = [_operations(str(path), item, reading) for path, item in paths.items() if str(path).startswith("/")]
    reading.done()
    bases = sorted({"", *_bases(document)}, key=len, reverse=True)
    return Operations(tuple(bases), tuple(sorted(read, key=lambda each: each.parameters)))


def _operations(path: str, item: object, reading: Reading) -> _Operations:
    item, pointer = reading.resolved(item, f"#/paths/{escaped(path)}")
    methods = item.items() if isinstance(item, Mapping) else ()
    replies = {
        str(method).upper(): dict(_replies(operation, f"{pointer}/{method}", reading))
        for method, operation in methods
        if str(method) in _METHODS and isinstance(operation, Mapping)
    }
    # What a parameter stands for has at least one character, and no slash.
    pattern = "[^/]+".join(map(re.escape, _PARAMETER.split(path)))
    return _Operations(re.compile(pattern), len(_PARAMETER.findall(path)), replies)


def _replies(operation: Mapping[str, Any], pointer: str, reading: Reading) -> Iterator[tuple[str, Schema]]:
    responses = operation.get("responses")
    for status, said in responses.items() if isinstance(responses, Mapping) else ():
        if _GOOD.fullmatch(str(status)):
            response, where = reading.resolved(said, f"{pointer}/responses/{status}")
            content = response.get("content") if isinstance(response, Mapping) else None
            kind = _json_of(content) if isinstance(content, Mapping) else None
            if isinstance(content, Mapping) and kind is not None and "schema" in content[kind]:
                where = f"{where}/content/{escaped(kind)}/schema"
                yield str(status).replace("x", "X"), reading.schema(content[kind]["schema"], where)


def _json_of(content: Mapping[str, Any]) -> str | None:
    """The media type under which JSON is described, if it is."""
    kinds = {kind: str(kind).partition(";")[0].strip() for kind, said in content.items() if isinstance(said, Mapping)}
    named = [kind for kind, bare in kinds.items() if _JSON.fullmatch(bare)]
    named += [kind for kind, bare in kinds.items() if bare in _ANY]
    return min(named, key=lambda kind: kinds[kind].lower() != "application/json", default=None)


def _bases(document: Mapping[str, Any]) -> Iterator[str]:
    """The paths of its servers, their variables filled in as they are by default."""
    servers = document.get("servers")
    for server in servers if isinstance(servers, list) else ():
        if isinstance(server, Mapping) and isinstance(url := server.get("url"), str):
            variables = server.get("variables")
            for name, said in variables.items() if isinstance(variables, Mapping) else ():
                if isinstance(said, Mapping):
                    url = url.replace(f"{{{name}}}", str(said.get("default", "")))
            try:
                yield urlsplit(url).path.rstrip("/")
            except ValueError:
                continue
