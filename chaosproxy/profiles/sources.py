"""The text of a profile, from a path or by the name of a profile that comes with us. Knows files, and no YAML."""

import re
from pathlib import Path
from typing import NamedTuple

from chaosproxy.profiles.mistakes import Mistake, nearest
from chaosproxy.profiles.shipped import shipped_profiles

MOST_BYTES = 1_048_576
"""A profile of more was not written by anyone."""

_BARE_NAME = re.compile(r"[A-Za-z0-9_-]+")


class Source(NamedTuple):
    """A file that has been read."""

    file: str
    """What mistakes call it."""
    text: str
    folder: Path
    """What relative paths in it start from."""


def read_source(source: str | Path) -> Source | Mistake:
    """What `source` names: a path, or a shipped profile. A name without dot and slash is first of all the latter."""
    name = str(source)
    path = Path(source)
    if isinstance(source, str) and _BARE_NAME.fullmatch(name):
        shipped = shipped_profiles()
        if name not in shipped and not path.exists():
            said = f"no file and no shipped profile has this name; shipped are: {', '.join(shipped)}"
            return Mistake(name, 0, 0, "", said, nearest(name, shipped))
        path = shipped.get(name, path)
    try:
        text = read_text(path)
    except ValueError as error:
        return Mistake(name, 0, 0, "", str(error))
    return Source(name, text, path.parent)


def read_text(path: Path, most_bytes: int = MOST_BYTES, what: str = "profile") -> str:
    """The text of a file in UTF-8, which is to be a `what` and to have no more bytes than one.

    Raises:
        ValueError: with what is wrong with the file, in a few words.
    """
    try:
        if path.is_dir():
            raise ValueError("this is a directory, not a file")
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
        if len(content) > most_bytes:
            raise ValueError(f"this file has more than {most_bytes >> 20} MiB; that is no {what}")
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        raise ValueError("there is no such file") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"this file is not text in UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise ValueError(f"this file cannot be read: {error.strerror or error}") from None
