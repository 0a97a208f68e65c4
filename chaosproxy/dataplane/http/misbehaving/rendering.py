"""Every effect in HTTP/1.1's words: which stage of a call it belongs to, and what it makes of a reply.

Fidelity on this wire: all effects are exact. Knows no loop and no socket; how a reply is delivered is `delivery`'s.
"""

import zlib
from collections.abc import Iterable, Mapping
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
    Hold,
    Misframe,
    Recall,
    Reject,
    Repeat,
    Respond,
    Rewrite,
    Stall,
    Throttle,
    Truncate,
    Unfit,
)
from chaosproxy.core.failures import OUTCOME_OF_KIND, Outcome, Phase
from chaosproxy.dataplane.http.asides import GENERIC
from chaosproxy.dataplane.http.copies import Copies
from chaosproxy.dataplane.http.wire import Framing, with_length
from chaosproxy.dialects import Dialect
from chaosproxy.dialects.placeholders import http_date

_CODING = frozenset({b"content-encoding"})
_BODY_HEADERS = frozenset({b"etag", b"content-md5", b"digest", b"content-digest", b"repr-digest"})
"""What would be untrue of a rewritten body."""

LONG = 64 * 1024
"""Bytes of a body from which on a rewrite is done beside the loop: JSON takes up to 100 ns a byte."""


class Stages(msgspec.Struct, frozen=True):
    """A decision's effects in the order in which they are applied."""

    before: tuple[Delay | Hang | Disconnect, ...] = ()
    recalls: tuple[Recall, ...] = ()
    """Each comes to be an `instead` or a `replaced`, by its phase, if there is a reply for it (`recalled`)."""
    instead: Reject | Respond | None = None
    repeats: tuple[Repeat, ...] = ()
    after: tuple[Delay | Hang | Hold | Disconnect, ...] = ()
    replaced: Reject | Respond | None = None
    rewrites: tuple[Rewrite, ...] = ()
    delivery: tuple[Delivery | Disconnect, ...] = ()

    @property
    def collects(self) -> bool:
        """Must the upstream's whole reply be at hand before the agent gets any of it?"""
        return bool(self.repeats or self.after or self.replaced or self.rewrites)

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
    if isinstance(effect, Handshake):
        return kept  # it strikes a connection before there is a call on it
    if isinstance(effect, Reject | Respond):
        return _answered(kept, effect)
    stage = _stage_of(effect)
    return msgspec.structs.replace(kept, **{stage: (*getattr(kept, stage), effect)})


def _stage_of(effect: Delay | Hang | Hold | Disconnect | Recall | Repeat | Rewrite | Delivery) -> str:
    match effect:
        case Delay() | Hang() | Disconnect():
            return _STAGES[effect.phase]
        case Hold():
            return "after"
        case Recall():
            return "recalls"
        case Repeat():
            return "repeats"
        case Rewrite():
            return "rewrites"
        case EditEvent() | ErrorEvent() | Throttle() | Stall() | Truncate() | Misframe():
            return "delivery"
        case _:
            assert_never(effect)


def _answered(kept: Stages, effect: Reject | Respond) -> Stages:
    early = effect.phase is Phase.BEFORE_UPSTREAM
    return msgspec.structs.replace(kept, **{"instead" if early else "replaced": effect})


_STAGES = MappingProxyType(
    {Phase.BEFORE_UPSTREAM: "before", Phase.AFTER_UPSTREAM: "after", Phase.DURING_BODY: "delivery"}
)


def recalled(plan: Stages, copies: Copies, wall: float) -> tuple[Stages, bool]:
    """The plan with the replies that it recalls, and whether there is one for each.

    What is kept goes out as it came, but with the date of today, and without the age that some cache gave it.
    """
    all_there = True
    recalls, plan = plan.recalls, msgspec.structs.replace(plan, recalls=())
    for recall in recalls:
        kept = copies.get(recall.key)
        reply = _of_today(kept, wall) if kept is not None else recall.otherwise
        if reply is None:
            all_there = False
        else:
            plan = _answered(plan, Respond(reply, recall.phase, Outcome.OK))
    return plan, all_there


def _of_today(reply: Reply, wall: float) -> Reply:
    date = http_date(wall).encode()
    headers = [(name, date if name.lower() == b"date" else value) for name, value in reply.headers]
    return Reply(reply.status, reply.reason, _without(headers, _AGE), reply.body)


def made_reply(effect: Reject | Respond, dialects: Mapping[str, Dialect], own: str | None, wall: float) -> Reply:
    """The reply of an effect that answers by itself. `own` is the upstream's dialect."""
    if isinstance(effect, Respond):
        return dated(effect.reply, wall)
    return spoken(effect, dialects, own).reply(effect, wall)


def dated(reply: Reply, wall: float) -> Reply:
    """The reply with a Date, as all servers send one (RFC 9110, 6.6.1): behind its Server if that is first, or first.

    One that it has already stays as it is.
    """
    names = [name.lower() for name, _ in reply.headers]
    if b"date" in names:
        return reply
    before = 1 if names[:1] == [b"server"] else 0
    date = (b"Date", http_date(wall).encode())
    headers = (*reply.headers[:before], date, *reply.headers[before:])
    return Reply(reply.status, reply.reason, headers, reply.body)


def spoken(effect: Reject, dialects: Mapping[str, Dialect], own: str | None) -> Dialect:
    """The dialect in which a tool fails whose own is `own`."""
    return dialects[effect.dialect or own or GENERIC]


def made_outcome(effect: Reject | Respond, status_outcome: Outcome) -> Outcome:
    """What the agent makes of it: a rate limit is one, also where the vendor says 403."""
    if isinstance(effect, Reject):
        return OUTCOME_OF_KIND[effect.kind]
    if effect.outcome is not None:
        return effect.outcome
    return Outcome.MALFORMED if status_outcome is Outcome.OK else status_outcome


def rewritten_outcome(rewrites: tuple[Rewrite, ...], was: Outcome, status_outcome: Outcome) -> Outcome:
    """What becomes of a call whose reply was rewritten: of one that was good, what the last rewrite says that shows."""
    if was is not Outcome.OK:
        return status_outcome
    shown = [rewrite.outcome for rewrite in rewrites if rewrite.outcome is not Outcome.OK]
    return shown[-1] if shown else Outcome.OK


def takes_long(reply: Reply, rewrites: tuple[Rewrite, ...]) -> bool:
    """Would others have to wait noticeably while this is rewritten?"""
    return len(reply.body) > LONG or any(rewrite.slow for rewrite in rewrites)


def framed(reply: Reply, *, head_only: bool) -> tuple[Reply, Framing]:
    """A made-up or rewritten reply with its true length. A reply to HEAD has the same head and no body."""
    if reply.status in (204, 304) or reply.status < 200:
        # Never a body: the agent would take it for the beginning of the next reply.
        return Reply(reply.status, reply.reason, reply.headers, b""), Framing.NONE
    headers = tuple(with_length(reply.headers, len(reply.body)))
    body = b"" if head_only else reply.body
    return Reply(reply.status, reply.reason, headers, body), Framing.NONE if head_only else Framing.LENGTH


_AGE = frozenset({b"age"})

_INFLATED = frozenset({b"gzip", b"x-gzip", b"deflate"})


def rewritten(reply: Reply, rewrites: tuple[Rewrite, ...], inflated_cap: int) -> Reply | Unfit:
    """The tool's reply as the rewrites leave it, with no header that would be untrue of the new body.

    Unless that is what a rewrite is for: of one that `codes`, the content coding stays as it says.
    """
    plain = _plain_body(reply, inflated_cap)
    if isinstance(plain, Unfit):
        return plain
    current = Reply(reply.status, reply.reason, _without(reply.headers, _CODING), plain)
    for rewrite in rewrites:
        try:
            changed = rewrite.change(current)
        except RecursionError:
            return Unfit("too_deep")  # some agents could not read it either
        if isinstance(changed, Unfit):
            return changed
        current = changed
    untrue = _BODY_HEADERS if any(rewrite.codes for rewrite in rewrites) else _BODY_HEADERS | _CODING
    return Reply(current.status, current.reason, _without(current.headers, untrue), current.body)


def _without(headers: Iterable[tuple[bytes, bytes]], names: frozenset[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple(pair for pair in headers if pair[0].lower() not in names)


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
    if inflater.unconsumed_tail or (len(plain) == cap and not inflater.eof):
        return Unfit("body_too_large")
    if not inflater.eof or inflater.unused_data:
        return Unfit("bad_encoding")
    return plain
