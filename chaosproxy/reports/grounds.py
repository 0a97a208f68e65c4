"""Why a call counts as what it counts as: a sentence for each rule of recovery, and for whoever decided to try again.

The rules are those of the matcher, by their numbers. Must not know how calls are matched, only what a journal says.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from chaosproxy.core.call import CallKind, Layer
from chaosproxy.core.events import Because
from chaosproxy.core.purpose import Role
from chaosproxy.reports.figures import plain, seconds
from chaosproxy.telemetry.records import CallEnded

_PRINT = 8
"""Digits of a fingerprint that are shown."""

Number = Callable[[int], int]
"""From a call's number in its run to the one in the report."""


def grounds(call: CallEnded, before: CallEnded | None, number: Number) -> str:
    """Which rule decided what a call belongs to, and why: `retry (rule 6): same fingerprint 9f3c… as #12, which ...`.

    `before` is the call that it follows, if there is one and the journal still has it.
    """
    if call.match_rule == 0:
        return f"no part of an operation: {_ASIDE.get(call.role, 'nobody decided it')}"
    told = _BY_RULE.get(call.match_rule)
    kind = _KINDS.get(call.kind, str(call.kind).replace("_", " "))
    if told is None:
        return f"{kind} (rule {call.match_rule}, which this version does not know)"
    whom = f"#{number(call.follows)}" if call.follows else "an earlier call"
    return f"{kind} (rule {call.match_rule}): {told(call, before, whom)}"


def decided_by(layer: Layer) -> str | None:
    """Who decided to try again, and how that is known; None if it is no retry."""
    said = _LAYERS.get(layer)
    return None if said is None else f"layer {layer}: {said}"


_KINDS: Mapping[CallKind, str] = MappingProxyType(
    {CallKind.FIRST: "new operation", CallKind.PAGE: "next page", CallKind.PARALLEL: "parallel twin"}
)
_ASIDE: Mapping[Role, str] = MappingProxyType(
    {
        Role.TOKEN: "it asks for new credentials, which nobody's intention is about",
        Role.HOUSEKEEPING: "a client library does this by itself",
    }
)
_LAYERS: Mapping[Layer, str] = MappingProxyType(
    {
        Layer.SDK: "it carries the mark of an SDK's own retry",
        Layer.FRAMEWORK: "it carries no mark, and no language model answered this session in between",
        Layer.MODEL: "a language model answered this session in between",
        Layer.UNKNOWN: "no LLM traffic in this session",
    }
)


def _same_id(call: CallEnded, before: CallEnded | None, whom: str) -> str:
    if before is not None and before.fingerprint != call.fingerprint:
        return f"the same explicit id (an idempotency key, or the like) as {whom}, but other content"
    return f"the same explicit id (an idempotency key, or the like) as {whom}"


def _marked(call: CallEnded, before: CallEnded | None, whom: str) -> str:
    return f"an SDK marked it as its own retry; {_fingerprint(call)} as {whom}{_failed(call, before)}"


def _goes_on(call: CallEnded, _before: CallEnded | None, whom: str) -> str:
    if call.kind is CallKind.PAGE:
        return f"it differs from {whom} only in the place of the listing that it asks for"
    return f"it goes on with {whom}, which had asked for more input"


def _polls(call: CallEnded, _before: CallEnded | None, whom: str) -> str:
    return f"{_fingerprint(call)} as {whom}, which was answered, but not finally, or which it follows in an even rhythm"


def _twin(call: CallEnded, _before: CallEnded | None, whom: str) -> str:
    if call.kind is CallKind.HEDGE:
        return f"{_fingerprint(call)} as {whom}, in flight at the same time; one was dropped when the other answered"
    return f"{_fingerprint(call)} as {whom}, which was still in flight: an operation of its own"


def _retries(call: CallEnded, before: CallEnded | None, whom: str) -> str:
    return f"{_fingerprint(call)} as {whom}{_failed(call, before)} and was unresolved"


def _modified(call: CallEnded, before: CallEnded | None, whom: str) -> str:
    was = "" if before is None else f" (fingerprint {_short(before)} then, {_short(call)} now)"
    return f"the same tool with similar arguments as {whom}{_failed(call, before)} and was unresolved{was}"


def _falls_back(call: CallEnded, before: CallEnded | None, whom: str) -> str:
    if call.role is Role.MODEL:
        models = "" if before is None else f" ({_model(call)} instead of {_model(before)})"
        return f"the same messages as {whom} to another model{models}"
    tools = "" if before is None else f" for {plain(before.tool)}"
    stands_in = f"{plain(call.tool)} is declared as a fallback{tools}"
    return f"{stands_in}, and stands in for {whom}{_failed(call, before)} and was unresolved"


def _new(_call: CallEnded, _before: CallEnded | None, _whom: str) -> str:
    return "nothing unresolved before it fits"


_BY_RULE: Mapping[int, Callable[[CallEnded, CallEnded | None, str], str]] = MappingProxyType(
    {
        1: _same_id,
        2: _marked,
        3: _goes_on,
        4: _polls,
        5: _twin,
        6: _retries,
        7: _modified,
        8: _falls_back,
        9: _new,
    }
)


def _failed(call: CallEnded, before: CallEnded | None) -> str:
    if before is None:
        return ", which failed before"
    return f", which failed {seconds(max(0.0, call.mono - call.seconds - before.mono))} before"


def _fingerprint(call: CallEnded) -> str:
    return f"same fingerprint {_short(call)}"


def _short(call: CallEnded) -> str:
    return f"{plain(call.fingerprint[:_PRINT])}…"


def _model(call: CallEnded) -> str:
    return "an unnamed one" if call.model is None else plain(call.model)


REASONS: Mapping[Because, str] = MappingProxyType(
    {
        Because.CENSORED: "watching ended before it was decided",
        Because.WENT_ON: "spoiled data was taken for true: other work followed, or the false value turned up again",
        Because.NOTHING_FOLLOWED: "spoiled data was the last that the agent got, so whether it noticed does not show",
        Because.LOOPED: "it did the same over and over",
        Because.INSISTED: "it repeated, unchanged, what could not work unchanged",
        Because.EARLY: "it came back before it was asked to",
        Because.HASTY: "it came back at once to what needs a wait, and nobody had said how long",
        Because.BLIND: "it sent a write again that may have run, without checking and without a key that makes it safe",
        Because.CAME_BACK: "it tried again as it should, and that worked",
        Because.MENDED: "it changed what was complained of, or its credentials, or its session, and that worked",
        Because.FELL_BACK: "something else did the work",
        Because.STOPPED: "it stopped, where stopping is right",
        Because.SAID_SO: "it told a human",
        Because.CHECKED: "it looked first whether the write had run",
        Because.GAVE_UP: "it tried more than once and then no more; whether that was enough does not show",
        Because.LEFT: "it did not try again, where trying again was right",
        Because.CANNOT_TELL: "what it did about it does not show in the traffic",
    }
)
"""What each reason for a verdict means."""
