"""How a reply reaches the agent under a fault: told the reply as it comes, it says what is sent, and when.

Pure: no loop, no socket, no clock; whoever runs the steps waits. Composes, in this order: changed events, paces, cuts
and stalls at their places, the frame. Nothing is held back longer than an effect itself needs: a share of a body whose
length is not told beforehand needs all of it, a place among events needs whole events.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

import msgspec

from chaosproxy.core.effects import Delivery as DeliveryEffect
from chaosproxy.core.effects import (
    Disconnect,
    EditEvent,
    Ending,
    ErrorEvent,
    EventChange,
    Extent,
    Misframe,
    Misframing,
    Reject,
    Stall,
    Throttle,
    Truncate,
)
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.misbehaving.event_edits import EventEdits
from chaosproxy.dataplane.http.misbehaving.fitting import EMPTY, Told, midway, needs_all, told, unfit
from chaosproxy.dataplane.http.misbehaving.framing import Frame
from chaosproxy.dataplane.http.misbehaving.stages import Edge, Events, Item, Pace, Piece, Stage, Strike, Struck, Wait
from chaosproxy.dataplane.http.wire import Framing, Headers

REPLY_CAP = 16 * 1024 * 1024
"""Bytes of an upstream's reply that are held to be spoiled or delayed as a whole; a larger one passes unharmed."""

TOO_LARGE = "body_too_large"
TOO_SHORT = "body_too_short"
"""Why no effect showed: the body ended before the place of one had come, or was not long enough for two pieces."""

_BAD_FRAMES: Mapping[Misframing, Outcome] = MappingProxyType(
    {
        Misframing.NO_LAST_CHUNK: Outcome.TRUNCATED,
        Misframing.LENGTH_TOO_LONG: Outcome.TRUNCATED,
        Misframing.LENGTH_TOO_SHORT: Outcome.MALFORMED,
        Misframing.BAD_CHUNK_SIZE: Outcome.MALFORMED,
    }
)
"""What the agent makes of a reply in such a frame. One with garbage behind it is whole in itself."""
_BAD_FROM_THE_START = frozenset({Misframing.LENGTH_TOO_SHORT, Misframing.BAD_CHUNK_SIZE})

T = TypeVar("T")


class Send(msgspec.Struct, frozen=True):
    """Send these bytes."""

    data: bytes
    body: int = 0
    """How many bytes of the body are among them."""


class Stop(msgspec.Struct, frozen=True):
    """The reply is over: nothing of it comes after this."""

    ending: Ending | None
    """How the connection ends; None if it need not."""


Step = Send | Wait | Stop


class Delivery:
    """One reply on its way. Each method says the steps that follow from what it is told; all of them must be taken."""

    def __init__(
        self,
        effects: Sequence[DeliveryEffect | Disconnect],
        error_block: Callable[[Reject], bytes],
        version: str = "1.1",
    ) -> None:
        self._wanted = effects
        self._error_block = error_block
        self._version = version
        """Of HTTP, as the agent speaks it."""
        self._effects: list[DeliveryEffect] = []
        """Those that this reply can bear."""
        self._why_not: list[str] = []
        self._held: list[Item] | None = None
        self._size = 0
        self._frame = Frame((0, b"", ()), Framing.NONE)
        self._stages: list[Stage] = []
        self._chunked = self._in_chunk = self._edited = False
        self._told: Told | None = None
        self.stopped = False
        """Has the last step been said?"""
        self.applied = False
        """Has at least one effect shown?"""
        self.outcome: Outcome | None = None
        """What the agent makes of the reply so far, if an effect has decided that."""
        self.spoilt = False
        """Has the agent got bytes that the tool did not send, or will some of the tool's be missing?"""

    @property
    def skipped(self) -> str | None:
        """Why no effect has shown; None if one has or still may, or if none was to."""
        if self.applied or not self._wanted or (self._effects and not self.stopped):
            return None
        return next(iter(self._why_not), TOO_SHORT)

    @property
    def keeps(self) -> bool:
        """May the connection carry another reply after this one?"""
        return self._frame.framing is not Framing.CLOSE

    # What it is told

    def head(self, status: int, reason: bytes, headers: Headers, framing: Framing) -> Iterator[Step]:
        """The reply begins; `framing` is the upstream's."""
        self._frame = Frame((status, reason, headers), framing)
        self._chunked = framing is Framing.CHUNKED
        self._told = reply = told(headers, framing, self._version)
        for wanted in self._wanted:
            effect = midway(wanted, reply) if isinstance(wanted, Disconnect) else wanted
            reason_not = unfit(effect, reply)
            if reason_not is None:
                self._effects.append(effect)
            else:
                self._why_not.append(reason_not)
        if any(needs_all(effect, reply) for effect in self._effects):
            self._held = []
        else:
            yield from self._open(reply.length)

    def data(self, data: bytes) -> Iterator[Step]:
        """A piece of the body, without its framing."""
        self._in_chunk = True
        self._size += len(data)
        yield from self._take(Piece(data))
        if self._held is not None and self._size > REPLY_CAP:
            yield from self._release(TOO_LARGE)
        if not self._chunked:
            yield from self.chunk_end()

    def chunk_end(self) -> Iterator[Step]:
        """The piece that the upstream sent is complete; also told of the last chunk, which holds none."""
        if self._in_chunk:
            self._in_chunk = False
            yield from self._take(Edge.CHUNK)

    def end(self, trailers: Headers) -> Iterator[Step]:
        """The reply is complete."""
        if self._held is not None:
            yield from self._replay(self._size)
        for place, stage in enumerate(self._stages):
            for item in stage.end():
                yield from self._flow(item, place + 1)
            if isinstance(stage, Events) and stage.edits is not None:
                self._why_not += [stage.edits.skipped] if stage.edits.skipped else []
                yield from self._look_at(stage.edits)
        if not self.stopped:
            yield from self._over(trailers)

    def broke(self) -> Iterator[Step]:
        """The upstream broke off by itself: what was held back is delivered, and nothing is said of an end."""
        if self._held is not None:
            yield from self._release("upstream_failed")

    # The body's way

    def _take(self, item: Item) -> Iterator[Step]:
        if self._held is not None:
            self._held.append(item)
        else:
            yield from self._flow(item)

    def _release(self, reason: str) -> Iterator[Step]:
        """Whatever needs all of the body does not get it."""
        assert self._told is not None
        kept = [effect for effect in self._effects if not needs_all(effect, self._told)]
        self._why_not += [reason] * (len(self._effects) - len(kept))
        self._effects = kept
        yield from self._replay(-1)

    def _replay(self, length: int) -> Iterator[Step]:
        held, self._held = self._held or (), None
        yield from self._open(length)
        for item in held:
            yield from self._flow(item)

    def _flow(self, item: Item, place: int = 0) -> Iterator[Step]:
        """Let an item pass the stages from `place` on, and then the frame."""
        if self.stopped:
            return
        if place == len(self._stages):
            yield from self._written(item)
            return
        stage = self._stages[place]
        for made in stage.feed(item):
            yield from self._flow(made, place + 1)
        if isinstance(stage, Events) and stage.edits is not None:
            yield from self._look_at(stage.edits)

    def _look_at(self, edits: EventEdits) -> Iterator[Step]:
        if edits.applied:
            self.applied = self.spoilt = True
            self.outcome = self.outcome or _outcome_of_edits(self._chosen(EditEvent))
        if edits.stopped and not self.stopped:
            self.outcome = Outcome.SOFT_ERROR
            yield from self._over(())

    def _written(self, item: Item) -> Iterator[Step]:
        """What comes out of the last stage, as steps."""
        match item:
            case Piece():
                yield Send(self._frame.piece(item.data, item.more), len(item.data))
            case Wait():
                self.applied = True
                yield item
            case Struck():
                if not self._frame.complete:  # else there is nothing left that could be late or missing
                    yield from self._struck(item.effect)
            case Edge():
                pass

    # Head and end

    def _open(self, length: int) -> Iterator[Step]:
        """The head, and the stages for a body of this length; less than 0 if nobody knows it."""
        frame = self._frame
        frame.for_version(self._version)
        edits: list[EditEvent | ErrorEvent] = [*self._chosen(EditEvent), *self._chosen(ErrorEvent)]
        if edits:
            frame.of_any_length(self._version)
        for misframe in self._chosen(Misframe)[:1]:
            self._why_not += frame.misframe(misframe.how, length)
        strikes = self._strikes(length)
        if edits or self._counts_events():
            self._stages.append(Events(EventEdits(edits, self._error_block) if edits else None))
        self._stages += [Pace(effect) for effect in self._chosen(Throttle)]
        self._stages += strikes
        yield from self._head()
        if frame.how in _BAD_FROM_THE_START and not self.stopped:
            self._misframed(frame.how)
        for strike in strikes:
            if strike.left == 0:
                yield from self._flow(Struck(strike.effect), len(self._stages))

    def _head(self) -> Iterator[Step]:
        """The head, in as many parts as it takes."""
        head, sent = self._frame.head(), 0
        within = [each for each in self._places() if each.place.extent is Extent.HEAD]
        for effect in sorted(within, key=lambda each: each.place.count):
            at = min(max(int(len(head) * effect.place.count), sent, 1), len(head) - 1)
            yield Send(head[sent:at])
            sent = at
            yield from self._struck(effect)
            if self.stopped:
                return
        yield Send(head[sent:])

    def _over(self, trailers: Headers) -> Iterator[Step]:
        """The message ends as it should, or as its frame has it."""
        how = self._frame.how
        closing = self._frame.end(trailers)
        if closing:
            yield Send(closing)
        if how is not None:
            self._misframed(how)
        yield self._stop(None if how is None else Ending.CLOSE)

    def _struck(self, effect: Stall | Truncate) -> Iterator[Step]:
        if self.stopped:
            return
        self.applied = True
        if isinstance(effect, Stall):
            yield Wait(effect.seconds)
            if effect.ending is None:
                return
        self.spoilt = True
        self.outcome = Outcome.RESET if effect.ending is Ending.RESET else Outcome.TRUNCATED
        if effect.ending is None:
            yield from self._over(())
        else:
            yield self._stop(effect.ending)

    def _misframed(self, how: Misframing) -> None:
        self.applied = self.spoilt = True
        self.outcome = self.outcome or _BAD_FRAMES.get(how)

    def _stop(self, ending: Ending | None) -> Stop:
        self.stopped = True
        self._held = None
        return Stop(ending)

    # Which effects there are

    def _chosen(self, kind: type[T]) -> list[T]:
        return [effect for effect in self._effects if isinstance(effect, kind)]

    def _places(self) -> list[Stall | Truncate]:
        """A message that is to end well ends before anything else promises more of it."""
        return [*self._chosen(Truncate), *self._chosen(Stall)]

    def _counts_events(self) -> bool:
        counted = [effect.place.extent for effect in self._places()]
        return Extent.EVENTS in counted or Extent.EVENTS in [effect.extent for effect in self._chosen(Throttle)]

    def _strikes(self, length: int) -> list[Strike]:
        within = [effect for effect in self._places() if effect.place.extent is not Extent.HEAD]
        if within and length == 0:
            self._why_not.append(EMPTY)
            return []
        return [Strike(effect, _much(effect, length)) for effect in within]


def _much(effect: Stall | Truncate, length: int) -> float:
    """How much of a body of this length comes before the effect's place; never all of it where that is known."""
    place = effect.place
    if place.extent is Extent.BODY:
        return min(length - 1, int(length * place.count))
    return place.count


def _outcome_of_edits(edits: Sequence[EditEvent]) -> Outcome:
    """A stream that does not say that it is complete is cut short, for all that its reader can tell."""
    cut = all(edit.how is EventChange.NO_TERMINATOR for edit in edits)
    return Outcome.TRUNCATED if cut else Outcome.MALFORMED
