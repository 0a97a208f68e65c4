"""The dialects that come with us, each a file in `data/`, and the way a user's own file becomes one."""

from functools import cache
from importlib.resources import files

import yaml

from chaosproxy.dialects.dialect import Dialect, compiled
from chaosproxy.dialects.extending import laid_over
from chaosproxy.dialects.model import read

GENERIC = "generic"
"""The dialect that says what another leaves unsaid."""

_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C, where there is one: ten times as fast."""


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
    file = read(*_complete(_raw(name), f"{name}.yaml"), f"{name}.yaml")
    return compiled(file, name, None if name == GENERIC else load_builtin(GENERIC))


def parse_dialect(data: object, source: str) -> Dialect:
    """The dialect of a decoded file of a user's own; `source` names the file in errors, and the dialect.

    Raises:
        ValueError: one line for each mistake: `source: path: what is wrong`.
    """
    return compiled(read(*_complete(data, source), source), source, load_builtin(GENERIC))


@cache
def _raw(name: str) -> object:
    """What stands in a shipped file. Not to be changed: it is shared."""
    text = files(__package__).joinpath("data", f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - it is a safe one


def _complete(data: object, source: str) -> tuple[object, object]:
    """The file laid over the one that it extends, and the file as it is."""
    if not (isinstance(data, dict) and isinstance(data.get("extends"), str)):
        return data, data
    name = data["extends"]
    if name not in builtin_names():
        known = ", ".join(builtin_names())
        raise ValueError(f"{source}: extends: expected a dialect that comes with us ({known}), got {name}")
    base, _ = _complete(_raw(name), f"{name}.yaml")
    return laid_over(base, data) if isinstance(base, dict) else data, data
