"""The profiles that come with us: in the wheel beside the package's code, in a checkout at its root."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import chaosproxy


@cache
def shipped_profiles() -> Mapping[str, Path]:
    """Where each profile that comes with us is, by its name, in the order of the alphabet."""
    return MappingProxyType({file.stem: file for file in sorted(_files(), key=lambda file: file.stem)})


@cache
def shipped_groups() -> Mapping[str, tuple[str, ...]]:
    """The names by group: `teaching`, to learn from, and `incidents`, which retell what happened to somebody and have a
    folder of their own.
    """
    groups: dict[str, tuple[str, ...]] = {"teaching": (), "incidents": ()}
    for name, file in shipped_profiles().items():
        group = "incidents" if file.parent.name == "incidents" else "teaching"
        groups[group] += (name,)
    return MappingProxyType(groups)


def _files() -> list[Path]:
    package = Path(chaosproxy.__file__).resolve().parent
    folders = (package / "fault_profiles", package.parent / "fault_profiles")
    folder = next((each for each in folders if each.is_dir()), None)
    return [*folder.glob("*.yaml"), *folder.glob("incidents/*.yaml")] if folder else []
