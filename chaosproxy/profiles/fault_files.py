"""The files that faults name (API descriptions, schemas): YAML or JSON, and where in them something stands.

Knows files, and nothing of what they say.
"""

import json
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from chaosproxy.profiles.document import Listing, Node, child, place_of, plain
from chaosproxy.profiles.mistakes import Mistake, Place, dotted
from chaosproxy.profiles.mistakes import Path as Steps
from chaosproxy.profiles.sources import read_text
from chaosproxy.profiles.yaml_nodes import Limits, read_yaml

MOST_BYTES = 16_777_216
"""The largest public descriptions of APIs have about ten million."""

_LIMITS = Limits(values=2_000_000, depth=200)


class FaultFile(NamedTuple):
    """A file that has been read."""

    path: Path
    text: str
    value: object
    """What it says, as JSON knows it."""


def read_fault_file(path: Path) -> FaultFile | list[Mistake]:
    """The file, or what is wrong with it as YAML; one whose name ends in `.json` must be JSON.

    Raises:
        ValueError: it cannot be read at all, in a few words.
    """
    text = read_text(path, MOST_BYTES, "schema")
    if path.suffix.lower() != ".json":
        root, mistakes = read_yaml(text, str(path), _LIMITS)
        return mistakes or FaultFile(path, text, plain(root) if root is not None else None)
    try:
        return FaultFile(path, text, json.loads(text, parse_constant=_refused))
    except json.JSONDecodeError as error:
        return [Mistake(str(path), error.lineno, error.colno, "", f"this is not JSON: {error.msg}")]
    except (ValueError, RecursionError) as error:
        return [Mistake(str(path), 1, 1, "", f"this is not JSON: {error}")]


def located(said: str, file: FaultFile) -> Mistake:
    """What a fault has found wrong with the file, `#/pointer: what`, with the place at which that stands."""
    pointer, colon, message = said.partition(": ")
    if not colon or not pointer.startswith("#"):
        pointer, message = "#", said
    root, _ = read_yaml(file.text, str(file.path), _LIMITS)  # JSON is YAML, but for some of its white space
    if root is None:
        return Mistake(*Place(str(file.path)), "", said)
    steps = _steps(pointer, root)
    return Mistake(*place_of(root, steps), dotted(steps), message)


def _steps(pointer: str, root: Node) -> Steps:
    """The steps of an RFC 6901 pointer, as far as it leads to something."""
    steps: Steps = ()
    node = root
    for part in pointer.split("/")[1:]:
        name = unquote(part).replace("~1", "/").replace("~0", "~")
        step = int(name) if isinstance(node, Listing) and name.isdecimal() else name
        following = child(node, step)
        if following is None:
            break
        steps, node = (*steps, step), following
    return steps


def _refused(constant: str) -> object:
    raise ValueError(f"{constant} is no number")
