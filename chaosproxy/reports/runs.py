"""Which runs a report is about: found in the journals, chosen, and known to belong together.

Must not know what happened in them.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from chaosproxy.core.errors import UsageError
from chaosproxy.telemetry.journal_files import JournalFile
from chaosproxy.telemetry.journal_reader import (
    KINDS_MOST,
    NEWER,
    RunFound,
    Troubles,
    Unreadable,
    read_records,
    runs_in,
)
from chaosproxy.telemetry.records import Record, RunStarted

NAMED_MOST = 10
"""Runs that are named to somebody who asked for one that there is not."""


class Chosen(msgspec.Struct, frozen=True):
    """The runs of a report, and the files to read them from."""

    files: tuple[JournalFile, ...]
    runs: tuple[str, ...]
    """Their ids, in the order in which they were found: a run's place here numbers it."""
    started: tuple[RunStarted | None, ...]
    """The first line of each; None where the journal has lost it."""
    passed_over: int
    """Runs that the files hold besides."""

    @property
    def first(self) -> RunStarted | None:
        """What the runs have in common: the first line that is there."""
        return next((each for each in self.started if each is not None), None)


def choose_runs(files: Sequence[JournalFile], run: str | None, progress: Callable[[int], None]) -> Chosen:
    """The run that is asked for, in all files; or the last of each file, if none is.

    Raises:
        UsageError: a file cannot be read, none holds a run (or the one asked for), or they are of different profiles.
    """
    held = [runs_in(file, progress) for file in files]
    found = [each for runs in held for each in runs]
    last = [runs[-1] for runs in held if runs]
    picked = last if run is None else [each for each in found if each.id == run]
    if not picked:
        raise _no_such(files, found, run) if found and run is not None else _nothing(files)
    chosen: dict[str, RunStarted | None] = {}
    _no_copies(files, held, {each.id for each in picked})
    for each in picked:
        chosen[each.id] = chosen.get(each.id) or _first_line(found, each.id)
    _same_profile(chosen)
    others = len({each.id for each in found}) - len(chosen)
    return Chosen(tuple(files), tuple(chosen), tuple(chosen.values()), others)


def records_of(
    chosen: Chosen, troubles: Troubles | None, progress: Callable[[int], None]
) -> Iterator[tuple[int, Record]]:
    """Every record of the chosen runs, with the number of its run, in the order of the files.

    What cannot be read is noted in `troubles`, if there is somebody who notes it.
    """
    numbers = {run: number for number, run in enumerate(chosen.runs)}
    for file in chosen.files:

        def left_out(unreadable: Unreadable, name: str = file.name) -> None:
            if troubles is not None:
                troubles.add(name, unreadable)

        for record in read_records(file, left_out, progress):
            number = numbers.get(record.run)
            if number is not None:
                yield number, record


def _first_line(found: Sequence[RunFound], run: str) -> RunStarted | None:
    return next((each.started for each in found if each.id == run and each.started is not None), None)


def _no_copies(files: Sequence[JournalFile], held: Sequence[Sequence[RunFound]], picked: set[str]) -> None:
    """A run may go on in another file, but it begins once: what begins twice would be counted twice."""
    begun: dict[str, str] = {}
    for file, runs in zip(files, held, strict=True):
        for each in runs:
            if each.id in picked and each.started is not None and each.id in begun:
                raise UsageError(f"run {each.id} begins in {begun[each.id]} and again in {file.name}: is one a copy?")
            if each.started is not None:
                begun[each.id] = file.name


def _same_profile(chosen: dict[str, RunStarted | None]) -> None:
    digests = {each.digest: run for run, each in chosen.items() if each is not None}
    if len(digests) > 1:
        shown = " and ".join(f"{digest} (run {run})" for digest, run in list(digests.items())[:2])
        raise UsageError(
            f"these journals are of runs under different profiles: {shown}; a report is about one profile. "
            "Give --run ID for one of them, or --baseline JOURNAL to compare two"
        )


def _nothing(files: Sequence[JournalFile]) -> UsageError:
    newer = next((each for file in files for each in _left_out(file) if each.startswith(NEWER)), None)
    why = "it is empty, or no line of it can be read as a journal's" if newer is None else f"it was {newer}"
    return UsageError(f"there is no run in {_names(files)}: {why}")


def _left_out(file: JournalFile) -> tuple[str, ...]:
    reasons: dict[str, None] = {}

    def left_out(unreadable: Unreadable) -> None:
        if len(reasons) < KINDS_MOST:
            reasons.setdefault(unreadable.reason)

    for _ in read_records(file, left_out, lambda _read: None):
        pass
    return tuple(reasons)


def _no_such(files: Sequence[JournalFile], found: Sequence[RunFound], run: str) -> UsageError:
    known = list(dict.fromkeys(each.id for each in found))
    more = f" and {len(known) - NAMED_MOST} more" if len(known) > NAMED_MOST else ""
    return UsageError(f"there is no run {run!r} in {_names(files)}; there are: {', '.join(known[-NAMED_MOST:])}{more}")


def _names(files: Sequence[JournalFile]) -> str:
    return ", ".join(file.name for file in files)
