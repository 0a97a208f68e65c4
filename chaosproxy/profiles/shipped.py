"""The profiles that come with us: in the wheel beside the package's code, in a checkout at its root."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import chaosproxy


@cache
def shipped_profiles() -> Mapping[str, Path]:
    """Where each profile that comes with us is, by its name, in the order of the alphabet."""
    package = Path(chaosproxy.__file__).resolve().parent
    folders = (package / "fault_profiles", package.parent / "fault_profiles")
    folder = next((each for each in folders if each.is_dir()), None)
    files = sorted(folder.glob("*.yaml")) if folder else []
    return MappingProxyType({file.stem: file for file in files})
