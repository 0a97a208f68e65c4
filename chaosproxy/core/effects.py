"""What may be done to a call: a closed set that every fault is made of and every wire knows how to render.

They are applied in one fixed order, whatever the order in the profile:
before (Delay, Hang, Disconnect) -> instead (Reject, Respond, Recall) -> the upstream (once, or more often: Repeat) ->
after (Delay, Hang, Hold, Disconnect, Reject, Respond, Recall, Rewrite) -> delivery (EditEvent, ErrorEvent, Throttle,
Stall, Truncate, Misframe, Disconnect). Handshake alone strikes a connection before there is a call on it. An effect
says *when* by its phase and *what*, never *how*: that is for `dataplane/*/rendering`.

An Aside does no harm: it is what a fault wants done to a call that it lets pass. A decision that holds nothing but
asides has hit nobody.
"""

from collections.abc import Callable
from enum import StrEnum

import msgspec

from chaosproxy.core.answer import Reply
from chaosproxy.core.failures import FailureKind, Nature, Outcome, Phase


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


class QuotaUnit(StrEnum):
    """What a quota counts."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    """Of a language model."""
    CONCURRENCY = "concurrency"
    """Calls in flight at once."""


class Quota(msgspec.Struct, frozen=True):
    """How a quota stands, for texts and headers that tell."""

    limit: int
    remaining: int
    resets: float
    """Seconds until all of it is free again."""
    window: float | None = None
    """Seconds over which it counts; None for one on concurrency."""
    unit: QuotaUnit = QuotaUnit.REQUESTS
    asked: int = 1
    """How much of it this call asks for."""


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
    quota: Quota | None = None
    """The quota that was hit, for dialects whose texts and headers name it."""
    scope: str | None = None
    """The right that is lacking, as OAuth names it."""
    draw: float = 0.0
    """In [0, 1): what made-up ids are drawn from, so that a replay makes the same ones."""
    nature: Nature | None = None
    """What recovery judges this failure by, where that is another nature than the fault's."""


class Respond(msgspec.Struct, frozen=True):
    """Answer with this reply instead of the tool's."""

    reply: Reply
    phase: Phase
    outcome: Outcome | None = None
    """What the agent makes of it; None: what its status says, and malformed if that says that all is well."""


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
    codes: bool = False
    """Is the content coding for `change` to say? Then its Content-Encoding goes out as it says, true or not."""
    outcome: Outcome = Outcome.MALFORMED
    """What the agent makes of a reply that was good. A lie it takes for good: only we know that it is one."""
    slow: bool = False
    """Does it take long even for a small reply, because it makes a large one of it?"""
    canaries: tuple[str, ...] = ()
    """Values it may plant that stand nowhere else: by these it is seen whether the agent used what was false."""


class Recall(msgspec.Struct, frozen=True):
    """Deliver the reply that was kept under a key (see Keep), in place of the tool's. The agent takes it for good."""

    key: str
    phase: Phase
    otherwise: Reply | None = None
    """What is delivered if none is kept; None lets the call pass unharmed, skipped as `nothing_kept`."""


class Repeat(msgspec.Struct, frozen=True):
    """Send the request to the tool again, although it was answered: the tool runs more than once."""

    times: int
    """How many more times, one after the other."""
    gap: float = 0.0
    """Seconds between an answer and the next sending."""
    last: bool = False
    """Does the agent get the last of the answers, instead of the first?"""


class Hold(msgspec.Struct, frozen=True):
    """Keep the tool's reply back until a call that came later in the session has been answered."""

    seconds: float
    """At most so long; if no later call has been answered by then, nothing was reordered."""


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


class Annotate(msgspec.Struct, frozen=True):
    """Say with the tool's good reply how the quota stands, in the headers of a dialect."""

    quota: Quota
    dialect: str | None = None
    """A dialect's name; None for the upstream's own."""


class Keep(msgspec.Struct, frozen=True):
    """Keep the tool's reply, if it is a good one, for a Recall; it takes the place of what was kept before."""

    key: str


Aside = Annotate | Keep
"""What is done to a call that passes. It does not count as a fault."""

Delivery = EditEvent | ErrorEvent | Throttle | Stall | Truncate | Misframe
"""Effects on how a reply is delivered; all of them have the phase `during_body`."""

Effect = Delay | Hang | Hold | Reject | Respond | Recall | Repeat | Rewrite | Delivery | Disconnect | Handshake
