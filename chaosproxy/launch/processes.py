"""Which processes carry a mark in their environment, so that what an agent has left running can be told of.

An agent's children inherit its environment, however they detach themselves. Linux alone shows it (/proc); elsewhere
nothing is found. Knows no proxy.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

PROC = Path("/proc")


class Process(msgspec.Struct, frozen=True):
    """A process that runs."""

    pid: int
    name: str
    """Of its program, without arguments."""


def marked(variable: str, value: str) -> list[Process]:
    """The processes, other than this one, that were started with this variable at this value."""
    mark = f"{variable}={value}".encode()
    return [Process(pid, _name(pid)) for pid in _pids() if pid != os.getpid() and mark in _environment(pid)]


def group_of(pid: int) -> int | None:
    """Its process group; None if it is gone."""
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def _pids() -> Iterator[int]:
    try:
        found = os.listdir(PROC)  # noqa: PTH208 - names are all that is wanted, of many files
    except OSError:
        return
    yield from sorted(int(each) for each in found if each.isdecimal())


def _environment(pid: int) -> list[bytes]:
    """Empty for those of others, and for those that have ended."""
    try:
        return (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _name(pid: int) -> str:
    try:
        return (PROC / str(pid) / "comm").read_text(errors="replace").strip()
    except OSError:
        return "?"
