"""Explains a session, an episode or a call from its journal: call by call, which rule decided what, and why.

Must not judge anything itself: it tells what the journal says was judged, and by what.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from chaosproxy.core.errors import UsageError
from chaosproxy.reports.accounts import Account
from chaosproxy.reports.counting import RunSeen
from chaosproxy.reports.runs import Chosen, records_of
from chaosproxy.reports.timelines import Offsets, offsets_of
from chaosproxy.telemetry.records import CallEnded

TIMES_READ: Final = 4
"""How often each file is read, with the search for its runs."""


class Target(msgspec.Struct, frozen=True):
    """What is to be explained, as it was asked for: `SESSION`, `SESSION#EPISODE`, or `#CALL`."""

    text: str

    @property
    def head(self) -> str:
        """What stands before the last `#`; empty for a call."""
        return self.text.rpartition("#")[0]

    @property
    def number(self) -> int | None:
        """What stands behind it, if that is a number."""
        _, mark, tail = self.text.rpartition("#")
        return int(tail) if mark and tail.isdecimal() and len(tail) < 16 else None


def explain(chosen: Chosen, target: Target, progress: Callable[[int], None]) -> str:
    """The explanation, in plain text.

    Raises:
        UsageError: there is no such session, episode or call in the run.
    """
    offsets = _offsets(chosen, progress)
    accounts = _collect(chosen, _meant(chosen, target, offsets, progress), offsets, progress)
    lines = [line for account in accounts for line in _told(account, target)]
    if not lines:
        raise UsageError(
            f"there is no session {target.text!r} in this run, and no such episode or call; "
            "write SESSION, SESSION#EPISODE or '#CALL', as the report names them"
        )
    return "\n".join(lines) + "\n"


def _offsets(chosen: Chosen, progress: Callable[[int], None]) -> tuple[Offsets, ...]:
    """How the numbers of the runs are made distinct: as in the report."""
    runs = [RunSeen(each, None if each is None else each.mono) for each in chosen.started]
    for run, record in records_of(chosen, None, progress):
        runs[run].note(record)
    return offsets_of(runs)


def _meant(
    chosen: Chosen, target: Target, offsets: tuple[Offsets, ...], progress: Callable[[int], None]
) -> set[tuple[int, str]]:
    """The sessions that are meant: one of that very name, before one whose episode or call it may be."""
    exact: set[tuple[int, str]] = set()
    others: set[tuple[int, str]] = set()
    for run, record in records_of(chosen, None, progress):
        if not isinstance(record, CallEnded):
            continue
        if record.session == target.text:
            exact.add((run, record.session))
        elif target.number is None:
            continue
        elif record.session == target.head or (not target.head and offsets[run].call(record.number) == target.number):
            others.add((run, record.session))
    return exact or others


def _collect(
    chosen: Chosen, sessions: set[tuple[int, str]], offsets: tuple[Offsets, ...], progress: Callable[[int], None]
) -> list[Account]:
    accounts = {key: Account(key[1], offsets[key[0]]) for key in sorted(sessions)}
    if accounts:
        for run, record in records_of(chosen, None, progress):
            account = accounts.get((run, getattr(record, "session", "")))
            if account is not None:
                account.take(record)
    return list(accounts.values())


def _told(account: Account, target: Target) -> list[str]:
    if target.number is None or target.text == account.session:
        return list(account.whole())
    if target.head:
        return list(account.episode(target.number))
    return list(account.call(target.number))
