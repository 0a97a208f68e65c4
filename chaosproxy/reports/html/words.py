"""What the words of a report mean, in a line each: for its tables, its details and the glossary at its end.

A word of a newer journal that is not known here is shown as it is.
"""

from collections.abc import Mapping
from types import MappingProxyType

from chaosproxy.core.call import CallKind, Layer
from chaosproxy.core.events import (
    BackoffShape,
    Because,
    Certainty,
    KeyVerdict,
    LoopKind,
    Resolution,
    RetryAfterVerdict,
    Verdict,
    WasteReason,
)
from chaosproxy.core.failures import Outcome
from chaosproxy.core.replies import UpstreamTruth

__all__ = [
    "BACKOFF",
    "BECAUSE",
    "CERTAINTY",
    "FAMILIES",
    "FAMILY_WORDS",
    "IDEAS",
    "KEYS",
    "KINDS",
    "LAYERS",
    "LOOPS",
    "OUTCOMES",
    "RESOLUTIONS",
    "RETRY_AFTER",
    "SOURCES",
    "TRUTHS",
    "VERDICTS",
    "WASTE",
    "plain",
]

IDEAS: Mapping[str, str] = MappingProxyType(
    {
        "call": "One request to a tool, as the proxy saw it; also called an attempt.",
        "operation": "All attempts at one thing that the agent wanted done.",
        "episode": "What begins when an operation meets its first failure, and ends with one resolution.",
        "session": "One run of the agent.",
        "decided": "An episode whose end was seen. Only these are in rates and times.",
        "recovered": "The operation succeeded in the end, whatever that took. Success alone does not make it right.",
        "right": "Of the episodes judged, those in which the agent reacted as it should to that fault.",
        "interval": "Where the true share lies, with 95 % confidence (Wilson 1927). Few cases make it wide.",
        "p50, p95": "Half, and 95 of 100, recoveries took no longer. Always a time that was measured.",
        "amplification": "Calls for each operation; 1 is none.",
        "struck": "A call that a fault happened to.",
    }
)

RESOLUTIONS: Mapping[str, str] = MappingProxyType(
    {
        Resolution.RECOVERED_RETRY: "It tried again, and that worked.",
        Resolution.RECOVERED_MODIFIED: "It changed its arguments, and that worked.",
        Resolution.RECOVERED_FALLBACK: "Another tool or model did the work.",
        Resolution.RECOVERED_REAUTH: "It got new credentials, and then it worked.",
        Resolution.RECOVERED_RECONNECT: "It opened a new session, and then it worked.",
        Resolution.ESCALATED: "It told a human.",
        Resolution.FAILED_FAST: "One attempt at what retrying cannot mend, and then on with other work.",
        Resolution.EXHAUSTED: "It tried more than once, the last attempt failed, and it gave up.",
        Resolution.ABANDONED: "It did not try again, although trying again was right.",
        Resolution.LOOPING: "It went round in a circle, and nothing succeeded.",
        Resolution.UNDETECTED: "It got a spoiled answer, and went on as if it were true.",
        Resolution.CENSORED: "Watching stopped before it was decided: counted apart, never in a rate.",
    }
)

VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        Verdict.APPROPRIATE: "The right way to react to that fault.",
        Verdict.INAPPROPRIATE: "The wrong way, also if it worked.",
        Verdict.UNKNOWN: "Traffic does not show whether it was right: in no rate.",
    }
)

BECAUSE: Mapping[str, str] = MappingProxyType(
    {
        Because.CENSORED: "Watching stopped first.",
        Because.WENT_ON: "Spoiled data was taken for true: other work followed on it.",
        Because.NOTHING_FOLLOWED: "Spoiled data was the last that it got: whether it noticed does not show.",
        Because.LOOPED: "It did the same over and over.",
        Because.INSISTED: "It repeated, unchanged, what could not work unchanged.",
        Because.EARLY: "It came back before it was asked to.",
        Because.HASTY: "It came back at once to what needs a pause.",
        Because.BLIND: "It sent a write again that may have run, without checking and without a key.",
        Because.CAME_BACK: "It tried again as it should.",
        Because.MENDED: "It changed what was complained of, its credentials or its session.",
        Because.FELL_BACK: "Something else did the work.",
        Because.STOPPED: "It stopped, where stopping is right.",
        Because.SAID_SO: "It told a human.",
        Because.CHECKED: "It looked first whether the write had run.",
        Because.GAVE_UP: "It tried more than once, then no more: whether that was enough does not show.",
        Because.LEFT: "It did not try again, where trying again was right.",
        Because.CANNOT_TELL: "What it did about it does not show in the traffic.",
    }
)

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        Outcome.OK: "a good answer",
        Outcome.SOFT_ERROR: "an error inside an answer that says all is well",
        Outcome.THROTTLED: "refused for its rate",
        Outcome.UNAVAILABLE: "out of order",
        Outcome.AUTH: "refused for its credentials",
        Outcome.DENIED: "forbidden",
        Outcome.NOT_FOUND: "not there",
        Outcome.INVALID: "refused for its arguments",
        Outcome.QUOTA: "quota used up",
        Outcome.MALFORMED: "cannot be read",
        Outcome.TRUNCATED: "cut short",
        Outcome.TIMEOUT: "took too long",
        Outcome.AGENT_LEFT: "the agent hung up first",
        Outcome.RESET: "connection lost",
        Outcome.UNTRUSTED: "certificate not trusted",
    }
)

FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        Outcome.OK: "ok",
        Outcome.THROTTLED: "later",
        Outcome.UNAVAILABLE: "later",
        Outcome.AUTH: "no",
        Outcome.DENIED: "no",
        Outcome.NOT_FOUND: "no",
        Outcome.INVALID: "no",
        Outcome.QUOTA: "no",
        Outcome.SOFT_ERROR: "spoilt",
        Outcome.MALFORMED: "spoilt",
        Outcome.TRUNCATED: "spoilt",
        Outcome.TIMEOUT: "gone",
        Outcome.AGENT_LEFT: "gone",
        Outcome.RESET: "gone",
        Outcome.UNTRUSTED: "gone",
    }
)
"""Outcomes that look alike to an agent share a colour and a sign."""

FAMILY_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "ok": "a good answer",
        "later": "not now: throttled, unavailable",
        "no": "refused: auth, denied, not found, invalid, quota",
        "spoilt": "spoilt: malformed, truncated, an error inside",
        "gone": "no answer: timeout, reset, hung up, not trusted",
    }
)

TRUTHS: Mapping[str, str] = MappingProxyType(
    {
        UpstreamTruth.EXECUTED: "the tool ran",
        UpstreamTruth.REJECTED: "the tool refused",
        UpstreamTruth.SENT_UNKNOWN: "the tool may have run",
        UpstreamTruth.NOT_SENT: "the tool never got it",
    }
)

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "proxy_user": "the user name in the proxy's address",
        "path": "the name in their path",
        "header": "the header",
        "baggage": "the baggage entry",
        "mcp": "their MCP session",
        "conversation": "the conversation that they continue",
        "response": "the response that they continue",
        "trace": "their trace",
        "client": "the client's address and name",
        "connection": "their connection",
        "default": "nothing: all have one name",
    }
)
"""What names a session, before the colon if it has one."""

RETRY_AFTER: Mapping[str, str] = MappingProxyType(
    {
        RetryAfterVerdict.COMPLIANT: "came back when it was asked to",
        RetryAfterVerdict.EARLY: "came back before it was asked to",
        RetryAfterVerdict.LATE: "came back much later than it was asked to",
        RetryAfterVerdict.CAPPED: "early, because the SDK waits no longer than so long",
        RetryAfterVerdict.NO_RETRY: "never came back",
        RetryAfterVerdict.NOT_VISIBLE: "the transport cannot show it to whoever decides",
        RetryAfterVerdict.BREACH_OTHER: "another call went against the same limit meanwhile, and was refused",
    }
)

CERTAINTY: Mapping[str, str] = MappingProxyType(
    {
        Certainty.CONFIRMED: "the tool executed it again: seen",
        Certainty.EXPOSED: "sent again without a key, although it may have run",
        Certainty.AVOIDED: "checked first, or sent under the same key and answered from memory",
    }
)

KEYS: Mapping[str, str] = MappingProxyType(
    {
        KeyVerdict.REUSED: "sent again under the same key",
        KeyVerdict.ROTATED: "another key for the same operation: worse than none",
        KeyVerdict.ABSENT: "no key",
        KeyVerdict.MISUSE: "the same key for other content",
    }
)

WASTE: Mapping[str, str] = MappingProxyType(
    {
        WasteReason.CANNOT_SUCCEED: "asked again unchanged what cannot work unchanged",
        WasteReason.EARLY: "came too early, and was refused for the same reason",
        WasteReason.AFTER_SUCCESS: "a late duplicate of what had succeeded",
        WasteReason.LOOP: "a turn of a loop",
    }
)

LOOPS: Mapping[str, str] = MappingProxyType(
    {
        LoopKind.IDENTICAL: "the same call, without success or with the same reply",
        LoopKind.CYCLE: "the same 2 to 6 calls in turn, with the same replies",
        LoopKind.PING_PONG: "two tools in turn, both failing",
        LoopKind.RATE: "more calls a minute than any work needs",
        LoopKind.LLM_SPIN: "a language model that asks for the same tool call every turn",
    }
)

BACKOFF: Mapping[str, str] = MappingProxyType(
    {
        BackoffShape.IMMEDIATE: "no pause",
        BackoffShape.FIXED: "the same pause each time",
        BackoffShape.LINEAR: "grows by the same amount",
        BackoffShape.EXPONENTIAL: "grows by the same factor",
        BackoffShape.DECREASING: "gets shorter",
        BackoffShape.IRREGULAR: "no rule to be seen",
    }
)

LAYERS: Mapping[str, str] = MappingProxyType(
    {
        Layer.NONE: "nobody tried again",
        Layer.SDK: "the tool's client library",
        Layer.FRAMEWORK: "the agent's framework",
        Layer.MODEL: "the language model",
        Layer.UNKNOWN: "framework or model: cannot be told apart",
    }
)

KINDS: Mapping[str, str] = MappingProxyType(
    {
        CallKind.FIRST: "the first attempt at something",
        CallKind.RETRY: "the same again",
        CallKind.MODIFIED_RETRY: "again, with other arguments",
        CallKind.FALLBACK: "another tool or model for the same",
        CallKind.CONTINUATION: "goes on with a call that asked for more",
        CallKind.POLL: "asks whether it is done",
        CallKind.PAGE: "the next page of a listing",
        CallKind.HEDGE: "a twin, so that the faster one wins",
        CallKind.PARALLEL: "a twin of a call in flight",
        CallKind.NONE: "takes no part: nobody decided it",
    }
)


def plain(word: str) -> str:
    """`recovered_retry` as people read it."""
    return word.replace("_", " ")
