"""The lines of a journal's file, plain or gzip, however large and however broken. Knows nothing of what lines say.

Memory stays within a block and the longest line that is accepted, whatever the file holds.
"""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from chaosproxy.core.errors import UsageError

BLOCK: Final = 1 << 20
"""Bytes that are read at once."""
LONGEST_LINE: Final = 16 << 20
"""Bytes; a longer line is none of ours."""
GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP: Final = 16 + zlib.MAX_WBITS
"""What zlib wants to hear, to expect gzip's frame."""


class JournalFile(msgspec.Struct, frozen=True):
    """A file that is read as a journal. It is opened anew for each reading, so it must be a file, not a pipe."""

    path: Path
    name: str
    """What it is called in what is told of it: the path as it was asked for, or `standard input`."""


class Damage(msgspec.Struct, frozen=True):
    """Where the file itself breaks off, or a line is too long."""

    reason: str


def lines_of(file: JournalFile, progress: Callable[[int], None]) -> Iterator[tuple[int, bytes | Damage]]:
    """Each line with its number, from 1, and without its newline, which the last one may lack.

    `progress` is called with the bytes of the file read since the last time (of a gzip file, the packed ones).

    Raises:
        UsageError: at the first line, when there is no such file, it is a directory or may not be read.
    """
    try:
        with file.path.open("rb") as raw:
            yield from _numbered(_blocks(raw, progress))
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"the journal {file.name} cannot be read: {reason}") from error


def _blocks(raw: BinaryIO, progress: Callable[[int], None]) -> Iterator[bytes | Damage]:
    packed = raw.read(2) == GZIP_MAGIC
    raw.seek(0)
    blocks = _as_they_are(raw, progress)
    return _unpacked(blocks) if packed else blocks


def _as_they_are(raw: BinaryIO, progress: Callable[[int], None]) -> Iterator[bytes]:
    while block := raw.read(BLOCK):
        progress(len(block))
        yield block


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes | Damage]:
    """By hand, because `gzip` throws away what it has unpacked of a block in which the file breaks off."""
    unpacker = zlib.decompressobj(_GZIP)
    try:
        for block in blocks:
            rest = block
            while rest:
                if unpacker.eof:  # RFC 1952, section 2.2: a file may have several members, one after the other
                    unpacker = zlib.decompressobj(_GZIP)
                yield unpacker.decompress(rest, BLOCK)
                rest = unpacker.unused_data.lstrip(b"\0") if unpacker.eof else unpacker.unconsumed_tail
        yield unpacker.flush()
    except zlib.error:
        yield Damage("damaged from here on (gzip)")
        return
    if not unpacker.eof:
        yield Damage("cut off before its end")


def _numbered(blocks: Iterator[bytes | Damage]) -> Iterator[tuple[int, bytes | Damage]]:
    number, begun, skipping = 1, b"", False
    for block in blocks:
        if isinstance(block, Damage):
            yield number, block
            continue
        head, *rest = block.split(b"\n")
        begun = b"" if skipping else begun + head if begun else head
        for line in rest:
            if not skipping:
                yield number, begun
            number, begun, skipping = number + 1, line, False
        if len(begun) > LONGEST_LINE:
            yield number, Damage(f"longer than {LONGEST_LINE >> 20} MiB")
            begun, skipping = b"", True
    if begun:
        yield number, begun
