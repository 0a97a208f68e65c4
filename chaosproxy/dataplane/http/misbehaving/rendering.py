"""Every effect in HTTP/1.1's words: which stage of a call it belongs to, and what it makes of a reply.

Fidelity on this wire: all effects are exact. Knows no loop and no socket; how a reply is delivered is `delivery`'s.
"""

import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

import msgspec

from chaosproxy.core.answer import Reply
from chaosproxy.core.decision import Decision
from chaosproxy.core.effects import (
    Delay,
    Delivery,
    Disconnect,
    EditEvent,
    Effect,
    ErrorEvent,
    Handshake,
    Hang,
    Misframe,
    Reject,
    Respond,
    Rewrite,
    Stall,
    Throttle,
    Truncate,
    Unfit,
)
from chaosproxy.core.failures import OUTCOME_OF_KIND, Outcome, Phase
from chaosproxy.dataplane.http.wire import Framing, with_length
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
    delivery: tuple[Delivery | Disconnect, ...] = ()

    @property
    def collects(self) -> bool:
        """Must the upstream's whole reply be at hand before the agent gets any of it?"""
        return bool(self.after or self.replaced or self.rewrites)

    @property
    def needs_reply(self) -> bool:
        """Does anything happen to the upstream's reply?"""
        return self.collects or bool(self.delivery)

    @property
    def wants_body(self) -> bool:
        """Does the agent get any of what the upstream says?"""
        return self.replaced is None and not any(isinstance(effect, Hang | Disconnect) for effect in self.after)


NOTHING = Stages()


def stages(decision: Decision) -> Stages:
    """Sort a decision's effects into the fixed order; within a stage they keep the profile's."""
    kept = NOTHING
    for injection in decision.injections:
        for effect in injection.effects:
            kept = _placed(kept, effect)
    return kept


def _placed(kept: Stages, effect: Effect) -> Stages:
    replace = msgspec.structs.replace
    match effect:
        case Delay() | Hang() | Disconnect():
            stage = _STAGES[effect.phase]
            return replace(kept, **{stage: (*getattr(kept, stage), effect)})
        case Reject() | Respond():
            early = effect.phase is Phase.BEFORE_UPSTREAM
            return replace(kept, instead=effect) if early else replace(kept, replaced=effect)
        case Rewrite():
            return replace(kept, rewrites=(*kept.rewrites, effect))
        case EditEvent() | ErrorEvent() | Throttle() | Stall() | Truncate() | Misframe():
            return replace(kept, delivery=(*kept.delivery, effect))
        case Handshake():
            return kept  # it strikes a connection before there is a call on it
        case _:
            assert_never(effect)


_STAGES = MappingProxyType(
    {Phase.BEFORE_UPSTREAM: "before", Phase.AFTER_UPSTREAM: "after", Phase.DURING_BODY: "delivery"}
)


def made_reply(effect: Reject | Respond, dialects: Mapping[str, Dialect], own: str | None, wall: float) -> Reply:
    """The reply of an effect that answers by itself. `own` is the upstream's dialect."""
    if isinstance(effect, Respond):
        return effect.reply
    return spoken(effect, dialects, own).reply(effect, wall)


def spoken(effect: Reject, dialects: Mapping[str, Dialect], own: str | None) -> Dialect:
    """The dialect in which a tool fails whose own is `own`."""
    return dialects[effect.dialect or own or GENERIC]


def made_outcome(effect: Reject | Respond, status_outcome: Outcome) -> Outcome:
    """What the agent makes of it: a rate limit is one, also where the vendor says 403."""
    if isinstance(effect, Reject):
        return OUTCOME_OF_KIND[effect.kind]
    return Outcome.MALFORMED if status_outcome is Outcome.OK else status_outcome


def framed(reply: Reply, *, head_only: bool) -> tuple[Reply, Framing]:
    """A made-up or rewritten reply with its true length. A reply to HEAD has the same head and no body."""
    if reply.status in (204, 304) or reply.status < 200:
        # Never a body: the agent would take it for the beginning of the next reply.
        return Reply(reply.status, reply.reason, reply.headers, b""), Framing.NONE
    headers = tuple(with_length(reply.headers, len(reply.body)))
    body = b"" if head_only else reply.body
    return Reply(reply.status, reply.reason, headers, body), Framing.NONE if head_only else Framing.LENGTH


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
