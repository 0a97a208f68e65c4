"""Profiles in the hands of a test, written as their parts."""

from typing import Any

from chaosproxy.profiles.models import Profile


def profile(**parts: Any) -> Profile:  # noqa: ANN401  parts of a profile
    return Profile.model_validate({"version": 1, "name": "n", **parts})
