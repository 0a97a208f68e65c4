"""Was a Retry-After obeyed? Pure arithmetic on seconds; must not know calls or operations."""

from chaosproxy.core.answer import Hint
from chaosproxy.core.events import RetryAfterVerdict

SDK_CAP = 60.0
"""Seconds beyond which the common SDKs wait as long as they see fit instead."""

_IN_THE_BODY = ("body", "text", "retry-info")
"""How the names of hints begin that stand in what a tool says, and not in the head of a message."""


def soonest(asked: float, granularity: float = 0.0) -> float:
    """Seconds after which a return is not early: up to 50 ms, 2 %, or the format's granularity less than was asked."""
    return asked - max(0.05, 0.02 * asked, granularity)


def latest(asked: float) -> float:
    """Seconds after which a return is late: half as long again, or 5 s more, whichever is more."""
    return max(1.5 * asked, asked + 5.0)


def judge_wait(hint: Hint, wait: float, *, sdk: bool) -> RetryAfterVerdict:
    """The verdict on an attempt that came `wait` seconds after a failure that said `hint`; `sdk` if an SDK decided it.

    A hint in the past asks for nothing.
    """
    asked = max(0.0, hint.seconds)
    if wait < soonest(asked, hint.granularity):
        return RetryAfterVerdict.CAPPED if sdk and asked > SDK_CAP else RetryAfterVerdict.EARLY
    if wait <= latest(asked):
        return RetryAfterVerdict.COMPLIANT
    return RetryAfterVerdict.LATE


def visible(hint: Hint, transport: str) -> bool:
    """Can whoever decides see the hint? MCP hands on what a tool says, and not the head of the HTTP message."""
    return not transport.startswith("mcp") or hint.source.startswith(_IN_THE_BODY)
