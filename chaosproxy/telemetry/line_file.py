"""A file that lines are added to, come what may: a full disk now, space again later, a kill in the middle.

Knows nothing of what the lines say. It blocks, so it is not for the event loop.
"""

import os
import stat
from pathlib import Path

from chaosproxy.core.errors import StartError
from chaosproxy.telemetry.backlog import Backlog


class LineFile:
    """An open file to append lines to."""

    def __init__(self, path: Path) -> None:
        """Open `path`; if it is made now, only its owner may read it.

        Raises:
            StartError: it is a directory, its folder is missing, it may not be written.
        """
        self.path = path
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if _ends_within_a_line(path):
                os.write(self._file, b"\n")  # somebody was killed while writing: our line must not join their half
        except OSError as error:
            raise StartError(f"the journal {path} cannot be written: {error.strerror}") from error

    def write(self, backlog: Backlog) -> None:
        """Write all that waits. What the disk does not take goes on waiting, from the very byte where it stopped.

        Raises:
            OSError: the disk is full, or the like; try again later.
        """
        while lines := backlog.head():
            backlog.taken(os.write(self._file, lines))

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _ends_within_a_line(path: Path) -> bool:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size == 0:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
