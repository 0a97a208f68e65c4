"""The stages that a body passes on its way to an agent: events, paces, places. Each turns an item into items, in order.

Pure. Knows nothing of heads and frames: an item is a piece of the body, the end of a chunk of the upstream's, a pause,
or the word that an effect strikes here.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Protocol

import msgspec

from chaosproxy.core.effects import Extent, Stall, Throttle, Truncate
from chaosproxy.dataplane.http.misbehaving.event_edits import EventEdits
from chaosproxy.dataplane.http.misbehaving.sse import EventSplitter, has_data


class Piece(msgspec.Struct, frozen=True):
    """A piece of the body, not empty."""

    data: bytes
    more: int = 0
    """Bytes that follow it and belong to the same chunk: it was cut in two on its way."""
    event: bool = False
    """Is a whole event with data complete with it?"""


class Edge(Enum):
    """What lies between two pieces."""

    CHUNK = "chunk"
    """The end of a piece as the upstream sent it."""


class Wait(msgspec.Struct, frozen=True):
    """Let time pass."""

    seconds: float
    paced: bool = False
    """Counted from when the last bytes were sent, not from now."""


class Struck(msgspec.Struct, frozen=True):
    """Here an effect strikes."""

    effect: Stall | Truncate


Item = Piece | Edge | Wait | Struck


class Stage(Protocol):
    """One stage."""

    def feed(self, item: Item) -> Iterator[Item]:
        """What becomes of an item."""

    def end(self) -> Iterator[Item]:
        """What was held back, now that the body is complete."""


class Events:
    """Cuts the body into events, and changes those that are to be changed."""

    def __init__(self, edits: EventEdits | None) -> None:
        self.edits = edits
        self._splitter = EventSplitter()

    def feed(self, item: Item) -> Iterator[Item]:
        """Whole events, each as a piece."""
        if not isinstance(item, Piece):
            yield item
            return
        for block in self.edits.feed(item.data) if self.edits else self._splitter.feed(item.data):
            yield Piece(block, event=has_data(block))

    def end(self) -> Iterator[Item]:
        """What is no whole event."""
        rest = self.edits.end() if self.edits else [self._splitter.rest()]
        for block in rest:
            if block:
                yield Piece(block, event=has_data(block))


class Pace:
    """Cuts the body into pieces of one size, with a pause before each but the first."""

    def __init__(self, effect: Throttle) -> None:
        self._effect = effect
        self._left = effect.count
        """How much may still come before the next pause."""
        self.applied = False

    def feed(self, item: Item) -> Iterator[Item]:
        """The item, in parts where the pieces are counted in bytes."""
        extent = self._effect.extent
        if isinstance(item, Piece):
            if extent is Extent.BYTES:
                yield from self._parts(item)
                return
            if self._left <= 0:
                yield self._pause()
            self._left -= extent is Extent.EVENTS and item.event
        elif item is Edge.CHUNK and extent is Extent.CHUNKS:
            self._left -= 1
        yield item

    def end(self) -> Iterator[Item]:
        """Nothing is held back."""
        yield from ()

    def _pause(self) -> Wait:
        self.applied = True
        self._left = self._effect.count
        return Wait(self._effect.every, paced=True)

    def _parts(self, piece: Piece) -> Iterator[Item]:
        data, start = piece.data, 0
        while start < len(data):
            if self._left <= 0:
                yield self._pause()
            part = data[start : start + self._left]
            start += len(part)
            self._left -= len(part)
            yield Piece(part, event=piece.event and start == len(data))


class Strike:
    """Lets the body pass up to a place, and says so when it has been reached; what comes behind it passes too."""

    def __init__(self, effect: Stall | Truncate, left: float) -> None:
        self.effect = effect
        self.left = left
        """How much is still to come before the place, in the place's own measure."""
        self._ends_well = isinstance(effect, Truncate) and effect.ending is None
        self._passed = left == 0

    def feed(self, item: Item) -> Iterator[Item]:
        """The item, cut in two where the place lies within it."""
        if self._passed:
            yield item
        elif isinstance(item, Piece):
            yield from self._piece(item)
        else:
            yield item
            if item is Edge.CHUNK and self.effect.place.extent is Extent.CHUNKS:
                yield from self._counted(1)

    def end(self) -> Iterator[Item]:
        """Nothing is held back."""
        yield from ()

    def _piece(self, piece: Piece) -> Iterator[Item]:
        extent = self.effect.place.extent
        if extent in (Extent.BODY, Extent.BYTES) and self.left < len(piece.data):
            yield from self._cut(piece, int(self.left))
        elif extent is Extent.EVENTS and piece.event and self.left < 1:
            yield from self._cut(piece, max(1, int(len(piece.data) * self.left)))
        else:
            yield piece
            if extent in (Extent.BODY, Extent.BYTES):
                yield from self._counted(len(piece.data))
            elif extent is Extent.EVENTS and piece.event:
                yield from self._counted(1)

    def _counted(self, much: int) -> Iterator[Item]:
        self.left -= much
        if self.left <= 0:
            self._passed = True
            yield Struck(self.effect)

    def _cut(self, piece: Piece, at: int) -> Iterator[Item]:
        """The chunk promises all of itself, unless the message is to end here in good order."""
        rest = len(piece.data) - at
        self._passed = True
        yield Piece(piece.data[:at], 0 if self._ends_well else piece.more + rest)
        yield Struck(self.effect)
        yield Piece(piece.data[at:], piece.more, piece.event)
