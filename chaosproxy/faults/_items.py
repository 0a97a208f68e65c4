"""Where in a tool's JSON the list of results is. Knows bodies, no replies and no faults.

The rule, in this order:

1. A reply of a language model (`choices`, `candidates`, content blocks) and a tool result of MCP (`result.content`)
   hold no list of results: with an empty one they would be no reply that anybody sends. So none is found.
2. In GraphQL it is looked for in `data`, in JSON-RPC in `result`; everywhere else in the whole body.
3. If that is an array, it is the list.
4. Else, of the arrays in it that are reached through objects alone, the largest with a well-known name (`data`,
   `items`, `results`, ...) that holds objects; if there is none, the largest of any name that holds objects; if there
   is none, the largest with a well-known name, whatever it holds (nothing, also). Of equals, the outermost and first.

Its *twins* go with it: arrays beside it, in the same object, as long as it is, such as `edges` and `nodes` in GraphQL,
or `ids` and `documents` of a vector store.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from chaosproxy.faults._json_values import Path

_KNOWN = re.compile(
    r"data|items?|results?|records|values?|entries|hits|rows|list|nodes|edges|objects|members|elements|docs|documents"
    r"|resources|contents?|matches|response"
)
"""What lists of results are called."""

_NEVER = re.compile(r"errors|warnings|_?links|columns|fields|headers|facets|included|suggestions")
"""What stands beside results and is none, however long."""

_DEEPEST = 6


class Items(NamedTuple):
    """A list of results."""

    path: Path
    values: list[Any]
    twins: tuple[Path, ...]
    """Lists beside it that go with it, item by item."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """It and its twins."""
        return (self.path, *self.twins)


def items_in(body: object) -> Items | None:
    """The list of results in a decoded body; None if there is none."""
    root = data_in(body)
    if root is None:
        return None
    data = at(body, root)
    if isinstance(data, list):
        return Items(root, data, ())
    found = list(_arrays(data, root))
    named = [each for each in found if _KNOWN.fullmatch(str(each[0][-1]))]
    chosen = _largest(named, of_objects=True) or _largest(found, of_objects=True) or _largest(named, of_objects=False)
    if chosen is None:
        return None
    path, values = chosen
    twins = (other for other, also in found if other[:-1] == path[:-1] and other != path and len(also) == len(values))
    return Items(path, values, tuple(twins) if values else ())


def data_in(body: object) -> Path | None:
    """Where in a decoded body the tool's own data begin; None if it is a protocol's or a model's reply, not data."""
    if isinstance(body, list):
        return None if body and isinstance(body[0], dict) and "jsonrpc" in body[0] else ()
    if not isinstance(body, dict):
        return ()
    if "jsonrpc" in body:
        result = body.get("result")
        return ("result",) if isinstance(result, dict | list) and not _has_blocks(result) else None
    if _is_of_a_model(body):
        return None
    if isinstance(body.get("data"), dict) and body.keys() <= {"data", "errors", "extensions"}:
        return ("data",)
    return ()


def at(body: Any, path: Path) -> Any:  # noqa: ANN401  decoded JSON is anything
    """What stands there in a decoded body; a KeyError or IndexError if nothing does."""
    for place in path:
        body = body[place]
    return body


def _has_blocks(result: object) -> bool:
    """Are these the content blocks of a tool result or a message: typed pieces of text, images, ...?"""
    content = result.get("content") if isinstance(result, dict) else None
    return isinstance(content, list) and all(isinstance(each, dict) and "type" in each for each in content)


_SAYINGS = frozenset({"message", "delta", "text", "content", "finish_reason", "finishReason"})


def _is_of_a_model(body: Mapping[str, Any]) -> bool:
    if body.get("object") in ("response", "message", "thread.message") or body.get("type") == "message":
        return "output" in body or _has_blocks(body)
    for name in ("choices", "candidates"):
        said = body.get(name)
        if isinstance(said, list) and all(isinstance(each, dict) and each.keys() & _SAYINGS for each in said):
            return True
    return False


def _arrays(data: object, root: Path) -> Iterator[tuple[Path, list[Any]]]:
    """The arrays below `root` that are reached through objects alone, the outermost first."""
    level: list[tuple[Path, object]] = [(root, data)]
    for _ in range(_DEEPEST):
        below: list[tuple[Path, object]] = []
        for path, value in level:
            for key, inner in value.items() if isinstance(value, dict) else ():
                if isinstance(inner, list) and not _NEVER.fullmatch(key):
                    yield (*path, key), inner
                below.append(((*path, key), inner))
        level = below


def _largest(found: list[tuple[Path, list[Any]]], *, of_objects: bool) -> tuple[Path, list[Any]] | None:
    fitting = [each for each in found if not of_objects or (each[1] and all(isinstance(one, dict) for one in each[1]))]
    return max(fitting, key=lambda each: len(each[1]), default=None)
