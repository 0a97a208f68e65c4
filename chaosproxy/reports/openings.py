"""How an episode began, in half a sentence: what the first failing call met, and what the tool really did.

Must not know what the agent did about it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from chaosproxy.core.call import ToolEffect
from chaosproxy.core.failures import Outcome
from chaosproxy.core.replies import UpstreamTruth
from chaosproxy.reports.figures import plain, seconds
from chaosproxy.reports.model import CallView, EpisodeView

_LOST = frozenset({Outcome.RESET, Outcome.TIMEOUT, Outcome.AGENT_LEFT, Outcome.UNAVAILABLE})
"""Outcomes that say nothing of whether the tool ran."""

_MET: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.OK: "got an answer that was not true, and no error",
        Outcome.SOFT_ERROR: "got an error inside an answer that says all is well",
        Outcome.THROTTLED: "was refused for its rate",
        Outcome.UNAVAILABLE: "found the tool out of order",
        Outcome.AUTH: "was refused for its credentials",
        Outcome.DENIED: "was forbidden",
        Outcome.NOT_FOUND: "asked for what is not there",
        Outcome.INVALID: "was refused for its arguments",
        Outcome.QUOTA: "was refused because the quota is used up",
        Outcome.MALFORMED: "got an answer that cannot be read",
        Outcome.TRUNCATED: "got only part of its answer",
        Outcome.TIMEOUT: "was told that the tool took too long",
        Outcome.AGENT_LEFT: "got no answer in the time that the agent waits",
        Outcome.RESET: "lost its connection",
        Outcome.UNTRUSTED: "was shown a certificate that the agent does not trust",
    }
)
_OWN: Mapping[str, str] = MappingProxyType(
    {"upstream": "the tool's own failure", "proxy": "the tool could not be reached"}
)


def opening(episode: EpisodeView, first: CallView | None) -> str:
    """`#12 was executed but its reply was lost (connection_reset)`."""
    number = f"#{episode.calls[0]}" if episode.calls else "a call"
    return f"{number} {_met(episode, first)} ({_cause(episode, first)})"


def _met(episode: EpisodeView, first: CallView | None) -> str:
    outcome = first.outcome if first is not None else episode.outcome
    if outcome is None:
        return "failed"
    if first is None or outcome is Outcome.OK:
        return _MET[outcome]
    if first.hint:
        return f"was told to wait {seconds(first.hint)}"
    if outcome in _LOST and episode.effect is not ToolEffect.READ:
        return _in_doubt(first)
    if outcome is Outcome.AGENT_LEFT:
        return f"got no answer, and the agent hung up after {seconds(first.seconds)}"
    return _MET[outcome]


def _in_doubt(first: CallView) -> str:
    """A failure that does not say whether the tool ran, at a tool where that matters."""
    if first.truth is UpstreamTruth.EXECUTED:
        return "was executed, but its reply was lost" if first.outcome is not Outcome.UNAVAILABLE else _EXECUTED
    met = _MET[first.outcome]
    if first.truth is UpstreamTruth.SENT_UNKNOWN:
        return f"{met}, and may have been executed"
    return f"{met} before the tool had it" if first.truth is UpstreamTruth.NOT_SENT else met


_EXECUTED = "was executed, but the agent was told that it failed"


def _cause(episode: EpisodeView, first: CallView | None) -> str:
    cause = _OWN.get(episode.fault, plain(episode.fault))
    return f"{first.status}, {cause}" if first is not None and first.status >= 400 else cause
