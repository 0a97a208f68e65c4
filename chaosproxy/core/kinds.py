"""What a call can be to the operation it belongs to, and who can have decided to make it."""

from enum import StrEnum


class CallKind(StrEnum):
    """What a call is to the operation it belongs to."""

    FIRST = "first"
    RETRY = "retry"
    MODIFIED_RETRY = "modified_retry"
    FALLBACK = "fallback"
    CONTINUATION = "continuation"
    POLL = "poll"
    PAGE = "page"
    HEDGE = "hedge"
    PARALLEL = "parallel"
    NONE = "none"
    """Traffic that nobody decided (token endpoints, handshakes, pings): it belongs to no operation."""


class Layer(StrEnum):
    """Who decided to try again."""

    NONE = "none"
    """Nobody: it is not a retry."""
    SDK = "sdk"
    FRAMEWORK = "framework"
    MODEL = "model"
    UNKNOWN = "unknown"
    """Without the agent's LLM traffic, framework and model cannot be told apart."""
