"""The ways a tool can fail, what the agent makes of each, and what a healthy agent would do about it."""

from enum import StrEnum

import msgspec


class Phase(StrEnum):
    """Where in the life of a call a fault strikes; it decides whether the tool ran."""

    BEFORE_UPSTREAM = "before_upstream"
    """The tool never ran."""
    AFTER_UPSTREAM = "after_upstream"
    """The tool ran to its end; its reply is lost, late, replaced or spoiled."""
    DURING_BODY = "during_body"
    """The tool ran; the reply breaks while it is being delivered."""


class FailureKind(StrEnum):
    """What a vendor would call it. Each dialect says how it looks on the wire; no status numbers here."""

    RATE_LIMITED = "rate_limited"
    QUOTA_EXHAUSTED = "quota_exhausted"
    """All that was paid for is used up: waiting a moment does not help."""
    REQUEST_TOO_LARGE = "request_too_large"
    UNAUTHORIZED = "unauthorized"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_REVOKED = "token_revoked"
    REFRESH_FAILED = "refresh_failed"
    """What a token endpoint says when it gives no new token."""
    PERMISSION_DENIED = "permission_denied"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    REGION_BLOCKED = "region_blocked"
    NOT_FOUND = "not_found"
    INVALID_REQUEST = "invalid_request"
    CONFLICT = "conflict"
    """Somebody else holds it right now."""
    SERVER_ERROR = "server_error"
    BAD_GATEWAY = "bad_gateway"
    UNAVAILABLE = "unavailable"
    OVERLOADED = "overloaded"
    """Up, and out of capacity, for everybody."""
    MAINTENANCE = "maintenance"
    GATEWAY_TIMEOUT = "gateway_timeout"
    DNS_FAILURE = "dns_failure"
    """What a proxy in between says when the tool's name cannot be looked up."""
    ERROR_IN_SUCCESS = "error_in_success"
    """A status that says all is well, around an error."""


class Outcome(StrEnum):
    """A call's end as the agent saw it."""

    OK = "ok"
    SOFT_ERROR = "soft_error"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    AUTH = "auth"
    DENIED = "denied"
    NOT_FOUND = "not_found"
    INVALID = "invalid"
    QUOTA = "quota"
    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    TIMEOUT = "timeout"
    AGENT_LEFT = "agent_left"
    RESET = "reset"
    UNTRUSTED = "untrusted"
    """The agent would have none of the certificate it was shown."""


OUTCOME_OF_KIND = {
    FailureKind.RATE_LIMITED: Outcome.THROTTLED,
    FailureKind.QUOTA_EXHAUSTED: Outcome.QUOTA,
    FailureKind.REQUEST_TOO_LARGE: Outcome.INVALID,
    FailureKind.UNAUTHORIZED: Outcome.AUTH,
    FailureKind.TOKEN_EXPIRED: Outcome.AUTH,
    FailureKind.TOKEN_REVOKED: Outcome.AUTH,
    FailureKind.REFRESH_FAILED: Outcome.AUTH,
    FailureKind.PERMISSION_DENIED: Outcome.DENIED,
    FailureKind.INSUFFICIENT_SCOPE: Outcome.DENIED,
    FailureKind.REGION_BLOCKED: Outcome.DENIED,
    FailureKind.NOT_FOUND: Outcome.NOT_FOUND,
    FailureKind.INVALID_REQUEST: Outcome.INVALID,
    FailureKind.CONFLICT: Outcome.INVALID,
    FailureKind.SERVER_ERROR: Outcome.UNAVAILABLE,
    FailureKind.BAD_GATEWAY: Outcome.UNAVAILABLE,
    FailureKind.UNAVAILABLE: Outcome.UNAVAILABLE,
    FailureKind.OVERLOADED: Outcome.UNAVAILABLE,
    FailureKind.MAINTENANCE: Outcome.UNAVAILABLE,
    FailureKind.GATEWAY_TIMEOUT: Outcome.TIMEOUT,
    FailureKind.DNS_FAILURE: Outcome.UNAVAILABLE,
    FailureKind.ERROR_IN_SUCCESS: Outcome.SOFT_ERROR,
}


class Course(StrEnum):
    """What time does to a failure."""

    TRANSIENT = "transient"
    """It passes by itself: the same call may work later."""
    PERSISTENT = "persistent"
    """It stays: asking again unchanged cannot work."""
    CONDITIONAL = "conditional"
    """It stays until the agent changes something, such as its credentials."""


class Reaction(StrEnum):
    """What a healthy agent does about a failure."""

    RETRY = "retry"
    WAIT_THEN_RETRY = "wait_then_retry"
    REAUTHENTICATE = "reauthenticate"
    CHANGE_ARGUMENTS = "change_arguments"
    FALL_BACK = "fall_back"
    STOP_AND_SAY = "stop_and_say"
    CHECK_FIRST = "check_first"


class Nature(msgspec.Struct, frozen=True):
    """What recovery judges an agent by when a fault has struck it."""

    explicit: bool
    """Does the agent get an error at all? Spoiled data under a 200 is implicit."""
    course: Course
    healthy: tuple[Reaction, ...]
    """The reactions that count as appropriate."""
