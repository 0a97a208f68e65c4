"""Journals as the command line names them: files, pipes, `-` for the standard input; and how far their reading is."""

import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from chaosproxy.core.errors import StartError, UsageError
from chaosproxy.telemetry.journal_files import JournalFile

LARGE = 32 << 20
"""Bytes to read from which on it is worth showing how far the reading is."""

Progress = Callable[[int], None]


@contextmanager
def journal_files(names: Sequence[str]) -> Iterator[tuple[JournalFile, ...]]:
    """The files. What can be read only once, such as a pipe, is first copied to one that can be read again.

    Raises:
        UsageError: there is no such file, it is a folder or a device, or the standard input is named twice.
        StartError: there is no room for the copy.
    """
    if list(names).count("-") > 1:
        raise UsageError("- is the standard input, which can be read only once")
    with ExitStack() as stack:
        yield tuple(_file(name, stack) for name in names)


def _file(name: str, stack: ExitStack) -> JournalFile:
    if name == "-":
        return JournalFile(_copy(sys.stdin.buffer, stack), "standard input")
    path = Path(name)
    try:
        mode = path.stat().st_mode
        if stat.S_ISFIFO(mode):
            with path.open("rb") as pipe:
                return JournalFile(_copy(pipe, stack), name)
    except OSError as error:
        raise UsageError(f"the journal {name} cannot be read: {error.strerror}") from None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a device may never end
        raise UsageError(f"the journal {name} cannot be read: this is neither a file nor a pipe")
    return JournalFile(path, name)


def _copy(source: BinaryIO, stack: ExitStack) -> Path:
    copy = stack.enter_context(tempfile.NamedTemporaryFile(prefix="journal-"))  # noqa: SIM115 - the stack is one
    try:
        shutil.copyfileobj(source, copy, 1 << 20)
        copy.flush()
    except OSError as error:
        raise StartError(f"cannot keep what comes from a pipe in {copy.name}: {error.strerror}") from None
    return Path(copy.name)


@contextmanager
def reading(files: Sequence[JournalFile], times: int) -> Iterator[Progress]:
    """Shows, on a terminal and for large files, how far the reading is; each is read so many times."""
    total = times * sum(_size(file.path) for file in files)
    if total < LARGE or not sys.stderr.isatty():
        yield _unseen
        return
    from rich.console import Console  # noqa: PLC0415 - so that `--help` is quick
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=total)
        yield lambda read: bar.advance(task, read)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # whoever reads it will say what is wrong


def _unseen(_read: int) -> None:
    """Where nobody looks."""
