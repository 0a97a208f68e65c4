"""What becomes of a run's journal when the run is over: the report, printed and written, and the exit code.

Knows no proxy and no agent: a journal is enough.
"""

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

from chaosproxy.cli.report import write_whole
from chaosproxy.core.errors import StartError, UsageError
from chaosproxy.reports.building import Asked, build_report
from chaosproxy.reports.formats import endings, format_of, rendered
from chaosproxy.reports.model import Report
from chaosproxy.reports.runs import choose_runs
from chaosproxy.reports.text import render
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
        UsageError: if the folder of the reports cannot be had, the baseline is no journal, or no format is known.
    """
    _form(wanted)
    if wanted.baseline is not None:
        choose_runs([_file(wanted.baseline)], None, _unheard)
    if wanted.folder is not None:
        try:
            wanted.folder.mkdir(parents=True, exist_ok=True)
            for name in (JOURNAL, *FILES):
                if wanted.journal is None or wanted.journal.absolute() != (wanted.folder / name).absolute():
                    (wanted.folder / name).unlink(missing_ok=True)  # a run before ours must not be taken for ours
        except OSError as error:
            raise UsageError(f"--report {wanted.folder}: {error.strerror}") from None
    if wanted.journal is not None:
        return wanted.journal
    return (wanted.folder or private) / JOURNAL


def conclude(wanted: Wanted, journal: Path, run: str) -> int:
    """Make the report of this run, print it, write what was asked for, and give the verdict's exit code.

    Raises:
        StartError: if the report cannot be made, or something cannot be written.
    """
    report = _built(wanted, journal, run)
    if wanted.folder is not None:
        _write(report, wanted.folder, journal)
    _print(report, wanted, journal)
    if wanted.folder is not None:
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
        return _of_journals(report)
    return report


def _of_journals(report: Report, *names: str) -> Report:
    return msgspec.structs.replace(report, run=msgspec.structs.replace(report.run, journals=names))


def _file(path: Path) -> JournalFile:
    return JournalFile(path.absolute(), str(path))


def _unheard(_bytes_read: int) -> None:
    """The journal of one run is read in no time."""


def _form(wanted: Wanted) -> str:
    form = wanted.form or ("text" if wanted.output is None else format_of(wanted.output))
    if form is None:
        raise UsageError(f"--output {wanted.output}: its name says no format ({endings()}); give --format as well")
    return form


def _write(report: Report, folder: Path, journal: Path) -> None:
    for name, form in FILES.items():
        write_whole(folder / name, rendered(report, form))
    try:
        if not (folder / JOURNAL).exists():
            shutil.copyfile(journal, folder / JOURNAL)
    except OSError as error:
        raise StartError(f"the journal cannot be copied to {folder}: {error.strerror}") from None


def _print(report: Report, wanted: Wanted, journal: Path) -> None:
    form = _form(wanted)
    if form == "text" and report.run.journals:
        report = _of_journals(report, str(journal))  # so that the commands that it names can be copied
    if wanted.output is not None:
        write_whole(wanted.output, rendered(report, form))
    else:
        say((_for_people(report) if form == "text" else rendered(report, form)).rstrip("\n"))


def _for_people(report: Report) -> str:
    if not sys.stderr.isatty():
        return render(report)
    width = shutil.get_terminal_size().columns
    return render(report, colours=not os.environ.get("NO_COLOR"), width=width)
