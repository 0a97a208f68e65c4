"""What pydantic found, in our words: the path as it was written, what was expected, what was got, the nearest name.

Knows the models' shapes, because a key is judged by its neighbours; knows no file and no place in one.
"""

import re
from collections.abc import Callable, Iterable
from collections.abc import Mapping as Table
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails
from typing_extensions import is_typeddict

from chaosproxy.faults._catalogue import catalogue
from chaosproxy.profiles.document import Mapping, Node, Scalar, as_written, at, child, plain, scalars
from chaosproxy.profiles.mistakes import Finding, Path, listing, nearest, show
from chaosproxy.profiles.models import Profile

_KINDS = {
    "string_type": "a text",
    "string_unicode": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller number",
    "float_type": "a number",
    "finite_number": "a number that is finite",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_AT_KEY = re.compile(r"([a-z_][a-z0-9_]*): (.+)", re.DOTALL)
_SECRET_FROM = 4
"""Characters. Anything shorter cannot be told from a coincidence, and is no secret."""


def findings(errors: Iterable[ErrorDetails], root: Node) -> list[Finding]:
    """One finding for each thing that is wrong; `root` is what was validated."""
    found: dict[Path, Finding] = {}
    for error in errors:
        if error["type"] == "too_short" and plain(at(root, path_in(error["loc"], root)) or root):
            continue  # its items were refused, each with a reason of its own
        finding = _finding(error, root)
        found.setdefault(finding.path, finding._replace(message=_without_secrets(finding, root)))
    return list(found.values())


def path_in(places: tuple[int | str, ...], root: Node) -> Path:
    """The path of an error as the file has it, without the steps that only the models know."""
    steps = list(places)
    if steps[:1] == ["rules"] and steps[2:3] == ["fault"]:
        del steps[4:5]  # the tag that told the faults apart
    if "[key]" in steps:
        steps = steps[: steps.index("[key]")]
    return as_written(root, tuple(steps))


def _finding(error: ErrorDetails, root: Node) -> Finding:
    path = path_in(error["loc"], root)
    if error["loc"][-1:] == ("[key]",):
        return Finding(path, f"{_expected(error)}, got {show(path[-1])}", on_key=True)
    said = _SAID.get(error["type"], _other)
    return said(path, error, root)


def _missing(path: Path, _error: ErrorDetails, _root: Node) -> Finding:
    return Finding(path, "expected this key, which is missing")


def _unknown_key(path: Path, _error: ErrorDetails, root: Node) -> Finding:
    known = sorted(known_keys(path[:-1], root))
    suggestion = nearest(path[-1], known)
    expected = "a key that is known here" + (f" ({listing(known)})" if known and not suggestion else "")
    return Finding(path, f"expected {expected}, got {show(path[-1])}", suggestion, on_key=True)


def _no_type(path: Path, _error: ErrorDetails, _root: Node) -> Finding:
    return Finding((*path, "type"), "expected this key, which is missing: it says which fault it is")


def _unknown_fault(path: Path, _error: ErrorDetails, root: Node) -> Finding:
    return _unknown_name((*path, "type"), "fault", list(catalogue()), root)


def _custom(path: Path, error: ErrorDetails, root: Node) -> Finding:
    context = error.get("ctx", {})
    if "expected" in context:
        suggestion = nearest(context["got"], context["names"])
        return Finding(path, f"expected {context['expected']}, got {got(path, root)}", suggestion)
    return _unknown_name(path, context["what"], context["names"], root)


def _choice(path: Path, error: ErrorDetails, root: Node) -> Finding:
    expected = str(error.get("ctx", {}).get("expected"))
    known = re.findall(r"'([^']*)'", expected)
    return Finding(path, f"expected {expected.replace(chr(39), '')}, got {got(path, root)}", _meant(path, root, known))


def _other(path: Path, error: ErrorDetails, root: Node) -> Finding:
    at_key = _at_key(path, error, root) if error["type"] == "value_error" else None
    return at_key or Finding(path, _withgot(_expected(error), path, root))


_SAID: Table[str, Callable[[Path, ErrorDetails, Node], Finding]] = MappingProxyType(
    {
        "missing": _missing,
        "extra_forbidden": _unknown_key,
        "union_tag_not_found": _no_type,
        "union_tag_invalid": _unknown_fault,
        "unknown_name": _custom,
        "enum": _choice,
        "literal_error": _choice,
    }
)


def _unknown_name(path: Path, what: str, known: list[str], root: Node) -> Finding:
    suggestion = _meant(path, root, known)
    article = "an" if what[:1] in "aeioAEIOH" else "a"
    expected = f"{article} {what}" if suggestion else f"{article} {what}: {listing(known)}"
    separator = ", " if suggestion else "; "
    return Finding(path, f"expected {expected}{separator}got {got(path, root)}", suggestion)


def _meant(path: Path, root: Node, known: Iterable[str]) -> str | None:
    node = at(root, path)
    return nearest(node.value, known) if isinstance(node, Scalar) and node.written is None else None


def _at_key(path: Path, error: ErrorDetails, root: Node) -> Finding | None:
    """A mapping's own check may name the key that it is about: `limit: means nothing without per`."""
    found = _AT_KEY.fullmatch(_expected(error))
    if found is None or found[1] not in known_keys(path, root):
        return None
    return Finding((*path, found[1]), found[2])


def _expected(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _KINDS:
        return f"expected {_KINDS[kind]}"
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"expected {words} {show(context[name])}"
    if kind == "too_short":
        return "expected at least one item"
    return str(error["msg"]).removeprefix("Value error, ")


def _withgot(said: str, path: Path, root: Node) -> str:
    here = at(root, path)
    return said if here is None or " got " in said else f"{said}, got {got(path, root)}"


def got(path: Path, root: Node) -> str:
    """The value at `path` as its writer knows it: with `${…}` where it came from the environment."""
    node = at(root, path)
    if isinstance(node, Scalar):
        quoted_number = node.quoted and isinstance(node.value, str) and node.value.strip().isdecimal()
        shown = show(node.value if node.written is None else node.written)
        return f"{shown} in quotes, which is text" if quoted_number else shown
    return show(plain(node)) if node is not None else "nothing"


def _without_secrets(finding: Finding, root: Node) -> str:
    """What came from the environment is shown as what stands in the file."""
    message = finding.message
    node = at(root, finding.path) or at(root, finding.path[:-1])
    for scalar in scalars(node) if node is not None else ():
        if scalar.written is not None and len(value := str(scalar.value)) >= _SECRET_FROM:
            message = message.replace(value, scalar.written)
    return message


def known_keys(path: Path, root: Node) -> frozenset[str]:
    """The keys that the mapping at `path` may have; none if anything goes, or if there is no telling."""
    kind: Any = Profile
    node: Node | None = root
    for depth, step in enumerate(path):
        node = child(node, step) if node is not None else None
        is_fault = path[0] == "rules" and depth >= 2 and path[2] == "fault" and isinstance(node, Mapping)
        kind = _fault_at(node) if is_fault else _alone(_inside(kind, step), node)
    return frozenset(_keys(kind))


def _alone(kind: Any, node: Node | None) -> Any:  # noqa: ANN401  annotations are of any type
    """What a list would hold, where its one item stands without the list."""
    bare = _bare(kind) if kind is not None else None
    return get_args(bare)[0] if get_origin(bare) is tuple and isinstance(node, Mapping) else kind


def _fault_at(node: Node | None) -> Any:  # noqa: ANN401  a model, or None
    name = at(node, ("type",)) if node is not None else None
    return catalogue().get(name.value) if isinstance(name, Scalar) and isinstance(name.value, str) else None


def _keys(kind: Any) -> Table[str, Any]:  # noqa: ANN401  annotations are of any type
    """The keys of a model or TypedDict, and what is behind each."""
    kind = _bare(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
    return dict(kind.__annotations__) if is_typeddict(kind) else {}


def _inside(kind: Any, step: str | int) -> Any:  # noqa: ANN401
    kind = _bare(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return arguments[0]
    if origin is dict:
        return arguments[1]
    return _keys(kind).get(str(step))


def _bare(kind: Any) -> Any:  # noqa: ANN401
    """An annotation without what is only attached to it, and without the None of what may be left out."""
    while get_origin(kind) in (Annotated, Union, UnionType):
        kind = next(each for each in get_args(kind) if each is not NoneType)
    return kind
