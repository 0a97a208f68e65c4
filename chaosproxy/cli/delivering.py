"""How a report leaves the program: to a stream that people read, or in one step to a file; the same for all commands.

Must not know how a report is made, nor what one looks like.
"""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import msgspec

from chaosproxy.core.errors import StartError, UsageError
from chaosproxy.reports.formats import endings, format_of, rendered
from chaosproxy.reports.model import Report
from chaosproxy.reports.text import render


def form_for(form: str | None, output: Path | None) -> str:
    """The format that is asked for: by its name, else by the name of the file, else text.

    Raises:
        UsageError: the file's name says no format.
    """
    found = form or ("text" if output is None else format_of(output))
    if found is None:
        raise UsageError(f"--output {output}: its name says no format ({endings()}); give --format as well")
    return found


def shown(report: Report, form: str, stream: TextIO) -> str:
    """The report as it is printed to this stream: on a terminal, text is as wide as that and has its colours."""
    if form != "text" or not stream.isatty():
        return rendered(report, form)
    colours = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return render(report, colours=colours, width=shutil.get_terminal_size().columns)


def naming(report: Report, journals: Sequence[str]) -> Report:
    """The report as text, whose commands can be copied: with its journals by these names; none, if they are gone."""
    return msgspec.structs.replace(report, run=msgspec.structs.replace(report.run, journals=tuple(journals)))


def check_place(path: Path) -> None:
    """Can a file be written there, as far as can be told without doing it? Better asked before an hour's run.

    Raises:
        UsageError: there is no such folder, or one may not write into it.
    """
    folder = path.parent
    if not folder.is_dir():
        raise UsageError(f"the report {path} cannot be written: there is no folder {folder}")
    if not os.access(path if path.exists() and not path.is_file() else folder, os.W_OK):
        raise UsageError(f"the report {path} cannot be written: Permission denied")


def write_whole(path: Path, text: str) -> None:
    """Write a file in one step: whoever reads it finds all of it, or what was there before.

    Raises:
        StartError: it cannot be written there, or there is no room.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.exists() and not path.is_file():  # /dev/stdout, a pipe: there is nothing to put in its place
            path.write_text(text, encoding="utf-8")
            return
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise StartError(f"the report {path} cannot be written: {error.strerror}") from None
