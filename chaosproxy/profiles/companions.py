"""The files that a profile names: dialects of a user's own, and certificate authorities.

They are read when it is loaded, so that none can be missing later. Relative paths start from the
folder of the file that names them.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from chaosproxy.dialects import Dialect, builtin_names, load_builtin, parse_dialect
from chaosproxy.profiles.document import Mapping as Keys
from chaosproxy.profiles.document import Node, as_written, at, child, place_of, plain
from chaosproxy.profiles.mistakes import Mistake, dotted, nearest
from chaosproxy.profiles.mistakes import Path as Steps
from chaosproxy.profiles.models import Profile
from chaosproxy.profiles.salvage import Sound
from chaosproxy.profiles.sources import read_text
from chaosproxy.profiles.wording import got
from chaosproxy.profiles.yaml_nodes import read_yaml

GENERIC = "generic"
"""The dialect of upstreams that name none."""

_FILE = re.compile(r".*[/\\].*|.*\.(?:ya?ml|json)", re.DOTALL)
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


class _Use(NamedTuple):
    """A place in the profile that names a file."""

    path: Steps
    name: str


class Companions:
    """Finds the files that a profile names."""

    def __init__(self, root: Keys, folders: Mapping[str, Path]) -> None:
        self._root = root
        self._folders = folders
        self._paths: dict[str, Path] = {}
        self.dialects: dict[str, Dialect] = {GENERIC: load_builtin(GENERIC)}
        """By the names that the profile uses."""
        self.texts: dict[str, str] = {}
        """What stands in the dialect files, by the same names."""
        self.mistakes: list[Mistake] = []
        """What is wrong with the files, or with the names."""

    def complete(self, sound: Sound) -> Profile:
        """Find all; the profile, its certificate authorities as absolute paths."""
        profile = sound.profile
        for use in _dialects_in(sound):
            self._dialect(use)
        upstreams = dict(profile.upstreams)
        for name, upstream in upstreams.items():
            if upstream.ca is not None:
                found = self._authorities(_Use(("upstreams", name, "ca"), upstream.ca))
                upstreams[name] = upstream.model_copy(update={"ca": str(found)})
        return profile.model_copy(update={"upstreams": upstreams})

    def _dialect(self, use: _Use) -> None:
        if use.name in builtin_names():
            self.dialects[use.name] = load_builtin(use.name)
        elif not _FILE.fullmatch(use.name):
            said = f"expected a dialect ({', '.join(builtin_names())}) or the path of a dialect file, got {{}}"
            self._note(use, said, nearest(use.name, builtin_names()))
        else:
            self._file(use)

    def _file(self, use: _Use) -> None:
        path = self._resolved(use)
        if use.name in self._paths:
            if self._paths[use.name] != path:
                self._note(use, "expected one file of this name, got {} in two folders")
            return
        self._paths[use.name] = path
        try:
            text = read_text(path)
        except ValueError as error:
            self._note(use, f"expected a dialect file, got {{}}: {error}")
            return
        root, mistakes = read_yaml(text, str(path))
        self.mistakes.extend(mistakes)
        if mistakes:
            return
        try:
            self.dialects[use.name] = parse_dialect(plain(root) if root is not None else None, use.name)
            self.texts[use.name] = text
        except ValueError as error:
            self.mistakes.extend(_located(str(error), use.name, path, root))

    def _authorities(self, use: _Use) -> Path:
        path = self._resolved(use)
        try:
            if "-----BEGIN CERTIFICATE-----" not in read_text(path):
                raise ValueError("it holds no certificate in PEM")  # noqa: TRY301  one way out for both reasons
        except ValueError as error:
            self._note(use, f"expected a file of certificates, got {{}}: {error}")
        return path

    def _resolved(self, use: _Use) -> Path:
        folder = self._folders.get(place_of(self._root, as_written(self._root, use.path)).file, Path())
        return (folder / use.name).absolute()

    def _note(self, use: _Use, message: str, suggestion: str | None = None) -> None:
        path = as_written(self._root, use.path)
        said = message.replace("{}", got(path, self._root))
        self.mistakes.append(Mistake(*place_of(self._root, path), dotted(path), said, suggestion))


def _dialects_in(sound: Sound) -> Iterator[_Use]:
    for name, upstream in sound.profile.upstreams.items():
        if upstream.dialect is not None:
            yield _Use(("upstreams", name, "dialect"), upstream.dialect)
    for nth, rule in enumerate(sound.profile.rules):
        for position, fault in enumerate(rule.fault):
            if (dialect := getattr(fault, "dialect", None)) is not None:
                yield _Use(sound.in_file(("rules", nth, "fault", position, "dialect")), dialect)


def _located(lines: str, name: str, path: Path, root: Node | None) -> Iterator[Mistake]:
    """A dialect's own mistakes, `name: path: message` each, with the places at which they stand."""
    for line in lines.splitlines():
        where, colon, message = line.removeprefix(f"{name}: ").partition(": ")
        steps = _steps(where, root) if colon and root is not None else ()
        place = place_of(root, steps) if root is not None else (str(path), 1, 1)
        said = message if steps else line.removeprefix(f"{name}: ")
        yield Mistake(*place, dotted(steps), said)


def _steps(where: str, root: Node) -> Steps:
    """The steps of a path as text, as far as it says where something is."""
    steps: Steps = ()
    node: Node | None = root
    for name, nth in _STEP.findall(where):
        step: str | int = int(nth) if nth else name
        steps = (*steps, step)
        if node is not None and at(node, (step,)) is None and len(steps) == 1 and not isinstance(root, Keys):
            return ()
        node = child(node, step) if node is not None else None
    return steps
