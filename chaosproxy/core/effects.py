"""What may be done to a call: a closed set that every fault is made of and every wire knows how to render.

They are applied in one fixed order, whatever the order in the profile:
before (Delay, Hang, Disconnect) -> instead (Reject, Respond) -> the upstream -> after (Delay, Hang, Disconnect, Reject,
Respond, Rewrite) -> delivery (EditEvent, ErrorEvent, Throttle, Stall, Truncate, Misframe, Disconnect). Handshake alone
strikes a connection before there is a call on it. An effect says *when* by its phase and *what*, never *how*:
that is for `dataplane/*/rendering`.
"""

from collections.abc import Callable
from enum import StrEnum

import msgspec

from chaosproxy.core.answer import Reply
from chaosproxy.core.failures import FailureKind, Phase


class Ending(StrEnum):
    """How a connection stops."""

    CLOSE = "close"
    """An orderly FIN."""
    RESET = "reset"
    """A TCP RST."""


class Delay(msgspec.Struct, frozen=True):
    """Wait, then go on."""

    seconds: float
    phase: Phase


class Hang(msgspec.Struct, frozen=True):
    """Say nothing until the agent leaves, or for `seconds` at most; then close the connection."""

    seconds: float
    phase: Phase


class Reject(msgspec.Struct, frozen=True):
    """Answer with a failure in the tool's own dialect."""

    kind: FailureKind
    phase: Phase
    dialect: str | None = None
    """A dialect's name; None for the upstream's own."""
    status: int | None = None
    """Another status than the dialect's usual one for this kind."""
    message: str | None = None
    """Another text than the dialect's."""
    retry_after: float | None = None
    """Seconds until it is worth coming back; None says nothing about it."""
    limit: int | None = None
    """The quota that was hit, for dialects whose texts and headers name it."""
    window: float | None = None
    """Seconds over which the quota counts."""
    draw: float = 0.0
    """In [0, 1): what made-up ids are drawn from, so that a replay makes the same ones."""


class Respond(msgspec.Struct, frozen=True):
    """Answer with this reply instead of the tool's."""

    reply: Reply
    phase: Phase


class Unfit(msgspec.Struct, frozen=True):
    """Why a reply cannot be rewritten; the call then passes unharmed and is counted as skipped."""

    reason: str
    """A few words from a bounded set: it becomes a metric label (`not_json`, `empty_body`, ...)."""


class Rewrite(msgspec.Struct, frozen=True):
    """Hand the tool's whole reply to `change`, and deliver what it makes of it."""

    change: Callable[[Reply], Reply | Unfit]
    """Pure. The reply comes with its body decoded from gzip and the like; framing headers are put right afterwards."""
    name: str
    """For people: `malformed_json: trailing comma`."""


class Extent(StrEnum):
    """What a place in a reply is counted in."""

    HEAD = "head"
    """A share of the head's bytes, in (0, 1)."""
    BODY = "body"
    """A share of the body's bytes, in [0, 1); of a body of unknown length, once all of it is there."""
    BYTES = "bytes"
    """Bytes of the body."""
    CHUNKS = "chunks"
    """Pieces of the body as the upstream sent them: HTTP chunks, where it sends those."""
    EVENTS = "events"
    """Server-sent events with data; comments and retry lines count for nothing."""


class Place(msgspec.Struct, frozen=True):
    """A place in a reply: where so much of it has been delivered."""

    extent: Extent
    count: float


class Truncate(msgspec.Struct, frozen=True):
    """Deliver the reply up to a place, then stop."""

    place: Place
    ending: Ending | None
    """How the connection ends; None if the message ends there in good order, as though that were all of it."""


class Stall(msgspec.Struct, frozen=True):
    """Deliver the reply up to a place and fall silent, with the connection open."""

    place: Place
    seconds: float
    """How long, if the agent does not leave before."""
    ending: Ending | None
    """What follows the silence; None if the rest of the reply does."""


class Throttle(msgspec.Struct, frozen=True):
    """Deliver the body in pieces, with a pause before each but the first."""

    extent: Extent
    """What a piece is counted in: bytes, chunks or events."""
    count: int
    """How much a piece is."""
    every: float
    """Seconds from one piece to the next; 0 sends each by a write of its own, without a pause."""


class Misframing(StrEnum):
    """How the framing of a message is wrong, although all of its body comes."""

    NO_LAST_CHUNK = "no_last_chunk"
    """A chunked body ends, with the connection, without its last chunk."""
    BAD_CHUNK_SIZE = "bad_chunk_size"
    """A chunk's size is not a number."""
    TRAILING_GARBAGE = "trailing_garbage"
    """Bytes that are no message follow the body."""
    LENGTH_TOO_LONG = "length_too_long"
    """Content-Length promises more than comes; then the connection ends."""
    LENGTH_TOO_SHORT = "length_too_short"
    """Content-Length promises less than comes."""


class Misframe(msgspec.Struct, frozen=True):
    """Deliver the whole body in a frame that is wrong."""

    how: Misframing


class EventChange(StrEnum):
    """What is done to a server-sent event."""

    DUPLICATE = "duplicate"
    """It comes twice."""
    SWAP = "swap"
    """It comes after the one that follows it."""
    DROP = "drop"
    """It does not come."""
    MALFORM = "malform"
    """Its data breaks off in the middle."""
    NO_TERMINATOR = "no_terminator"
    """Whatever says that the stream is complete (`[DONE]`, `message_stop`, `response.completed`) does not come."""


class EditEvent(msgspec.Struct, frozen=True):
    """Change one event of a live stream, and leave the others as they are."""

    event: int
    """Which one, from 1; for NO_TERMINATOR it does not matter."""
    how: EventChange


class ErrorEvent(msgspec.Struct, frozen=True):
    """In the place of an event, the stream says that the tool has failed, in its dialect; then the message ends."""

    event: int
    """Which one, from 1."""
    reject: Reject
    """What it says."""


class Flaw(StrEnum):
    """What is wrong with a TLS handshake."""

    EXPIRED = "expired"
    """The certificate's time is over."""
    WRONG_HOST = "wrong_host"
    """The certificate is for another host."""
    UNTRUSTED = "untrusted"
    """The certificate was signed by nobody that the agent trusts."""
    STALLED = "stalled"
    """The agent's greeting is never answered."""
    CUT = "cut"
    """The connection ends after the agent's greeting."""


class Handshake(msgspec.Struct, frozen=True):
    """Spoil the TLS handshake inside a CONNECT tunnel. The tool never hears of it."""

    flaw: Flaw
    ending: Ending = Ending.CLOSE
    """How a handshake that is cut ends, and one that was stalled."""
    seconds: float = 0.0
    """How long a stalled one is silent, if the agent does not leave before."""


class Disconnect(msgspec.Struct, frozen=True):
    """End the agent's connection: before or after the upstream without a byte of an answer, during the body midway.

    Midway is half of the body; of a stream of events, which nobody knows the length of, half of its first event.
    """

    ending: Ending
    phase: Phase


Delivery = EditEvent | ErrorEvent | Throttle | Stall | Truncate | Misframe
"""Effects on how a reply is delivered; all of them have the phase `during_body`."""

Effect = Delay | Hang | Reject | Respond | Rewrite | Delivery | Disconnect | Handshake
