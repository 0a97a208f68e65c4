"""One sentence for an episode: what happened to the agent, what it did about it, and why that is right or wrong.

Put together from four parts, so that every way to end and every reason for a verdict goes with every other:
how it began; what the agent did; what came of it; what is to be said of that. Must not know how verdicts come about.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from chaosproxy.core.call import CallKind
from chaosproxy.core.events import Because, Certainty, Resolution
from chaosproxy.core.failures import Outcome
from chaosproxy.reports.figures import counted, listed, plain, seconds
from chaosproxy.reports.model import CallView, EpisodeView
from chaosproxy.reports.openings import opening

WAITS_TOLD = 4
"""Waits that are told one by one."""
AT_ONCE = 0.05
"""Seconds; less is no pause that anybody meant."""


class Facts(msgspec.Struct, frozen=True):
    """What a sentence is made of."""

    episode: EpisodeView
    retries: tuple[int, ...]
    """Attempts at the same, after the first: in order, the one that another tool or a human ended it by left out."""
    waits: tuple[float, ...]
    """Seconds before each of them, as far as the calls are known."""
    asked: float | None
    """Seconds that the first failure asked to wait."""
    executed: int
    """How often the tool ran, if it was seen to run more than once; else 0."""
    ender: CallView | None
    """The call that ended it, if it is known."""

    @property
    def because(self) -> Because | None:
        """Why it got its verdict."""
        return self.episode.because


def story(episode: EpisodeView, calls: Mapping[int, CallView]) -> str:
    """The sentence. `calls` are by number; those that are missing are told of with fewer words."""
    facts = _facts(episode, calls)
    begun = opening(episode, calls.get(episode.calls[0]) if episode.calls else None)
    did = _DID[episode.resolution](facts)
    return f"{plain(episode.tool)}: {begun}; {did}{_twice(facts)}{_said(facts)}."


def _facts(episode: EpisodeView, calls: Mapping[int, CallView]) -> Facts:
    ender = calls.get(episode.ended_by)
    first = calls.get(episode.calls[0]) if episode.calls else None
    aside = {episode.ended_by} if episode.resolution in _ENDED_ELSEWHERE else set()
    retries = tuple([number for number in episode.calls[1:] if number not in aside])
    return Facts(
        episode=episode,
        retries=retries,
        waits=_waits(episode, retries, calls),
        asked=None if first is None else first.hint,
        executed=_executions([calls[number] for number in episode.calls if number in calls]),
        ender=ender,
    )


def _waits(episode: EpisodeView, retries: tuple[int, ...], calls: Mapping[int, CallView]) -> tuple[float, ...]:
    before = calls.get(episode.calls[0]) if episode.calls else None
    waits: list[float] = []
    for number in retries:
        call = calls.get(number)
        if before is None or call is None:
            return ()
        waits.append(max(0.0, call.start - before.start - before.seconds))
        before = call
    return tuple(waits)


_ENDED_ELSEWHERE = frozenset({Resolution.RECOVERED_FALLBACK, Resolution.ESCALATED, Resolution.UNDETECTED})
"""Endings whose last call is no attempt at the same."""


def _executions(calls: list[CallView]) -> int:
    """A reply that the tool had kept and gave again is no execution, so only confirmed duplicates count."""
    again = [call for call in calls if call.duplicate is Certainty.CONFIRMED]
    once = any(call.executions for call in calls if call.duplicate is not Certainty.CONFIRMED)
    return sum(max(1, call.executions) for call in again) + once if again else 0


def _recovered(facts: Facts) -> str:
    return f"the agent {_again(facts)}{'' if facts.executed else ', and that worked'}"


def _modified(facts: Facts) -> str:
    if not facts.retries:
        return f"the agent came back with other arguments{_as(facts.episode.ended_by)}, and that worked"
    *vain, last = facts.retries
    before, now = (_manner(facts), "") if facts.because is Because.INSISTED else ("", _manner(facts))
    how = f"#{last}{_after(facts.waits[-1:])}{now}"
    return f"the agent {_tried(vain, before)}came back with other arguments as {how}, and that worked"


def _fell_back(facts: Facts) -> str:
    number, ender, vain = facts.episode.ended_by, facts.ender, _tried(facts.retries, _manner(facts))
    if ender is None or ender.tool == facts.episode.tool:
        what = "another model" if ender is not None and ender.kind is CallKind.FALLBACK else "something else"
    else:
        what = plain(ender.tool)
    return f"the agent {vain}turned to {what} instead{_as(number)}, and that worked"


def _reauthenticated(facts: Facts) -> str:
    return f"the agent renewed its credentials and came back{_as(_last(facts))}, and that worked"


def _reconnected(facts: Facts) -> str:
    return f"the agent opened a new session and came back{_as(_last(facts))}, and that worked"


def _escalated(facts: Facts) -> str:
    return f"the agent {_tried(facts.retries)}told a human{_as(facts.episode.ended_by)}"


def _stopped(facts: Facts) -> str:
    return f"the agent {_tried(facts.retries)}did not ask again"


def _exhausted(facts: Facts) -> str:
    attempts = counted(max(facts.episode.attempts, len(facts.episode.calls)), "attempt")
    if not facts.retries:
        return f"the agent gave up after {attempts}"
    again = "was refused again" if facts.episode.outcome in _REFUSALS else "failed again"
    if facts.because is Because.INSISTED:
        again = f"although that cannot work, {again}"
    return f"the agent {_again(facts)}, {again}, and gave up after {attempts}"


def _abandoned(facts: Facts) -> str:
    if facts.because is Because.CHECKED:
        return f"the agent {_tried(facts.retries)}looked whether it had run, and did not send it again"
    return f"the agent {_tried(facts.retries)}never came back to it"


def _looping(facts: Facts) -> str:
    return f"the agent went round in a circle, with {counted(facts.episode.attempts, 'attempt')} and no success"


def _undetected(facts: Facts) -> str:
    if facts.because is Because.NOTHING_FOLLOWED:
        return "it was the last that the agent got"
    return f"the agent went on as if all were well{_as(facts.episode.ended_by)}"


def _censored(facts: Facts) -> str:
    tries = f" and {counted(facts.episode.attempts, 'attempt')}" if facts.episode.attempts > 1 else ""
    return f"what became of it is not known: watching ended after {seconds(facts.episode.seconds)}{tries}"


_DID: Mapping[Resolution, Callable[[Facts], str]] = MappingProxyType(
    {
        Resolution.RECOVERED_RETRY: _recovered,
        Resolution.RECOVERED_MODIFIED: _modified,
        Resolution.RECOVERED_FALLBACK: _fell_back,
        Resolution.RECOVERED_REAUTH: _reauthenticated,
        Resolution.RECOVERED_RECONNECT: _reconnected,
        Resolution.ESCALATED: _escalated,
        Resolution.FAILED_FAST: _stopped,
        Resolution.EXHAUSTED: _exhausted,
        Resolution.ABANDONED: _abandoned,
        Resolution.LOOPING: _looping,
        Resolution.UNDETECTED: _undetected,
        Resolution.CENSORED: _censored,
    }
)
"""What the agent did, for each way to end."""

_REFUSALS = frozenset(
    {Outcome.THROTTLED, Outcome.AUTH, Outcome.DENIED, Outcome.INVALID, Outcome.QUOTA, Outcome.NOT_FOUND}
)

_MANNERS: Mapping[Because, str] = MappingProxyType(
    {
        Because.EARLY: ", too early",
        Because.HASTY: ", without the pause that it needs",
        Because.BLIND: " without a key and without checking",
        Because.INSISTED: ", unchanged",
    }
)
"""How it tried again, where that is what the verdict is about."""


def _manner(facts: Facts) -> str:
    return "" if facts.because is None else _MANNERS.get(facts.because, "")


def _again(facts: Facts) -> str:
    manner = _manner(facts)
    retries, asked = facts.retries, facts.asked
    if not retries:
        return f"tried again{manner}"
    came = "came back" if asked else "sent it again"
    if len(retries) == 1:
        obeyed = ", as it was asked to" if asked and facts.because is Because.CAME_BACK else ""
        return f"{came} as #{retries[0]}{_after(facts.waits)}{obeyed}{manner}"
    return f"tried {len(retries)} more times ({_span(retries)}{_paused(facts.waits)}){manner}"


def _after(waits: tuple[float, ...]) -> str:
    if not waits:
        return ""
    return " at once" if waits[0] < AT_ONCE else f" after {seconds(waits[0])}"


def _paused(waits: tuple[float, ...]) -> str:
    if not waits:
        return ""
    if max(waits) < AT_ONCE:
        return ", at once each time"
    if len(waits) > WAITS_TOLD:
        return f", after {seconds(min(waits))} to {seconds(max(waits))} each"
    return f", after {listed([seconds(wait) for wait in waits])}"


def _span(numbers: Sequence[int]) -> str:
    if len(numbers) <= WAITS_TOLD:
        return listed([f"#{number}" for number in numbers])
    return f"#{numbers[0]} to #{numbers[-1]}"


def _tried(vain: Sequence[int], manner: str = "") -> str:
    """Attempts that came before what it did in the end."""
    return f"tried again in vain ({_span(vain)}){manner}, then " if vain else ""


def _as(number: int) -> str:
    return f" (#{number})" if number else ""


def _last(facts: Facts) -> int:
    return facts.episode.ended_by or (facts.retries[-1] if facts.retries else 0)


def _twice(facts: Facts) -> str:
    """That the tool did it more than once."""
    if not facts.executed:
        return ""
    joined = ", and" if facts.episode.resolution is Resolution.RECOVERED_RETRY else ";"
    times = {1: "once more", 2: "twice"}.get(facts.executed, f"{facts.executed} times")
    return f"{joined} the tool executed it {times}"


_SAID: Mapping[Because, str] = MappingProxyType(
    {
        Because.NOTHING_FOLLOWED: ", so whether it noticed does not show",
        Because.STOPPED: ", which is right",
        Because.SAID_SO: ", which is right",
        Because.GAVE_UP: "; whether that was enough does not show",
        Because.LEFT: ", although trying again was right",
        Because.CANNOT_TELL: "; what else it did about it does not show",
        Because.LOOPED: ", doing the same over and over",
    }
)
"""What is to be said of it in the end."""

_UNTOLD: Mapping[Because, str] = MappingProxyType(
    {
        Because.EARLY: ", having come back too early",
        Because.HASTY: ", having come back without the pause that it needs",
        Because.BLIND: ", having sent it again without a key and without checking",
    }
)
"""The same as the manners, where no attempt was told of that had them."""
_TELLS_MANNER = frozenset(
    {Resolution.RECOVERED_RETRY, Resolution.RECOVERED_MODIFIED, Resolution.RECOVERED_FALLBACK, Resolution.EXHAUSTED}
)


def _said(facts: Facts) -> str:
    because, resolution = facts.because, facts.episode.resolution
    if because is None or resolution is Resolution.CENSORED:
        return ""
    if because is Because.INSISTED:
        return ", although asking again unchanged is no answer to that failure" if resolution.recovered else ""
    if because in _UNTOLD and not (facts.retries and resolution in _TELLS_MANNER):
        return "" if resolution is Resolution.RECOVERED_RETRY else _UNTOLD[because]
    return _SAID.get(because, "")
