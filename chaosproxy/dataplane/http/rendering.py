"""Every effect in HTTP/1.1's words: which stage of a call it belongs to, and what bytes it makes of a reply.

Fidelity on this wire: all effects are exact. Knows no loop and no socket: it says what is to be written, not when.
"""

import zlib
from collections.abc import Mapping
from typing import assert_never

import msgspec

from chaosproxy.core.answer import Reply
from chaosproxy.core.decision import Decision
from chaosproxy.core.effects import (
    Delay,
    Disconnect,
    Effect,
    Ending,
    Hang,
    Reject,
    Respond,
    Rewrite,
    Truncate,
    Unfit,
)
from chaosproxy.core.failures import OUTCOME_OF_KIND, Outcome, Phase
from chaosproxy.dataplane.http.wire import (
    Framing,
    Headers,
    chunk,
    last_chunk,
    response_head,
    with_length,
)
from chaosproxy.dialects import Dialect

_BODY_HEADERS = frozenset({b"content-encoding", b"etag", b"content-md5", b"digest", b"content-digest", b"repr-digest"})
"""What would be untrue of a rewritten body."""

GENERIC = "generic"


class Stages(msgspec.Struct, frozen=True):
    """A decision's effects in the order in which they are applied."""

    before: tuple[Delay | Hang | Disconnect, ...] = ()
    instead: Reject | Respond | None = None
    after: tuple[Delay | Hang | Disconnect, ...] = ()
    replaced: Reject | Respond | None = None
    rewrites: tuple[Rewrite, ...] = ()
    delivery: Truncate | Disconnect | None = None

    @property
    def needs_reply(self) -> bool:
        """Must the upstream's whole reply be at hand before the agent gets any of it?"""
        return bool(self.after or self.replaced or self.rewrites or self.delivery)


def stages(decision: Decision) -> Stages:
    """Sort a decision's effects into the fixed order; within a stage they keep the profile's."""
    kept = Stages()
    for injection in decision.injections:
        for effect in injection.effects:
            kept = _placed(kept, effect)
    return kept


def _placed(kept: Stages, effect: Effect) -> Stages:
    replace = msgspec.structs.replace
    early = not isinstance(effect, Rewrite | Truncate) and effect.phase is Phase.BEFORE_UPSTREAM
    match effect:
        case Delay() | Hang():
            stage = "before" if early else "after"
            return replace(kept, **{stage: (*getattr(kept, stage), effect)})
        case Disconnect():
            if effect.phase is Phase.DURING_BODY:
                return replace(kept, delivery=effect)
            stage = "before" if early else "after"
            return replace(kept, **{stage: (*getattr(kept, stage), effect)})
        case Reject() | Respond():
            return replace(kept, instead=effect) if early else replace(kept, replaced=effect)
        case Rewrite():
            return replace(kept, rewrites=(*kept.rewrites, effect))
        case Truncate():
            return replace(kept, delivery=effect)
        case _:
            assert_never(effect)


def made_reply(effect: Reject | Respond, dialects: Mapping[str, Dialect], own: str | None, wall: float) -> Reply:
    """The reply of an effect that answers by itself. `own` is the upstream's dialect."""
    if isinstance(effect, Respond):
        return effect.reply
    name = effect.dialect or own or GENERIC
    return dialects[name].reply(effect, wall)


def made_outcome(effect: Reject | Respond, status_outcome: Outcome) -> Outcome:
    """What the agent makes of it: a rate limit is one, also where the vendor says 403."""
    if isinstance(effect, Reject):
        return OUTCOME_OF_KIND[effect.kind]
    return Outcome.MALFORMED if status_outcome is Outcome.OK else status_outcome


def reply_bytes(reply: Reply, *, head_only: bool) -> bytes:
    """A made-up or rewritten reply with its true length. A reply to HEAD has the same head and no body."""
    if reply.status in (204, 304) or reply.status < 200:
        # Never a body: the agent would take it for the beginning of the next reply.
        return response_head(reply.status, reply.reason, reply.headers)
    head = response_head(reply.status, reply.reason, with_length(reply.headers, len(reply.body)))
    return head if head_only else head + reply.body


_INFLATED = frozenset({b"gzip", b"x-gzip", b"deflate"})


def rewritten(reply: Reply, rewrites: tuple[Rewrite, ...], inflated_cap: int) -> Reply | Unfit:
    """The tool's reply as the rewrites leave it, with no header that would be untrue of the new body."""
    plain = _plain_body(reply, inflated_cap)
    if isinstance(plain, Unfit):
        return plain
    current = Reply(reply.status, reply.reason, reply.headers, plain)
    for rewrite in rewrites:
        changed = rewrite.change(current)
        if isinstance(changed, Unfit):
            return changed
        current = changed
    headers = tuple(pair for pair in current.headers if pair[0].lower() not in _BODY_HEADERS)
    return Reply(current.status, current.reason, headers, current.body)


def _plain_body(reply: Reply, cap: int) -> bytes | Unfit:
    coding = b",".join(value.strip().lower() for name, value in reply.headers if name.lower() == b"content-encoding")
    if not reply.body or coding in (b"", b"identity"):
        return reply.body
    if coding not in _INFLATED:
        return Unfit("unknown_encoding")
    window = 16 + zlib.MAX_WBITS if coding != b"deflate" else zlib.MAX_WBITS
    inflater = zlib.decompressobj(window)
    try:
        plain = inflater.decompress(reply.body, cap)
    except zlib.error:
        return Unfit("bad_encoding")
    if inflater.unconsumed_tail:
        return Unfit("body_too_large")
    if not inflater.eof or inflater.unused_data:
        return Unfit("bad_encoding")
    return plain


class Cut(msgspec.Struct, frozen=True):
    """A reply that breaks off: what is sent, how much of it is body, and how the connection then ends."""

    data: bytes
    body_bytes: int
    ending: Ending


def cut_reply(reply: Reply, framing: Framing, effect: Truncate | Disconnect) -> Cut | Unfit:
    """The head as the upstream promised it and the first part of the body in the same framing.

    A body of known length falls short of its Content-Length; a chunked one lacks its last chunk; one that ends with the
    connection just ends early, which nobody can see but in its content.
    """
    if framing is Framing.NONE or not reply.body:
        return Unfit("empty_body")
    keep = effect.keep if isinstance(effect, Truncate) else 0.5
    part = reply.body[: min(len(reply.body) - 1, int(len(reply.body) * keep))]
    head = response_head(reply.status, reply.reason, reply.headers)
    # A chunk promises the whole body, so that it is the body which is cut, not only its end mark.
    promise = b"%x\r\n" % len(reply.body) if framing is Framing.CHUNKED and part else b""
    return Cut(head + promise + part, len(part), effect.ending)


def whole_reply(reply: Reply, framing: Framing, trailers: Headers) -> bytes:
    """A collected reply exactly as it would have been relayed."""
    head = response_head(reply.status, reply.reason, reply.headers)
    if framing is not Framing.CHUNKED:
        return head + reply.body
    return head + (chunk(reply.body) if reply.body else b"") + last_chunk(trailers)
