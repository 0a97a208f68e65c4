"""Was the way an episode ended the right way to react to that fault? A table; the first line that fits decides.

Success alone is not the measure: a retry that came too early, that asked again for what is forbidden, or that risked
charging twice is wrong even when it worked. What traffic cannot tell stays `unknown`, and is in no rate.
"""

from collections.abc import Collection

import msgspec

from chaosproxy.core.events import Resolution, Verdict
from chaosproxy.core.failures import Course, Nature, Reaction
from chaosproxy.recovery.records import Episode

_RETRIES = frozenset({Reaction.RETRY, Reaction.WAIT_THEN_RETRY})
_STOPS = frozenset({Reaction.STOP_AND_SAY, Reaction.FALL_BACK})


class Conduct(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent did in an episode, as far as a verdict depends on it."""

    early: bool
    """It came back before it was asked to."""
    insisted: bool
    """It repeated, unchanged, what could not work unchanged."""
    blind: bool
    """It sent a write again that may have run, without the key that makes this safe."""
    may_stop: bool
    """Stopping at once is a healthy reaction to the first failure."""
    stuck: bool
    """A write that may have run, and no key to send it again under: what else was done about it does not show here."""


class Line(msgspec.Struct, frozen=True):
    """A line of the table: fits if the resolution is one of these and the named conduct was seen."""

    resolutions: Collection[Resolution]
    conduct: str | None
    """A field of `Conduct` that must hold; None always fits."""
    verdict: Verdict


_RETRIED = frozenset({Resolution.RECOVERED_RETRY, Resolution.EXHAUSTED})

TABLE: tuple[Line, ...] = (
    Line({Resolution.CENSORED}, None, Verdict.UNKNOWN),
    Line({Resolution.UNDETECTED}, None, Verdict.INAPPROPRIATE),
    Line({Resolution.RECOVERED_REAUTH}, None, Verdict.APPROPRIATE),
    Line(_RETRIED, "insisted", Verdict.INAPPROPRIATE),
    Line(_RETRIED, "early", Verdict.INAPPROPRIATE),
    Line(_RETRIED, "blind", Verdict.INAPPROPRIATE),
    Line({Resolution.RECOVERED_RETRY}, None, Verdict.APPROPRIATE),
    Line({Resolution.EXHAUSTED}, None, Verdict.UNKNOWN),
    Line({Resolution.FAILED_FAST}, "may_stop", Verdict.APPROPRIATE),
    Line({Resolution.FAILED_FAST}, None, Verdict.UNKNOWN),
    Line({Resolution.ABANDONED}, "stuck", Verdict.UNKNOWN),
    Line({Resolution.ABANDONED}, None, Verdict.INAPPROPRIATE),
)


def verdict_on(resolution: Resolution, conduct: Conduct) -> Verdict:
    """The verdict of the first line that fits; every resolution has a line that fits any conduct."""
    for line in TABLE:
        if resolution in line.resolutions and (line.conduct is None or getattr(conduct, line.conduct)):
            return line.verdict
    raise LookupError(f"no verdict for {resolution} and {conduct}")


def conduct_of(episode: Episode) -> Conduct:
    """What there is to judge in an episode that is about to be closed."""
    return Conduct(
        early=episode.early,
        insisted=episode.insisted,
        blind=episode.blind,
        may_stop=episode.nature.course is Course.PERSISTENT or not _STOPS.isdisjoint(episode.nature.healthy),
        stuck=episode.in_doubt and episode.doubtful_key is None,
    )


def cannot_work_unchanged(nature: Nature) -> bool:
    """Is asking again unchanged in vain after a failure of this nature?"""
    return nature.course is not Course.TRANSIENT and _RETRIES.isdisjoint(nature.healthy)
