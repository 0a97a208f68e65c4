"""What is right in a profile that is partly wrong, so that all mistakes are told at once.

Wrong keys are taken out, and what cannot do without them, until the models accept what is left. What has lost a key is
doubtful: it may mean more than its writer meant, so nothing may be concluded from what it does not say.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from chaosproxy.profiles.document import Entry, Listing, Mapping, Node, Scalar, at, plain
from chaosproxy.profiles.mistakes import Path, Place
from chaosproxy.profiles.models import Profile
from chaosproxy.profiles.wording import path_in

_ROUNDS = 12
"""More than a profile has levels: each round takes out at least what the last one laid bare."""


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound part of a profile."""

    profile: Profile
    kept: tuple[int, ...]
    """Which rule of the file each of the profile's rules is."""
    doubtful: frozenset[Path]
    """What has lost a key: `("rules", 2)`, as the file counts, or `("tools", "find")`; and `("phases",)`, if those are
    lost."""
    upstreams: tuple[str, ...]
    """All that are declared, also those that are wrong in themselves."""
    tools: tuple[str, ...]
    """All that are declared, also those that are wrong in themselves."""
    rules: tuple[object, ...]
    """The names of all rules of the file, also of those that are wrong in themselves."""

    @property
    def all_phases(self) -> bool:
        """Are the phases of the profile those of the file?"""
        return not any(path[:1] == ("phases",) for path in self.doubtful)

    def in_file(self, path: Path) -> Path:
        """A path in `profile` as one in the file."""
        if path[:1] == ("rules",) and len(path) > 1 and isinstance(nth := path[1], int):
            return ("rules", self.kept[nth], *path[2:])
        return path


def salvage(root: Mapping) -> tuple[Sound, list[ErrorDetails]]:
    """The sound part of `root`, and what is wrong with the rest."""
    kept = _rule_numbers(root)
    left: Mapping = root
    wrong: list[ErrorDetails] = []
    doubtful: set[Path] = set()
    for _ in range(_ROUNDS):
        try:
            profile = Profile.model_validate(plain(left))
        except ValidationError as error:
            errors = error.errors(include_url=False)
            wrong = wrong or errors
            out = {_to_take_out(each, left) for each in errors}
            doubtful |= {_as_file_counts(path[:2], kept) for path in out if len(path) > 1 or path == ("phases",)}
            left = _with_essentials(_without(left, (), out))
            kept = tuple(number for nth, number in enumerate(kept) if not {("rules", nth), ("rules",)} & out)
        else:
            return _sound(profile, kept, doubtful, root), wrong
    return _sound(Profile(version=1, name="-"), (), doubtful, root), wrong


def _sound(profile: Profile, kept: tuple[int, ...], doubtful: Iterable[Path], root: Mapping) -> Sound:
    rules = at(root, ("rules",))
    names = [at(rule, ("name",)) for rule in rules.items] if isinstance(rules, Listing) else []
    return Sound(
        profile=profile,
        kept=kept,
        doubtful=frozenset(doubtful),
        upstreams=_names(root, "upstreams"),
        tools=_names(root, "tools"),
        rules=tuple(name.value if isinstance(name, Scalar) else None for name in names),
    )


def _rule_numbers(root: Mapping) -> tuple[int, ...]:
    rules = at(root, ("rules",))
    return tuple(range(len(rules.items))) if isinstance(rules, Listing) else ()


def _names(root: Mapping, section: str) -> tuple[str, ...]:
    node = at(root, (section,))
    return tuple(node.entries) if isinstance(node, Mapping) else ()


def _as_file_counts(path: Path, kept: tuple[int, ...]) -> Path:
    if path[0] == "rules" and isinstance(nth := path[1], int) and nth < len(kept):
        return ("rules", kept[nth])
    return path


def _to_take_out(error: ErrorDetails, root: Mapping) -> Path:
    """What must go for this error to go: the value, or what should have had the key that is missing.

    A list goes as a whole, because its places would shift; but for the rules, which are counted.
    """
    path = path_in(error["loc"], root)
    while path and at(root, path) is None:
        path = path[:-1]
    while path and isinstance(path[-1], int) and len(path) != 2:
        path = path[:-1]
    return path


def _without(node: Node, path: Path, out: Iterable[Path]) -> Node:
    if isinstance(node, Mapping):
        entries = {
            key: Entry(entry.key, _without(entry.node, (*path, key), out))
            for key, entry in node.entries.items()
            if (*path, key) not in out
        }
        return Mapping(entries, node.place)
    if isinstance(node, Listing):
        items = [_without(item, (*path, nth), out) for nth, item in enumerate(node.items) if (*path, nth) not in out]
        return Listing(tuple(items), node.place)
    return node


def _with_essentials(left: Node) -> Mapping:
    """With a version and a name, if they are what was wrong."""
    assert isinstance(left, Mapping)
    here = Place("")
    essentials = {"version": Entry(here, Scalar(1, here)), "name": Entry(here, Scalar("-", here))}
    return Mapping({**essentials, **left.entries}, left.place)
