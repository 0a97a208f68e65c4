"""Profiles as the command line names them: paths or shipped names, overlaid in order."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaosproxy.profiles.loader import LoadedProfile


def load(profiles: Sequence[str], upstreams: Sequence[tuple[str, str]], seed: int | None) -> "LoadedProfile":
    """The profile that these files and options make.

    Raises:
        ProfileError: with every mistake, a line each.
    """
    from chaosproxy.profiles.loader import Overrides, load_profile  # noqa: PLC0415 - so that `--help` is quick

    return load_profile(profiles, os.environ, Overrides(upstreams=dict(upstreams), seed=seed))
