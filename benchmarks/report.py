"""One run, whole: what the JSON file holds, and what is printed for people, in Markdown.

Must not know how anything was measured.
"""

import itertools

import msgspec

from benchmarks.findings import Finding, format_finding
from benchmarks.goals import Goal, format_goals
from benchmarks.machine import Machine
from benchmarks.rounds import Absent, Failure, Sample
from benchmarks.table import Row, format_table


class Report(msgspec.Struct, frozen=True):
    """One run."""

    machine: Machine
    rounds: int
    seconds: int
    connections: int
    paced_per_second: int
    goals: list[Goal]
    """All of them, also those that this run did not measure."""
    rows: list[Row]
    """The relays."""
    findings: list[Finding]
    """The sections."""
    samples: list[Sample]
    failures: list[Failure]
    absent: list[Absent]

    @property
    def complete(self) -> bool:
        """Was all measured that was asked for, on this machine?"""
        return not self.failures and not any(finding.problems for finding in self.findings)


def format_report(report: Report) -> str:
    """For people, and to be pasted into a page as it is."""
    return "\n\n".join(itertools.chain(_head(report), _relays(report), map(format_finding, report.findings)))


def _head(report: Report) -> list[str]:
    return ["\n".join(report.machine.lines), "### Goals", format_goals(report.goals)]


def _relays(report: Report) -> list[str]:
    if not report.rows:
        return []
    method = (
        f"{report.rounds} rounds. Full load: wrk, {report.connections} connections, {report.seconds} s. "
        f"Added: over direct, at {report.paced_per_second} calls a second for {report.seconds} s. "
        "1 KB replies; relay on one core, load and upstream on another."
    )
    return ["### Relays", method, format_table(report.rows)]
