"""What a section measures and what it comes back with. Must not know any section."""

from collections.abc import Callable, Sequence
from statistics import median

import msgspec

from benchmarks.goals import Goal
from benchmarks.markdown import markdown_table

MEBIBYTE = 2**20


class Setting(msgspec.Struct, frozen=True):
    """What every section is told."""

    rounds: int
    seconds: int
    """Length of one measurement."""
    python: str
    """The Python that runs chaosproxy."""
    tell: Callable[[str], None]
    """Says to people what is being done now."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a section found: a table for people, raw figures for programs, and its goals."""

    section: str
    title: str
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    goals: tuple[Goal, ...] = ()
    figures: dict[str, object] = {}
    remarks: tuple[str, ...] = ()
    """What must be known to read the table."""
    problems: tuple[str, ...] = ()
    """Why its figures do not count, if they do not."""


class Section(msgspec.Struct, frozen=True):
    """Something to measure beside the table of relays."""

    name: str
    """What `--only` calls it."""
    title: str
    goals: tuple[Goal, ...]
    measure: Callable[[Setting, "Section"], Finding]
    """Raises RelayError or BenchmarkError for what cannot be measured."""


def format_finding(finding: Finding) -> str:
    """A section for people, in Markdown."""
    parts = [f"### {finding.title}"]
    if finding.remarks:
        parts.append("\n".join(finding.remarks))
    if finding.rows:
        parts.append(markdown_table(finding.headings, finding.rows))
    parts.extend(f"! {problem}" for problem in finding.problems)
    return "\n\n".join(parts)


def middle(values: Sequence[float]) -> float | None:
    """The median; None of nothing."""
    return median(values) if values else None
