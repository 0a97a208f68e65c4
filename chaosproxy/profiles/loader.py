"""From files to a profile: read, fill in, lay over each other, check everything, and only then answer.

A profile loads completely or not at all, and all its mistakes are told at once. What is not wrong here cannot go wrong
later. Knows no command line, and no traffic.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from chaosproxy.dialects import Dialect
from chaosproxy.profiles.companions import Companions
from chaosproxy.profiles.document import Entry, Node, Scalar, as_written, place_of, plain
from chaosproxy.profiles.document import Mapping as Keys
from chaosproxy.profiles.environment import substitute
from chaosproxy.profiles.mistakes import Finding, Mistake, Place, ProfileError, dotted, show
from chaosproxy.profiles.models import Profile
from chaosproxy.profiles.never import impossible, suspicious
from chaosproxy.profiles.overlay import overlay
from chaosproxy.profiles.reach import hardly_tools, unreachable, without_tools
from chaosproxy.profiles.references import same_names, unfitting
from chaosproxy.profiles.salvage import salvage
from chaosproxy.profiles.sources import Source, read_source
from chaosproxy.profiles.wording import findings, got
from chaosproxy.profiles.yaml_nodes import read_yaml


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line says on top of all files."""

    upstreams: Mapping[str, str] = field(default_factory=dict)
    """URLs by upstream: of those that the profile has, and of further ones."""
    seed: int | None = None
    """Another seed."""


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """A profile that can be used."""

    profile: Profile
    dialects: Mapping[str, Dialect]
    """By the names that its rules and upstreams use; and always `generic`."""
    digest: str
    """12 hex digits. Equal for profiles that do the same, however they are written."""
    files: tuple[str, ...]
    """What it was made of, in order."""
    warnings: tuple[Mistake, ...] = ()
    """What was hardly meant so, in the order of the files; it can be used all the same."""


class _Reading:
    """Mistakes as they are found, step by step. Where one step found something wrong, the next ones are not heard: what
    they say of that place only follows from it.
    """

    def __init__(self, files: tuple[str, ...]) -> None:
        self.files = files
        self.mistakes: list[Mistake] = []

    def add(self, mistakes: Iterable[Mistake]) -> None:
        """What one step has found."""
        before = {_place_of(known) for known in self.mistakes}
        new = {(*_place_of(each), each.path): each for each in mistakes if _place_of(each) not in before}
        self.mistakes.extend(new.values())

    def place(self, found: Iterable[Finding], root: Node) -> None:
        """What one step has found, by path."""
        self.add(_located(each.moved(partial(as_written, root)), root) for each in found)

    def stop_if_wrong(self) -> None:
        """Raise what was found, in the order in which a reader meets it."""
        if self.mistakes:
            raise ProfileError(self.in_order())

    def in_order(self) -> list[Mistake]:
        """What was found, in the order in which a reader meets it."""
        order = {file: nth for nth, file in enumerate(self.files)}
        return sorted(self.mistakes, key=lambda each: (order.get(each.file, len(order)), each[1:3]))


def _located(finding: Finding, root: Node) -> Mistake:
    said = finding.message if finding.shown is None else finding.message.replace("{}", got(finding.shown, root))
    place = place_of(root, finding.path, key=finding.on_key)
    return Mistake(*place, dotted(finding.path), said, finding.suggestion)


def _place_of(mistake: Mistake) -> tuple[str | int, ...]:
    """Of what stands in no file, its path serves as the place."""
    return (mistake.file, mistake.line, mistake.column) if mistake.line else (mistake.file, mistake.path)


def load_profile(
    sources: Sequence[str | Path], environ: Mapping[str, str], overrides: Overrides | None = None
) -> LoadedProfile:
    """The profile that these files make, each laid over those before it.

    Args:
        sources: paths, or names of shipped profiles.
        environ: what `${NAME}` is looked up in.
        overrides: what is laid over all files.

    Raises:
        ProfileError: with every mistake in them.
    """
    read = [read_source(source) for source in sources]
    reading = _Reading(tuple(map(str, sources)))
    reading.add(each for each in read if isinstance(each, Mistake))
    texts = [each for each in read if isinstance(each, Source)]
    if not sources:
        reading.add([Mistake("profile", 0, 0, "", "expected at least one profile")])
    if reading.mistakes:
        reading.add(mistake for text in texts for mistake in read_yaml(text.text, text.file)[1])
        reading.stop_if_wrong()
    return load_sources(texts, environ, overrides)


def load_sources(
    sources: Sequence[Source], environ: Mapping[str, str], overrides: Overrides | None = None
) -> LoadedProfile:
    """As `load_profile`, of texts that have been read already.

    Raises:
        ProfileError: with every mistake in them.
    """
    reading = _Reading(tuple(source.file for source in sources))
    root = _with_overrides(_effective(sources, environ, reading), overrides or Overrides())
    sound, wrong = salvage(root)
    apart = (*unfitting(sound), *unreachable(sound), *without_tools(sound), *impossible(sound))
    together = (each.moved(sound.in_file) for each in apart)
    reading.place(findings(wrong, root), root)
    reading.place([*same_names(sound), *together], root)
    companions = Companions(root, {source.file: source.folder for source in sources})
    complete = companions.complete(sound)
    reading.add(companions.mistakes)
    reading.stop_if_wrong()
    digest = _digest(sound.profile, companions.texts)
    reading.place([*suspicious(complete), *hardly_tools(complete)], root)
    return LoadedProfile(
        complete, MappingProxyType(companions.dialects), digest, reading.files, tuple(reading.in_order())
    )


def _digest(profile: Profile, texts: Mapping[str, str]) -> str:
    """Over what the profile says beyond the defaults, and over the files that it names."""
    said = profile.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    canonical = json.dumps([said, dict(texts)], sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()[:12]


def _effective(sources: Sequence[Source], environ: Mapping[str, str], reading: _Reading) -> Keys:
    """All files in one. Raises if one of them cannot be made sense of."""
    roots: list[Node] = []
    unreadable = False
    for source in sources:
        root, mistakes = read_yaml(source.text, source.file)
        reading.add(mistakes)
        unreadable = unreadable or (root is None and bool(mistakes))
        if root is not None and not isinstance(root, Keys):
            said = f"expected a mapping of keys such as version, name and rules, got {show(plain(root))}"
            reading.add([Mistake(*root.place, "", said)])
            unreadable = True
        if root is not None:
            filled, mistakes = substitute(root, environ)
            reading.add(mistakes)
            roots.append(filled)
    if not roots and not unreadable:
        reading.add([Mistake(sources[-1].file, 0, 0, "", "expected a profile, got an empty file")])
    if not roots or unreadable:
        reading.stop_if_wrong()
    effective = reduce(overlay, roots)
    assert isinstance(effective, Keys)
    return effective


def _with_overrides(root: Keys, overrides: Overrides) -> Keys:
    """The command line's word, laid over the files like another file."""
    over: dict[str, Entry] = {}
    if overrides.upstreams:
        entries = {}
        for name, url in overrides.upstreams.items():
            option = Place(f"--upstream {name}")
            entries[name] = Entry(option, Keys({"url": Entry(option, Scalar(url, option, quoted=True))}, option))
        over["upstreams"] = Entry(Place("--upstream"), Keys(entries, Place("--upstream")))
    if overrides.seed is not None:
        over["seed"] = Entry(Place("--seed"), Scalar(overrides.seed, Place("--seed")))
    laid = overlay(root, Keys(over, root.place))
    assert isinstance(laid, Keys)
    return laid
