"""The story that a shipped profile tells in the comment at its top. Knows comments, and no YAML.

# What it is, in a sentence.
#
# What happened
#   Indented text.
#
#   chaosproxy serve NAME ...        (how to use it: indented, after an empty line, at the end)
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

TEACHING = ("Who meets this", "What a healthy agent does", "What to watch")
"""The chapters of a profile to learn from."""
INCIDENT = ("What happened", "What a healthy agent does", "What to watch")
"""The chapters of a profile that retells what happened to somebody."""


class Story(NamedTuple):
    """What the comment says."""

    opening: str
    """What it is, in a sentence or two."""
    chapters: Mapping[str, str]
    """By their headings, in order; each one paragraph."""
    usage: tuple[str, ...]
    """Commands that use it."""


def story(text: str) -> Story:
    """The story of a profile's text; empty, if it does not begin with a comment."""
    lines = [line[1:] for line in text.partition("\nversion:")[0].splitlines() if line.startswith("#")]
    opening: list[str] = []
    chapters: dict[str, list[str]] = {}
    usage: list[str] = []
    into = opening
    chapter_over = False
    for line in lines:
        said = line.strip()
        if said in {*TEACHING, *INCIDENT}:
            into = chapters.setdefault(said, [])
            chapter_over = False
        elif not said:
            chapter_over = bool(chapters)
        elif chapter_over and line.startswith("   "):
            usage.append(said)
        else:
            into.append(said)
    told = {heading: " ".join(paragraph) for heading, paragraph in chapters.items()}
    return Story(" ".join(opening), MappingProxyType(told), tuple(usage))
