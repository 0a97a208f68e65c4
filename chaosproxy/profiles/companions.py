"""The files that a profile names: dialects of a user's own, certificate authorities, client certificates, and
whatever its faults name.

They are read when it is loaded, so that none can be missing later. Relative paths start from the
folder of the file that names them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from chaosproxy.dialects import Dialect, builtin_names, load_builtin, parse_dialect
from chaosproxy.faults._base import Fault
from chaosproxy.profiles.document import Mapping as Keys
from chaosproxy.profiles.document import Node, as_written, at, child, place_of, plain
from chaosproxy.profiles.fault_files import FaultFile, located, read_fault_file
from chaosproxy.profiles.mistakes import Mistake, dotted, nearest
from chaosproxy.profiles.mistakes import Path as Steps
from chaosproxy.profiles.models import Profile, Rule, Upstream
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
        self._fault_files: dict[Path, FaultFile | None] = {}
        """Those that have been looked at; None where something was wrong."""
        self.dialects: dict[str, Dialect] = {GENERIC: load_builtin(GENERIC)}
        """By the names that the profile uses."""
        self.texts: dict[str, str] = {}
        """What stands in the dialect files, by the same names, and in those that faults name."""
        self.mistakes: list[Mistake] = []
        """What is wrong with the files, or with the names."""

    def complete(self, sound: Sound) -> Profile:
        """Find all; the profile, its certificates and keys as absolute paths."""
        profile = sound.profile
        for use in _dialects_in(sound):
            self._dialect(use)
        upstreams = dict(profile.upstreams)
        for name, upstream in upstreams.items():
            upstreams[name] = upstream.model_copy(update=dict(self._certificates(name, upstream)))
        rules = tuple(self._rule(sound, nth, rule) for nth, rule in enumerate(profile.rules))
        return profile.model_copy(update={"upstreams": upstreams, "rules": rules})

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

    def _rule(self, sound: Sound, nth: int, rule: Rule) -> Rule:
        """The rule, with what stands in the files of its faults."""
        if not any(fault.documents() for fault in rule.fault):
            return rule
        places = (sound.in_file(("rules", nth, "fault", position)) for position in range(len(rule.fault)))
        faults = tuple(self._fault(place, fault) for place, fault in zip(places, rule.fault, strict=True))
        return rule.model_copy(update={"fault": faults})

    def _fault(self, place: Steps, fault: Fault) -> Fault:
        named = fault.documents()
        files = {setting: self._fault_file(_Use((*place, setting), name)) for setting, name in named.items()}
        found = {setting: file for setting, file in files.items() if file is not None}
        if not named or len(found) < len(named):
            return fault
        try:
            return fault.completed({setting: file.value for setting, file in found.items()})
        except ValueError as error:
            setting, _, said = str(error).partition(": ")
            self.mistakes.append(located(said, found[setting]))
            return fault

    def _fault_file(self, use: _Use) -> FaultFile | None:
        path = self._resolved(use)
        if self._paths.setdefault(use.name, path) != path:
            self._note(use, "expected one file of this name, got {} in two folders")
            return None
        if path not in self._fault_files:
            self._fault_files[path] = self._read(use, path)
        return self._fault_files[path]

    def _read(self, use: _Use, path: Path) -> FaultFile | None:
        try:
            read = read_fault_file(path)
        except ValueError as error:
            self._note(use, f"expected the path of a file, got {{}}: {error}")
            return None
        if isinstance(read, list):
            self.mistakes.extend(read)
            return None
        self.texts[use.name] = read.text
        return read

    def _certificates(self, name: str, upstream: Upstream) -> Iterator[tuple[str, str]]:
        """The fields that name certificates and keys, with absolute paths."""
        uses = {
            field: _Use(("upstreams", name, field), path)
            for field in ("ca", "client_cert", "client_key")
            if (path := getattr(upstream, field)) is not None
        }
        if "ca" in uses:
            self._pem(uses["ca"], "a file of certificates", _wrong_with_authorities)
        certificate, key = uses.get("client_cert"), uses.get("client_key")
        if certificate is not None and key is not None:
            self._key_pair(certificate, key)
        elif certificate is not None:
            self._note(certificate, "expected client_key beside it, the file of its key; got {} alone")
        elif key is not None:
            self._note(key, "expected client_cert beside it, the file of its certificate; got {} alone")
        for field, use in uses.items():
            yield field, str(self._resolved(use))

    def _key_pair(self, certificate: _Use, key: _Use) -> None:
        from chaosproxy.profiles.key_pairs import (  # noqa: PLC0415 - `cryptography` is slow to import, and seldom needed
            wrong_with_certificate,
            wrong_with_key,
        )

        shown = self._pem(certificate, "a file of certificates", wrong_with_certificate)
        self._pem(key, "the file of a private key", lambda text: wrong_with_key(text, shown))

    def _pem(self, use: _Use, expected: str, wrong_with: Callable[[str], str | None]) -> str | None:
        """The text of a file, if nothing is wrong with it."""
        try:
            text = read_text(self._resolved(use))
            problem = wrong_with(text)
        except ValueError as error:
            problem = str(error)
        if problem is None:
            return text
        self._note(use, f"expected {expected}, got {{}}: {problem}")
        return None

    def _resolved(self, use: _Use) -> Path:
        folder = self._folders.get(place_of(self._root, as_written(self._root, use.path)).file, Path())
        return (folder / use.name).absolute()

    def _note(self, use: _Use, message: str, suggestion: str | None = None) -> None:
        path = as_written(self._root, use.path)
        said = message.replace("{}", got(path, self._root))
        self.mistakes.append(Mistake(*place_of(self._root, path), dotted(path), said, suggestion))


def _wrong_with_authorities(text: str) -> str | None:
    return None if "-----BEGIN CERTIFICATE-----" in text else "it holds no certificate in PEM"


def _dialects_in(sound: Sound) -> Iterator[_Use]:
    for name, upstream in sound.profile.upstreams.items():
        if upstream.dialect is not None:
            yield _Use(("upstreams", name, "dialect"), upstream.dialect)
    for nth, rule in enumerate(sound.profile.rules):
        for position, fault in enumerate(rule.fault):
            for setting in ("dialect", "gateway"):
                if (dialect := getattr(fault, setting, None)) is not None:
                    yield _Use(sound.in_file(("rules", nth, "fault", position, setting)), dialect)


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
