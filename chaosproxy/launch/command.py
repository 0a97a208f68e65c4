"""Finding the program that a command names, before anything is started for it. Knows no proxy."""

import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from shutil import which

import msgspec

from chaosproxy.core.errors import UsageError


class Command(msgspec.Struct, frozen=True):
    """What to start."""

    program: str
    """The path of the program."""
    arguments: tuple[str, ...]
    """As they were given, the program's own name first."""

    @property
    def name(self) -> str:
        """For reports: without folders and arguments, in which there may be secrets."""
        return Path(self.arguments[0]).name


def find_command(arguments: Sequence[str], path: str) -> Command:
    """The program that these arguments begin with, looked for as a shell does.

    Args:
        arguments: the command, as it was given.
        path: folders, as PATH lists them.

    Raises:
        UsageError: if there is none, or it cannot be executed.
    """
    name = arguments[0]
    found = which(name, path=path)
    if found is not None:
        return Command(found, tuple(arguments))
    if os.sep in name:
        raise UsageError(_unusable(Path(name)))
    here = f"; ./{name} is here" if Path(name).is_file() else ""
    near = get_close_matches(name, sorted(_programs(path)), 1, 0.75)
    meant = f"; did you mean {near[0]}?" if near and not here else ""
    raise UsageError(f"the command {name!r} is not found in PATH{here}{meant}; nothing was run")


def _unusable(path: Path) -> str:
    if path.is_dir():
        return f"{path} is a folder, and cannot be run"
    if not path.exists():
        return f"the command {path} is not there; nothing was run"
    interpreter = {".py": "python ", ".sh": "sh ", ".js": "node "}.get(path.suffix, "")
    instead = f"-- {interpreter}{path}, or: " if interpreter else ""
    return f"{path} is not executable; say: {instead}chmod +x {path}"


def _programs(path: str) -> Iterator[str]:
    for folder in path.split(os.pathsep):
        try:
            yield from os.listdir(folder or ".")  # noqa: PTH208 - names are all that is wanted, of many files
        except OSError:
            continue
