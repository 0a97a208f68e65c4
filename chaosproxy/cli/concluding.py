"""What becomes of a run's journal when the run is over: the report, printed and written, and the exit code.

Knows no proxy and no agent: a journal is enough.
"""

import io
import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import click
import msgspec

from chaosproxy.cli.delivering import check_place, form_for, naming, shown, write_whole
from chaosproxy.core.errors import StartError, UsageError
from chaosproxy.reports.building import Asked, build_report
from chaosproxy.reports.model import Report
from chaosproxy.reports.runs import choose_runs
from chaosproxy.telemetry.journal_files import JournalFile

JOURNAL = "journal.jsonl"
FILES: Mapping[str, str] = MappingProxyType(
    {"report.html": "html", "report.json": "json", "report.md": "markdown", "junit.xml": "junit"}
)
"""What is written into the folder of `--report`, and in which format."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for."""

    journal: Path | None = None
    """Where the journal is appended."""
    folder: Path | None = None
    """Where the reports are written."""
    form: str | None = None
    """How the report is printed; else as the name of `output` says, else as text."""
    output: Path | None = None
    """Where it is printed to, instead of the standard error."""
    baseline: Path | None = None
    """The journal of the control arm."""


def prepare(wanted: Wanted, private: Path) -> Path:
    """Where the run's journal is to be written: there is always one, since the report is made from it.

    Raises:
        UsageError: something that was asked for cannot be written, the baseline is no journal, or no format is known.
    """
    form_for(wanted.form, wanted.output)
    if wanted.baseline is not None:
        choose_runs([_file(wanted.baseline)], None, _unheard)
    if wanted.output is not None:
        check_place(wanted.output)
    if wanted.folder is not None:
        _prepare_folder(wanted.folder, wanted.journal)
    if wanted.journal is not None:
        _check_journal(wanted.journal)
        return wanted.journal
    return (wanted.folder or private) / JOURNAL


def _prepare_folder(folder: Path, journal: Path | None) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (JOURNAL, *FILES):
            if journal is None or journal.absolute() != (folder / name).absolute():
                (folder / name).unlink(missing_ok=True)  # a run before ours must not be taken for ours
    except OSError as error:
        raise UsageError(f"--report {folder}: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise UsageError(f"--report {folder}: Permission denied")


def _check_journal(journal: Path) -> None:
    if journal.exists() and not journal.is_file():
        raise UsageError(f"--journal {journal}: this is no regular file, and the report is read back from it")
    if not journal.parent.is_dir():
        raise UsageError(f"--journal {journal}: there is no folder {journal.parent}")


def conclude(wanted: Wanted, journal: Path, run: str) -> int:
    """Make the report of this run, print it, write what was asked for, and give the verdict's exit code.

    Raises:
        StartError: if the report cannot be made, or something cannot be written.
    """
    report = _built(wanted, journal, run)
    _print(report, wanted, journal)
    if wanted.folder is not None:
        _write(report, wanted.folder, journal)
        say(f"reports  {wanted.folder}: {', '.join([*FILES, JOURNAL])}")
    return report.verdict.exit_code


def say(line: str) -> None:
    """Print a line to the standard error. A run goes on when nobody can read it, as when its terminal has gone."""
    with suppress(OSError, ValueError):
        click.echo(line, err=True)


def _built(wanted: Wanted, journal: Path, run: str) -> Report:
    baseline = () if wanted.baseline is None else (_file(wanted.baseline),)
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    asked = Asked(files=(_file(journal),), run=run, baseline=baseline, generated=now)
    try:
        report = build_report(asked, _unheard)
    except UsageError as error:  # nothing that was asked for is wrong: it has been run
        raise StartError(f"no report can be made: {error}") from None
    if wanted.journal is None and wanted.folder is None:  # who reads this cannot look at the journal
        return naming(report, ())
    return report


def _file(path: Path) -> JournalFile:
    return JournalFile(path.absolute(), str(path))


def _unheard(_bytes_read: int) -> None:
    """The journal of one run is read in no time."""


def _write(report: Report, folder: Path, journal: Path) -> None:
    for name, form in FILES.items():
        write_whole(folder / name, shown(report, form, io.StringIO()))
    try:
        if not (folder / JOURNAL).exists():
            shutil.copyfile(journal, folder / JOURNAL)
    except OSError as error:
        raise StartError(f"the journal cannot be copied to {folder}: {error.strerror}") from None


def _print(report: Report, wanted: Wanted, journal: Path) -> None:
    form = form_for(wanted.form, wanted.output)
    named = naming(report, [str(journal)]) if report.run.journals else report
    # Text names commands that are to be copied; the other formats keep the path of this machine to themselves.
    report = named if form == "text" else report
    if wanted.output is None:
        say(shown(report, form, sys.stderr).rstrip("\n"))
        return
    try:
        write_whole(wanted.output, shown(report, form, io.StringIO()))
    except StartError:
        say(shown(named, "text", sys.stderr).rstrip("\n"))  # or all that the run has shown would be lost
        raise
