"""Reads a journal back. What cannot be read is left out and told, never a reason to stop.

Knows what lines look like, not what they mean.
"""

from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Final

import msgspec

from chaosproxy.telemetry.journal_files import Damage, JournalFile, lines_of
from chaosproxy.telemetry.records import Record, RunStarted

VERSION: Final = 1
KINDS_MOST: Final = 20
"""Kinds of trouble that are told one by one for a file; a file that is no journal may have any number."""
OTHER_KINDS: Final = "unreadable in other ways"
NEWER: Final = "written by a newer version"
CUT_OFF: Final = "cut off before its end"
TOLD_LONGEST: Final = 120
"""Characters told of what a line says about itself; it may say anything."""


class Unreadable(msgspec.Struct, frozen=True):
    """A line that was left out."""

    line: int
    """Its number in the file, from 1."""
    reason: str


class Troubles:
    """What of some files could not be read: once for each kind, however many lines have it."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, list[int]]] = {}

    def add(self, name: str, unreadable: Unreadable) -> None:
        """Note a line of the file called `name`."""
        kinds = self._found.setdefault(name, {})
        reason = unreadable.reason
        if reason not in kinds and len(kinds) >= KINDS_MOST:
            reason = OTHER_KINDS
        seen = kinds.setdefault(reason, [unreadable.line, 0])
        seen[1] += 1

    def told(self) -> tuple[str, ...]:
        """A sentence for each kind: `run.jsonl: 3 lines left out, first at line 812: cut off before its end`."""
        return tuple(
            f"{PurePath(name).name}: {_lines_left_out(count)} at line {first}: {reason}"
            for name, kinds in self._found.items()
            for reason, (first, count) in kinds.items()
        )


class RunFound(msgspec.Struct, frozen=True):
    """A run in a journal."""

    id: str
    started: RunStarted | None
    """Its first line; None if the journal has lost it."""


class Head(msgspec.Struct):
    """What a line of any version begins with, as far as it can be told."""

    type: str = ""
    v: int = 0
    run: str = ""


def read_records(
    file: JournalFile, left_out: Callable[[Unreadable], None], progress: Callable[[int], None]
) -> Iterator[Record]:
    """The records of a journal in the file's order; `left_out` is called with each line that is none.

    `progress` is called with the bytes of the file read since the last time.

    Raises:
        UsageError: at the first record, when there is no such file, it is a directory or may not be read.
    """
    decode = msgspec.json.Decoder(Record).decode
    for number, line in lines_of(file, progress):
        if isinstance(line, Damage):
            left_out(Unreadable(number, line.reason))
            continue
        try:
            yield decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if line and not line.isspace():
                left_out(Unreadable(number, _reason(line, error)))


def read_journal(path: Path, left_out: Callable[[Unreadable], None]) -> Iterator[Record]:
    """As `read_records`, of a file by its path."""
    return read_records(JournalFile(path, str(path)), left_out, _nobody_watches)


def runs_in(file: JournalFile, progress: Callable[[int], None]) -> tuple[RunFound, ...]:
    """The runs that a journal holds, in the order in which they began. Reads no more of each line than it must.

    Raises:
        UsageError: when there is no such file, it is a directory or may not be read.
    """
    decode = msgspec.json.Decoder(Head).decode
    runs: dict[str, RunStarted | None] = {}
    latest = ""
    for _, line in lines_of(file, progress):
        if isinstance(line, Damage):
            continue
        try:
            head = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if head.run != latest and head.v == VERSION:
            latest = head.run
            runs.setdefault(latest, _started(line))
    runs.pop("", None)
    return tuple(RunFound(run, started) for run, started in runs.items())


def _started(line: bytes) -> RunStarted | None:
    try:
        return msgspec.json.decode(line, type=RunStarted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _reason(line: bytes, error: Exception) -> str:
    said = str(error)
    if "truncated" in said:
        return CUT_OFF
    try:
        head = msgspec.json.decode(line, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "not a line of a journal"
    if head.v > VERSION:
        return f"{NEWER} (v {head.v})"
    if said.startswith("Invalid value") and said.endswith("`$.type`"):
        return f"of a type that this version does not know ({_plain(head.type)})"
    return _plain(said)


def _plain(text: str) -> str:
    shown = "".join(each if each.isprintable() else "?" for each in text[: TOLD_LONGEST + 1])
    return shown if len(shown) <= TOLD_LONGEST else f"{shown[:TOLD_LONGEST]}…"


def _lines_left_out(count: int) -> str:
    return "1 line left out," if count == 1 else f"{count} lines left out, first"


def _nobody_watches(_read: int) -> None:
    """Where nobody wants to know how far the reading is."""
