"""Profiles as texts, and what the loader says of them."""

from collections.abc import Mapping
from pathlib import Path

from chaosproxy.profiles.loader import LoadedProfile, Overrides, load_sources
from chaosproxy.profiles.mistakes import ProfileError
from chaosproxy.profiles.sources import Source

NOWHERE = Path("/nonexistent")


def load(*texts: str, environ: Mapping[str, str] | None = None, overrides: Overrides | None = None) -> LoadedProfile:
    """The profile of these texts; the files are called a.yaml, b.yaml, and so on."""
    names = [f"{letter}.yaml" for letter in "abcdefgh"]
    sources = [Source(name, text, NOWHERE) for name, text in zip(names, texts, strict=False)]
    return load_sources(sources, environ or {}, overrides)


def refusals(*texts: str, environ: Mapping[str, str] | None = None, overrides: Overrides | None = None) -> list[str]:
    """What is wrong with them, a line each; nothing if they load."""
    try:
        load(*texts, environ=environ, overrides=overrides)
    except ProfileError as error:
        return str(error).splitlines()
    return []


def with_rule(rule: str, rest: str = "") -> str:
    """A profile with one rule, given as a YAML flow mapping; it stands on line 4."""
    return f"version: 1\nname: test\nrules:\n  - {rule}\n{rest}"
