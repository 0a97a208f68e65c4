"""When to look at whom: each turn costs what is due in it, however many others are waiting for their time.

Whoever is watched stands in one bucket of a quarter of a second. A deadline that moves to a later time leaves it where
it is: it is looked at, has nothing to do, and says when to come again. So the usual life of a connection, request upon
request, costs one comparison each. Knows no loop: it is told the time.
"""

import logging
from typing import Protocol

log = logging.getLogger("chaosproxy.listener")

TICK = 0.25
"""Seconds between turns. Deadlines are kept this exactly; injected delays have timers of their own."""


class Watched(Protocol):
    """Who has deadlines."""

    watched: int
    """The bucket it is in; 0 for none. Only `Deadlines` writes it."""

    def look(self, now: float) -> float:
        """A deadline may have passed: act on it. Returns when to look again, 0 for never."""


class Deadlines:
    """All who have a deadline, by the time at which it is worth looking."""

    def __init__(self, now: float) -> None:
        self._buckets: dict[int, set[Watched]] = {}
        self._next = int(now / TICK) + 1

    def watch(self, item: Watched, at: float) -> None:
        """Look at `item` at that time (monotonic seconds), unless it is looked at before anyway."""
        slot = int(at / TICK) + 1
        if item.watched:
            if item.watched <= slot:
                return
            self._buckets[item.watched].discard(item)
        slot = max(slot, self._next)
        item.watched = slot
        bucket = self._buckets.get(slot)
        if bucket is None:
            self._buckets[slot] = {item}
        else:
            bucket.add(item)

    def forget(self, item: Watched) -> None:
        """It has gone."""
        if item.watched:
            bucket = self._buckets.get(item.watched)
            if bucket is not None:
                bucket.discard(item)
            item.watched = 0

    def turn(self, now: float) -> None:
        """Look at all whose time has come."""
        last = int(now / TICK)
        first, self._next = self._next, max(self._next, last + 1)
        for slot in range(first, last + 1):
            bucket = self._buckets.get(slot)
            while bucket:
                item = bucket.pop()
                item.watched = 0
                try:
                    again = item.look(now)
                except Exception:
                    log.exception("deadline_failed")  # of one connection; all others still have theirs
                    continue
                if again:
                    self.watch(item, again)
            if bucket is not None:
                del self._buckets[slot]

    def __len__(self) -> int:
        return sum(len(bucket) for bucket in self._buckets.values())
