"""What the head of a reply decides for the effects on its delivery: which it can bear, which need all of it."""

import msgspec

from chaosproxy.core.effects import Delivery as DeliveryEffect
from chaosproxy.core.effects import (
    Disconnect,
    EditEvent,
    ErrorEvent,
    Extent,
    Misframe,
    Place,
    Stall,
    Throttle,
    Truncate,
)
from chaosproxy.dataplane.http.misbehaving.event_edits import NOT_AN_EVENT_STREAM
from chaosproxy.dataplane.http.misbehaving.framing import IN_CHUNKS, OF_LENGTH, content_length
from chaosproxy.dataplane.http.misbehaving.sse import is_event_stream
from chaosproxy.dataplane.http.wire import Framing, Headers, streams_events

EMPTY = "empty_body"
"""There is no body, or none of any length."""
ENDLESS = "event_stream"
"""Events come one by one, for as long as the tool likes: they are not held back until all of them are there."""

_HALF = 0.5


class Told(msgspec.Struct, frozen=True):
    """What the head of a reply tells of its body, for the agent that it goes to."""

    framing: Framing
    length: int
    """In bytes; less than 0 if the head does not tell."""
    version: str
    """The agent's HTTP version."""
    event_stream: bool
    """Is it one that must not be held back?"""
    readable: bool
    """And one whose events can be told apart, because it is not compressed?"""

    @property
    def empty(self) -> bool:
        """Is it certain that there is no body?"""
        return self.framing is Framing.NONE or self.length == 0


def told(headers: Headers, framing: Framing, version: str) -> Told:
    """What these headers tell an agent of HTTP/`version`, which knows no chunks if that is 1.0."""
    if framing is Framing.CHUNKED and version == "1.0":
        framing = Framing.CLOSE
    return Told(
        framing=framing,
        length=content_length(headers) if framing is Framing.LENGTH else -1,
        version=version,
        event_stream=streams_events(headers),
        readable=is_event_stream(headers),
    )


def midway(effect: Disconnect, reply: Told) -> Truncate:
    """Where a connection ends during the body: after half of it, or of its first event if it is a stream of them."""
    if reply.readable and reply.length < 0:
        return Truncate(Place(Extent.EVENTS, _HALF), effect.ending)
    return Truncate(Place(Extent.BODY, _HALF), effect.ending)


def unfit(effect: DeliveryEffect, reply: Told) -> str | None:
    """Why this reply cannot be delivered so, as a metric label; None if, as far as the head tells, it can."""
    match effect:
        case Stall() | Truncate():
            return _unfit_place(effect, reply)
        case Misframe():
            return EMPTY if reply.empty else _unfit_frame(effect, reply)
        case Throttle():
            return EMPTY if reply.empty else _unfit_extent(effect.extent, reply)
        case EditEvent() | ErrorEvent():
            return EMPTY if reply.empty else _unfit_extent(Extent.EVENTS, reply)


def needs_all(effect: DeliveryEffect, reply: Told) -> bool:
    """Must all of the body have come before the agent may get any of it?"""
    if reply.length >= 0:
        return False
    match effect:
        case Stall() | Truncate():
            return effect.place.extent is Extent.BODY
        case Misframe():
            return effect.how in OF_LENGTH
        case _:
            return False


def _unfit_place(effect: Stall | Truncate, reply: Told) -> str | None:
    extent = effect.place.extent
    ends_well = isinstance(effect, Truncate) and effect.ending is None
    if extent is Extent.HEAD:
        return "half_a_head" if ends_well else None
    if reply.empty:
        return EMPTY
    if ends_well and reply.framing is Framing.LENGTH:
        return "length_framing"
    return _unfit_extent(extent, reply)


def _unfit_extent(extent: Extent, reply: Told) -> str | None:
    if extent is Extent.EVENTS and not reply.readable:
        return NOT_AN_EVENT_STREAM
    if extent is Extent.BODY and reply.event_stream and reply.length < 0:
        return ENDLESS
    return None


def _unfit_frame(effect: Misframe, reply: Told) -> str | None:
    if effect.how in IN_CHUNKS:
        return "no_chunks" if reply.version == "1.0" else None  # which HTTP/1.0 does not know
    if effect.how in OF_LENGTH:
        return ENDLESS if reply.event_stream and reply.length < 0 else None
    return "close_framing" if reply.framing is Framing.CLOSE else None  # whatever comes then is the body
