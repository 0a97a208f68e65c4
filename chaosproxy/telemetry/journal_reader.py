"""Reads a journal back. What cannot be read is left out and told, never a reason to stop.

Knows what lines look like, not what they mean.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from chaosproxy.core.errors import UsageError
from chaosproxy.telemetry.records import Record


class Unreadable(msgspec.Struct, frozen=True):
    """A line that was left out."""

    line: int
    """Its number in the file, from 1."""
    reason: str


def read_journal(path: Path, left_out: Callable[[Unreadable], None]) -> Iterator[Record]:
    """The records of the journal `path` in the file's order; `left_out` is called with each line that is none.

    Raises:
        UsageError: at the first record, when there is no such file or it may not be read.
    """
    decoder = msgspec.json.Decoder(Record)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.isspace():
                    continue
                try:
                    yield decoder.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    left_out(Unreadable(number, str(error) if line.endswith(b"\n") else "cut off before its end"))
    except OSError as error:
        raise UsageError(f"the journal {path} cannot be read: {error.strerror}") from error
