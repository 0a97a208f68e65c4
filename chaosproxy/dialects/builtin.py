"""The dialects that come with us, each a file in `data/`, and the way a user's own file becomes one."""

from functools import cache
from importlib.resources import files

import yaml

from chaosproxy.dialects.dialect import Dialect, compiled
from chaosproxy.dialects.model import read

GENERIC = "generic"
"""The dialect that says what another leaves unsaid."""


@cache
def builtin_names() -> tuple[str, ...]:
    """The names of the dialects that come with us, in the order of the alphabet."""
    names = (entry.name for entry in files(__package__).joinpath("data").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


@cache
def load_builtin(name: str) -> Dialect:
    """The dialect of that name.

    Raises:
        KeyError: if there is none.
    """
    if name not in builtin_names():
        raise KeyError(name)
    text = files(__package__).joinpath("data", f"{name}.yaml").read_text(encoding="utf-8")
    file = read(yaml.safe_load(text), f"{name}.yaml")
    return compiled(file, name, None if name == GENERIC else load_builtin(GENERIC))


def parse_dialect(data: object, source: str) -> Dialect:
    """The dialect of a decoded file of a user's own; `source` names the file in errors, and the dialect.

    Raises:
        ValueError: one line for each mistake: `source: path: what is wrong`.
    """
    return compiled(read(data, source), source, load_builtin(GENERIC))
