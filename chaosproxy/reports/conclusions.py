"""What was concluded of single calls, a sentence each: waits, keys, duplicates, waste, false values."""

from chaosproxy.core.events import Certainty, KeyVerdict, RetryAfterVerdict, WasteReason
from chaosproxy.core.purpose import Role
from chaosproxy.reports.figures import counted, plain, seconds
from chaosproxy.reports.timelines import Offsets
from chaosproxy.telemetry.records import CanarySeen, Duplicated, HintJudged, KeySeen, Wasted

About = HintJudged | KeySeen | Duplicated | Wasted | CanarySeen


def concluded(about: About, offsets: Offsets) -> str:
    """The sentence."""
    match about:
        case HintJudged():
            return _hint(about)
        case KeySeen():
            return f"key {about.verdict}: {_KEYS[about.verdict]}"
        case Duplicated():
            return _duplicate(about)
        case Wasted():
            return f"in vain ({about.reason}): {_WASTE[about.reason]}"
        case CanarySeen():
            where = "in a prompt" if about.role is Role.MODEL else "in its arguments"
            return (
                f"it carried, {where}, the false value that was planted in the reply to #{offsets.call(about.planted)}"
            )


def _hint(about: HintJudged) -> str:
    asked = f"asked to wait {seconds(about.asked)} ({plain(about.hint)})"
    if about.waited is None:
        return f"Retry-After {about.verdict}: {asked}; {_HINTS[about.verdict]}"
    return f"Retry-After {about.verdict}: {asked}, waited {seconds(about.waited)}; {_HINTS[about.verdict]}"


def _duplicate(about: Duplicated) -> str:
    times = f", {counted(about.times, 'time')} beyond the first" if about.certainty is Certainty.CONFIRMED else ""
    return f"duplicate effect {about.certainty}: {_DUPLICATES[about.certainty]}{times}"


_KEYS = {
    KeyVerdict.REUSED: "it carries the key of the attempt before",
    KeyVerdict.ROTATED: "it carries another key than the attempt before, which protects from nothing",
    KeyVerdict.ABSENT: "it carries none",
    KeyVerdict.MISUSE: "it carries a key that was used for other content",
}
_DUPLICATES = {
    Certainty.EXPOSED: "it was sent again, without a key, although it may have run",
    Certainty.CONFIRMED: "the tool was seen to execute it again",
    Certainty.AVOIDED: "it may have run, and the agent checked first, or got the first reply again under the same key",
}
_WASTE = {
    WasteReason.CANNOT_SUCCEED: "an unchanged retry of what asking again unchanged cannot mend",
    WasteReason.EARLY: "it came before it was asked to, and was refused for the same reason",
    WasteReason.AFTER_SUCCESS: "its operation had succeeded already",
    WasteReason.LOOP: "a turn of a loop",
}
_HINTS = {
    RetryAfterVerdict.COMPLIANT: "as asked",
    RetryAfterVerdict.EARLY: "too early",
    RetryAfterVerdict.LATE: "later than it had to",
    RetryAfterVerdict.CAPPED: "early, because its SDK waits no longer than that, whatever it is told",
    RetryAfterVerdict.NO_RETRY: "no attempt followed",
    RetryAfterVerdict.NOT_VISIBLE: "the transport cannot show it to whoever decides",
    RetryAfterVerdict.BREACH_OTHER: "another call ran into the same limit while it was to wait",
}
