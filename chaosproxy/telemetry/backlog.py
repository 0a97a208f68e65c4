"""Encoded lines that wait for the disk: bounded, counted, shared by the thread that makes them and the one that writes.

Does no I/O.
"""

from collections import deque
from threading import Lock

HEAD_BYTES = 1 << 20
"""About how much is handed out for one write."""


class Backlog:
    """First in, first out. Beyond its bound lines are dropped and counted: memory must not grow with an outage."""

    def __init__(self, lines_most: int) -> None:
        self.dropped = 0
        """Lines that found no room, or were given up."""
        self._room = lines_most
        self._batches: deque[bytes] = deque()
        self._head = b""
        """Being written; only the writer touches it."""
        self._waiting = 0
        self._lock = Lock()

    def put(self, batch: bytes, lines: int) -> bool:
        """Add whole lines, or drop all of them if there is no room; says which."""
        with self._lock:
            if self._waiting + lines > self._room:
                self.dropped += lines
                return False
            self._waiting += lines
            self._batches.append(batch)
            return True

    def head(self) -> bytes:
        """What to write next: whole batches, or the rest of what was not taken whole; empty if nothing waits."""
        if not self._head:
            parts: list[bytes] = []
            size = 0
            while self._batches and size < HEAD_BYTES:
                parts.append(self._batches.popleft())
                size += len(parts[-1])
            self._head = b"".join(parts)
        return self._head

    def taken(self, size: int) -> None:
        """The disk took the first `size` bytes of `head`."""
        done, self._head = self._head[:size], self._head[size:]
        with self._lock:
            self._waiting -= done.count(b"\n")

    def give_up(self) -> None:
        """Drop all that waits, and count it."""
        with self._lock:
            self._batches.clear()
            self._head = b""
            self.dropped += self._waiting
            self._waiting = 0
