"""Was the way an episode ended the right way to react to that fault? A table; the first line that fits decides.

Success alone is not the measure: a retry that came too early, that asked again for what is forbidden, or that risked
charging twice is wrong even when it worked. What traffic cannot tell stays `unknown`, and is in no rate.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from chaosproxy.core.events import Because, Resolution, Verdict
from chaosproxy.core.failures import Course, Nature, Reaction
from chaosproxy.recovery.following.episode import Episode

_RETRIES = frozenset({Reaction.RETRY, Reaction.WAIT_THEN_RETRY})
_STOPS = frozenset({Reaction.STOP_AND_SAY, Reaction.FALL_BACK})


class Conduct(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent did in an episode, as far as a verdict depends on it."""

    went_on: bool
    """It went on after what it was told: another call came, maybe with what was false in it."""
    early: bool
    """It came back before it was asked to."""
    insisted: bool
    """It repeated, unchanged, what could not work unchanged."""
    blind: bool
    """It sent a write again that may have run, without a check and without the key that makes this safe."""
    hasty: bool
    """It came back at once to what needs a wait, and nobody had said how long."""
    may_stop: bool
    """Stopping at once is a healthy reaction to the first failure."""
    may_tell: bool
    """Telling a human is right: stopping is, or it had tried more than once, or a write may have run."""
    checked: bool
    """It looked whether a write in doubt had run."""
    stuck: bool
    """A write that may have run, and no key to send it again under: what else was done about it does not show here."""


class Line(msgspec.Struct, frozen=True):
    """A line of the table: fits if the resolution is one of these and the named conduct was seen."""

    resolutions: Collection[Resolution]
    conduct: str | None
    """A field of `Conduct` that must hold; None always fits."""
    verdict: Verdict
    because: Because


_TRIED = frozenset(
    {
        Resolution.RECOVERED_RETRY,
        Resolution.RECOVERED_MODIFIED,
        Resolution.RECOVERED_FALLBACK,
        Resolution.EXHAUSTED,
    }
)
_RIGHT, _WRONG, _OPEN = Verdict.APPROPRIATE, Verdict.INAPPROPRIATE, Verdict.UNKNOWN

TABLE: tuple[Line, ...] = (
    Line({Resolution.CENSORED}, None, _OPEN, Because.CENSORED),
    Line({Resolution.UNDETECTED}, "went_on", _WRONG, Because.WENT_ON),
    Line({Resolution.UNDETECTED}, None, _OPEN, Because.NOTHING_FOLLOWED),
    Line({Resolution.LOOPING}, None, _WRONG, Because.LOOPED),
    Line({Resolution.RECOVERED_REAUTH, Resolution.RECOVERED_RECONNECT}, None, _RIGHT, Because.MENDED),
    Line(_TRIED, "insisted", _WRONG, Because.INSISTED),
    Line(_TRIED, "early", _WRONG, Because.EARLY),
    Line(_TRIED, "blind", _WRONG, Because.BLIND),
    Line(_TRIED, "hasty", _WRONG, Because.HASTY),
    Line({Resolution.RECOVERED_RETRY}, None, _RIGHT, Because.CAME_BACK),
    Line({Resolution.RECOVERED_MODIFIED}, None, _RIGHT, Because.MENDED),
    Line({Resolution.RECOVERED_FALLBACK}, None, _RIGHT, Because.FELL_BACK),
    Line({Resolution.ESCALATED}, "may_tell", _RIGHT, Because.SAID_SO),
    Line({Resolution.ESCALATED}, None, _OPEN, Because.CANNOT_TELL),
    Line({Resolution.EXHAUSTED}, None, _OPEN, Because.GAVE_UP),
    Line({Resolution.FAILED_FAST}, "may_stop", _RIGHT, Because.STOPPED),
    Line({Resolution.FAILED_FAST}, None, _OPEN, Because.CANNOT_TELL),
    Line({Resolution.ABANDONED}, "checked", _RIGHT, Because.CHECKED),
    Line({Resolution.ABANDONED}, "stuck", _OPEN, Because.CANNOT_TELL),
    Line({Resolution.ABANDONED}, None, _WRONG, Because.LEFT),
)


_LINES: Mapping[Resolution, tuple[Line, ...]] = MappingProxyType(
    {resolution: tuple([line for line in TABLE if resolution in line.resolutions]) for resolution in Resolution}
)
"""The same lines in the same order, for each resolution."""

RECOVERED_RETRY: Final = Resolution.RECOVERED_RETRY
PERSISTENT: Final = Course.PERSISTENT
TRANSIENT: Final = Course.TRANSIENT
RETRY: Final = Reaction.RETRY
WAIT_THEN_RETRY: Final = Reaction.WAIT_THEN_RETRY
"""Looked up once: an enum member costs more than a global, and every retry asks."""


_CAME_BACK: Final = (_RIGHT, Because.CAME_BACK)


def verdict_on(resolution: Resolution, conduct: Conduct) -> tuple[Verdict, Because]:
    """The verdict of the first line that fits, and why; every resolution has a line that fits any conduct."""
    for line in _LINES[resolution]:
        if line.conduct is None or getattr(conduct, line.conduct):
            return line.verdict, line.because
    raise LookupError(f"no verdict for {resolution} and {conduct}")


def verdict_of(resolution: Resolution, episode: Episode) -> tuple[Verdict, Because]:
    """The verdict on an episode that is about to be closed, and why."""
    if resolution is RECOVERED_RETRY and not (episode.insisted or episode.early or episode.blind or episode.hasty):
        return _CAME_BACK  # as the lines have it; most episodes of a good agent end so
    return verdict_on(resolution, conduct_of(episode))


def conduct_of(episode: Episode) -> Conduct:
    """What there is to judge in an episode that is about to be closed."""
    in_doubt = episode.doubt is not None
    return Conduct(
        went_on=episode.followed > 0,
        early=episode.early,
        insisted=episode.insisted,
        blind=episode.blind,
        hasty=episode.hasty,
        may_stop=_may_stop(episode.nature),
        may_tell=_may_stop(episode.last.nature) or episode.retries > 0 or in_doubt,
        checked=in_doubt and episode.checked,
        stuck=episode.doubt is not None and episode.doubt.operation_key is None,
    )


def cannot_work_unchanged(nature: Nature) -> bool:
    """Is asking again unchanged in vain after a failure of this nature?"""
    return nature.course is not TRANSIENT and _RETRIES.isdisjoint(nature.healthy)


def needs_a_wait(nature: Nature) -> bool:
    """Is asking again at once wrong after a failure of this nature, although asking again is right?"""
    return WAIT_THEN_RETRY in nature.healthy and RETRY not in nature.healthy


def _may_stop(nature: Nature) -> bool:
    return nature.course is PERSISTENT or not _STOPS.isdisjoint(nature.healthy)
