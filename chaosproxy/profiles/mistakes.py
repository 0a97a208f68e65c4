"""What is wrong with a profile, said so that its writer can put it right. Knows nothing of YAML or of models."""

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple, Self

from chaosproxy.core.errors import UsageError

Path = tuple[str | int, ...]
"""The way from the root of a profile to a value: `("rules", 2, "fault", 0, "type")`."""

_SHOWN = 60


class Place(NamedTuple):
    """Where something is written. Line and column count from 1; line 0 is the file (or option) as a whole."""

    file: str
    line: int = 0
    column: int = 0


class Mistake(NamedTuple):
    """One thing to put right."""

    file: str
    line: int
    column: int
    path: str
    """`rules[2].fault.type`; empty for the file as a whole."""
    message: str
    suggestion: str | None = None
    """The nearest name that would have been right."""

    def __str__(self) -> str:
        """One line: `file:line:column: path: message; did you mean …?`."""
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        said = ": ".join(part for part in (where, self.path, self.message) if part)
        return f"{said}; did you mean `{self.suggestion}`?" if self.suggestion else said


class Finding(NamedTuple):
    """A mistake before it is known where it stands in a file."""

    path: Path
    message: str
    suggestion: str | None = None
    on_key: bool = False
    """It is about the key, not about its value."""
    shown: Path | None = None
    """Which value stands where the message has `{}`: it is filled in as it was written, because it may be a secret."""

    def moved(self, to: Callable[[Path], Path]) -> Self:
        """The same about other paths."""
        return self._replace(path=to(self.path), shown=to(self.shown) if self.shown is not None else None)


class ProfileError(UsageError):
    """A profile that cannot be used. Its text is one line a mistake."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


def nearest(name: object, known: Iterable[str]) -> str | None:
    """The known name that `name` was probably meant to be."""
    if not isinstance(name, str):
        return None
    by_folded = {each.casefold(): each for each in known}
    close = get_close_matches(name.casefold()[:_SHOWN], by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def listing(names: Iterable[str], last: str = "or") -> str:
    """`a, b or c`."""
    all_names = list(names)
    if len(all_names) < 2:
        return "".join(all_names)
    return f"{', '.join(all_names[:-1])} {last} {all_names[-1]}"


def show(value: object) -> str:
    """A value as its writer would know it again: short, on one line."""
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if isinstance(value, float) else str(value)
    if isinstance(value, str):
        text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
        text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
        return f"`{text}`" if text else "an empty text"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def dotted(path: Sequence[str | int]) -> str:
    """A path as people write it: `rules[2].fault.type`."""
    said = ""
    for part in path:
        if isinstance(part, int):
            said += f"[{part}]"
        else:
            name = part if part.isprintable() and len(part) <= _SHOWN else show(part)
            said += f".{name}" if said else name
    return said
