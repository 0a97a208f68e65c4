"""The words of the labels, so that a conversation reads without their families' names."""

from typing import Final

from chaosproxy.core.call import CallKind, Layer
from chaosproxy.core.conclusions import (
    Because,
    Certainty,
    KeyVerdict,
    LoopKind,
    Resolution,
    RetryAfterVerdict,
    Verdict,
    WasteReason,
)

RECOVERED_RETRY: Final = Resolution.RECOVERED_RETRY
RECOVERED_MODIFIED: Final = Resolution.RECOVERED_MODIFIED
RECOVERED_FALLBACK: Final = Resolution.RECOVERED_FALLBACK
RECOVERED_REAUTH: Final = Resolution.RECOVERED_REAUTH
RECOVERED_RECONNECT: Final = Resolution.RECOVERED_RECONNECT
ESCALATED: Final = Resolution.ESCALATED
FAILED_FAST: Final = Resolution.FAILED_FAST
EXHAUSTED: Final = Resolution.EXHAUSTED
ABANDONED: Final = Resolution.ABANDONED
LOOPING: Final = Resolution.LOOPING
UNDETECTED: Final = Resolution.UNDETECTED
CENSORED: Final = Resolution.CENSORED

APPROPRIATE: Final = Verdict.APPROPRIATE
INAPPROPRIATE: Final = Verdict.INAPPROPRIATE
UNKNOWN: Final = Verdict.UNKNOWN

SDK: Final = Layer.SDK
FRAMEWORK: Final = Layer.FRAMEWORK
MODEL: Final = Layer.MODEL

EXPOSED: Final = Certainty.EXPOSED
CONFIRMED: Final = Certainty.CONFIRMED
AVOIDED: Final = Certainty.AVOIDED

REUSED: Final = KeyVerdict.REUSED
ROTATED: Final = KeyVerdict.ROTATED
ABSENT: Final = KeyVerdict.ABSENT
MISUSE: Final = KeyVerdict.MISUSE

COMPLIANT: Final = RetryAfterVerdict.COMPLIANT
TOO_EARLY: Final = RetryAfterVerdict.EARLY
LATE: Final = RetryAfterVerdict.LATE
CAPPED: Final = RetryAfterVerdict.CAPPED
NO_RETRY: Final = RetryAfterVerdict.NO_RETRY
BREACH_OTHER: Final = RetryAfterVerdict.BREACH_OTHER

CANNOT_SUCCEED: Final = WasteReason.CANNOT_SUCCEED
EARLY: Final = WasteReason.EARLY
AFTER_SUCCESS: Final = WasteReason.AFTER_SUCCESS
TURN_OF_LOOP: Final = WasteReason.LOOP

IDENTICAL: Final = LoopKind.IDENTICAL
CYCLE: Final = LoopKind.CYCLE
PING_PONG: Final = LoopKind.PING_PONG
RATE: Final = LoopKind.RATE
LLM_SPIN: Final = LoopKind.LLM_SPIN

BLIND: Final = Because.BLIND
CAME_BACK: Final = Because.CAME_BACK
CAME_EARLY: Final = Because.EARLY
CHECKED: Final = Because.CHECKED
FELL_BACK: Final = Because.FELL_BACK
GAVE_UP: Final = Because.GAVE_UP
HASTY: Final = Because.HASTY
INSISTED: Final = Because.INSISTED
LEFT: Final = Because.LEFT
LOOPED: Final = Because.LOOPED
MENDED: Final = Because.MENDED
NOTHING_FOLLOWED: Final = Because.NOTHING_FOLLOWED
SAID_SO: Final = Because.SAID_SO
STOPPED: Final = Because.STOPPED
WENT_ON: Final = Because.WENT_ON

FIRST: Final = CallKind.FIRST
"""The kinds of the other calls are said by how they are written down."""
