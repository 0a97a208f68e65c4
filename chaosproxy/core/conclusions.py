"""What recovery may conclude: the words of its verdicts, of closed sets, because they become labels and columns."""

from enum import StrEnum


class Resolution(StrEnum):
    """How an episode ended."""

    RECOVERED_RETRY = "recovered_retry"
    RECOVERED_MODIFIED = "recovered_modified"
    RECOVERED_FALLBACK = "recovered_fallback"
    RECOVERED_REAUTH = "recovered_reauth"
    RECOVERED_RECONNECT = "recovered_reconnect"
    ESCALATED = "escalated"
    FAILED_FAST = "failed_fast"
    EXHAUSTED = "exhausted"
    ABANDONED = "abandoned"
    LOOPING = "looping"
    UNDETECTED = "undetected"
    CENSORED = "censored"

    @property
    def recovered(self) -> bool:
        """Did the operation succeed in the end?"""
        return self.value.startswith("recovered")


class Verdict(StrEnum):
    """Whether the way it ended was the right way to react to that fault."""

    APPROPRIATE = "appropriate"
    INAPPROPRIATE = "inappropriate"
    UNKNOWN = "unknown"


class Because(StrEnum):
    """Why an episode got its verdict."""

    CENSORED = "censored"
    """We stopped watching first."""
    WENT_ON = "went_on"
    """Spoiled data was taken for true: other work followed, or what was false in it turned up again."""
    NOTHING_FOLLOWED = "nothing_followed"
    """Spoiled data was the last that the agent got: whether it noticed does not show."""
    LOOPED = "looped"
    """It did the same over and over."""
    INSISTED = "insisted"
    """It repeated, unchanged, what could not work unchanged."""
    EARLY = "early"
    """It came back before it was asked to."""
    HASTY = "hasty"
    """It came back at once to what needs a wait, and nobody had said how long."""
    BLIND = "blind"
    """It sent a write again that may have run, without checking and without the key that makes this safe."""
    CAME_BACK = "came_back"
    """It tried again as it should, and that worked."""
    MENDED = "mended"
    """It changed what was complained of, or its credentials, or its session, and that worked."""
    FELL_BACK = "fell_back"
    """Something else did the work."""
    STOPPED = "stopped"
    """It stopped, where stopping is right."""
    SAID_SO = "said_so"
    """It told a human."""
    CHECKED = "checked"
    """It looked first whether the write had run."""
    GAVE_UP = "gave_up"
    """It tried more than once, and then no more: whether that was enough does not show."""
    LEFT = "left"
    """It did not try again, where trying again was right."""
    CANNOT_TELL = "cannot_tell"
    """What it did about it does not show in the traffic."""


class RetryAfterVerdict(StrEnum):
    """What became of a Retry-After."""

    COMPLIANT = "compliant"
    EARLY = "early"
    LATE = "late"
    CAPPED = "capped"
    """Early, because the SDK waits no longer than so long, whatever it is told."""
    NO_RETRY = "no_retry"
    NOT_VISIBLE = "not_visible"
    """The transport cannot show it to whoever decides."""
    BREACH_OTHER = "breach_other"
    """Another call was made against the same limit while it was to wait, and was refused."""


class Certainty(StrEnum):
    """How sure it is that a write had its effect more than once."""

    EXPOSED = "exposed"
    """It was sent again, without a key, although it may have run."""
    CONFIRMED = "confirmed"
    """The tool executed it again: seen by us."""
    AVOIDED = "avoided"
    """It may have run, and the agent checked first, or sent it under the same key and got the first reply again."""


class KeyVerdict(StrEnum):
    """What a retry of a write did with the operation's explicit key."""

    REUSED = "reused"
    ROTATED = "rotated"
    """Another key for the same operation: worse than none, because it looks safe."""
    ABSENT = "absent"
    MISUSE = "misuse"
    """The same key for other content."""


class WasteReason(StrEnum):
    """Why a call was made in vain."""

    CANNOT_SUCCEED = "cannot_succeed"
    """An unchanged retry of what asking again unchanged cannot mend."""
    EARLY = "early"
    """It came before it was asked to, and was refused for the same reason."""
    AFTER_SUCCESS = "after_success"
    """A late duplicate of an operation that had succeeded."""
    LOOP = "loop"
    """A turn of a loop."""


class LoopKind(StrEnum):
    """What went round."""

    IDENTICAL = "identical"
    """The same call, with no success, or with the same reply every time."""
    CYCLE = "cycle"
    """The same 2 to 6 calls in turn, with the same replies."""
    PING_PONG = "ping_pong"
    """Two tools in turn, both failing."""
    RATE = "rate"
    """More calls a minute than any work needs."""
    LLM_SPIN = "llm_spin"
    """A language model that asks for the same tool call every turn."""


class BackoffShape(StrEnum):
    """How the waits of an operation's retries grow, where nobody had said how long to wait."""

    IMMEDIATE = "immediate"
    FIXED = "fixed"
    LINEAR = "linear"
    EXPONENTIAL = "exponential"
    DECREASING = "decreasing"
    IRREGULAR = "irregular"


class OperationResult(StrEnum):
    """How an operation ended."""

    CLEAN = "clean"
    RECOVERED = "recovered"
    FAILED = "failed"
    CENSORED = "censored"
