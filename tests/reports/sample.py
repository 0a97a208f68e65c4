"""A rich, realistic report, built of the sample journal; and the means to build one of any lines."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from chaosproxy.reports.building import Asked, build_report
from chaosproxy.reports.model import Report
from chaosproxy.telemetry.journal_files import JournalFile
from chaosproxy.telemetry.records import Record
from tests.reports.sample_journal import sample_lines

GENERATED = "2026-11-23T09:00:00Z"


def sample_report(sessions: int = 24) -> Report:
    """The report of a run with so many sessions."""
    return report_of(sample_lines(sessions))


def report_of(lines: Iterable[Record], **asked: Any) -> Report:  # noqa: ANN401  any field of `Asked`
    """The report of a journal with these lines."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.jsonl"
        write(path, lines)
        return report_of_files([path], **asked)


def report_of_files(paths: Iterable[Path], **asked: Any) -> Report:  # noqa: ANN401  any field of `Asked`
    """The report of these journals."""
    files = tuple(journal(path) for path in paths)
    return build_report(Asked(files=files, generated=GENERATED, **asked), lambda _read: None)


def journal(path: Path) -> JournalFile:
    """The file as a journal, called as it is."""
    return JournalFile(path, path.name)


def write(path: Path, lines: Iterable[Record]) -> None:
    """Write a journal as the program does."""
    path.write_bytes(msgspec.json.Encoder().encode_lines(list(lines)))
