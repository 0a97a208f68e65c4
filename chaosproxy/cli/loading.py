"""Profiles as the command line names them: paths or shipped names, overlaid in order."""

import os
from collections.abc import Sequence

from chaosproxy.profiles.loader import LoadedProfile, Overrides, load_profile


def load(profiles: Sequence[str], upstreams: Sequence[tuple[str, str]], seed: int | None) -> LoadedProfile:
    """The profile that these files and options make.

    Raises:
        ProfileError: with every mistake, a line each.
    """
    return load_profile(profiles, os.environ, Overrides(upstreams=dict(upstreams), seed=seed))
