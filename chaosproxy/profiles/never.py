"""What the parts of a `when`, and the phases, make together: what can never hold, and what was hardly meant so.

Says of the one that it is unreachable, and warns of the other; only where it is certain. Knows the sound part of a
profile, and nothing of what rules match.
"""

import math
from collections.abc import Iterable, Iterator

from chaosproxy.core.call import ToolEffect
from chaosproxy.core.units import format_duration, format_rate
from chaosproxy.profiles.mistakes import Finding, Path
from chaosproxy.profiles.models import Profile, Rule, When
from chaosproxy.profiles.salvage import Sound
from chaosproxy.profiles.when import RunPhase, rules_of

_READING = ("GET", "HEAD", "OPTIONS", "TRACE")

Stretch = tuple[float, float]
"""Seconds since the run began: from, and until (not included)."""


def impossible(sound: Sound) -> Iterator[Finding]:
    """What can never hold, by path in the sound part of a profile."""
    phases = sound.profile.phases
    when_is_known = sound.all_phases and all(phase.for_ is not None for phase in phases[:-1])
    for nth, rule in _certain(sound):
        path: Path = ("rules", nth, "when")
        when = rule.when
        if when.calls and when.every and not any(high // when.every * when.every >= low for low, high in when.calls):
            said = f"unreachable: the number of no call that `calls` names divides by {when.every}"
            yield Finding((*path, "every"), said, on_key=True)
        if when_is_known:
            yield from _never_on(path, rule, phases)


def suspicious(profile: Profile) -> Iterator[Finding]:
    """What was hardly meant so, by path in a whole profile."""
    for nth, rule in enumerate(profile.rules):
        yield from (
            Finding(("rules", nth, "when", key), f"this rule never fires by itself: {said}", on_key=True)
            for key, said in _without_a_chance(rule.when)
        )
        yield from (
            Finding(("rules", nth, "when", key), said, on_key=True)
            for key, said in (*_cut_short(rule.when), *_hardly_exact(rule.when), *_hardly_so_often(rule.when))
        )
        if any(fault.needs_a_write for fault in rule.fault) and _reads_only(rule, profile):
            said = "this rule never begins: it takes a call that writes, and none is matched"
            yield Finding(("rules", nth, "match"), said, on_key=True)
    if profile.rules and profile.rules[-1].continue_:
        path: Path = ("rules", len(profile.rules) - 1, "continue")
        yield Finding(path, "no rule comes after this one", on_key=True)
    if profile.rules and profile.safety.max_ratio == 0:
        yield Finding(("safety", "max_ratio"), "no call may be hit, so no rule ever fires", on_key=True)


def _reads_only(rule: Rule, profile: Profile) -> bool:
    """Whether what a rule matches are surely calls that change nothing."""
    tool = profile.tools.get(rule.match.tool or "")
    if tool is not None and tool.effect is not None:
        return tool.effect is ToolEffect.READ
    return (rule.match.method or (tool.method if tool is not None else None)) in _READING


def _certain(sound: Sound) -> Iterator[tuple[int, Rule]]:
    """The rules that have lost no key."""
    for nth, rule in enumerate(sound.profile.rules):
        if sound.in_file(("rules", nth)) not in sound.doubtful:
            yield nth, rule


def _never_on(path: Path, rule: Rule, phases: tuple[RunPhase, ...]) -> Iterator[Finding]:
    """Whether there is no time at which the rule is on."""
    when = rule.when
    stretches = _of_phases(rule.name, phases)
    if not any(_meet(when, stretch) for stretch in stretches):
        key = "after" if when.after else "for"
        yield Finding((*path, key), "unreachable: it is never on in a phase that names this rule", on_key=True)
        return
    outage = when.outage
    if outage is not None and outage.timing == "fixed" and when.repeat is None:
        begin = when.after or 0.0
        over = min(begin + (when.for_ or math.inf), max(end for _, end in stretches))
        if over <= outage.up:
            said = f"unreachable: the tool is up for the first {format_duration(outage.up)}, and the rule is over then"
            yield Finding((*path, "outage"), said, on_key=True)


def _of_phases(rule: str, phases: Iterable[RunPhase]) -> list[Stretch]:
    """When the phases that name a rule are; always, if none does."""
    stretches = []
    phases = tuple(phases)
    end = 0.0
    for phase, names in zip(phases, rules_of(phases, [rule]), strict=True):
        begin, end = end, end + (phase.for_ or math.inf)
        if rule in names:
            stretches.append((begin, end))
    return stretches or [(0.0, math.inf)]


def _meet(when: When, stretch: Stretch) -> bool:
    """Is a rule with this `after`, `for` and `repeat` on at some time in the stretch?"""
    begin, end = stretch
    on, lasts = when.after or 0.0, when.for_ or math.inf
    if when.repeat is not None and on + lasts <= begin:
        on += math.floor((begin - on) / when.repeat) * when.repeat  # the last time that it comes on before the stretch
        if on + lasts <= begin:
            on += when.repeat
    return on < end and on + lasts > begin


def _without_a_chance(when: When) -> Iterator[tuple[str, str]]:
    if when.probability == 0:
        yield "probability", "its probability is 0%"
    if when.ramp is not None and when.likeliest == 0:
        yield "ramp", "its ramp goes from 0% to 0%"
    if when.sessions == 0:
        yield "sessions", "it is about 0% of sessions"


def _cut_short(when: When) -> Iterator[tuple[str, str]]:
    """A ramp that has no time to come to its end."""
    if when.ramp is not None and when.for_ is not None and when.repeat is None and when.for_ < when.ramp.over:
        on, end = format_duration(when.for_), format_rate(when.ramp.to)
        yield "ramp", f"the rule is over after {on}, before its ramp has come to {end}"


def _hardly_exact(when: When) -> Iterator[tuple[str, str]]:
    """Other parts that take hits away from an exact share."""
    for key in ("attempts", "every", "burst", "outage"):
        if when.exactly is not None and getattr(when, key) is not None:
            hits, of = when.exactly
            yield "exactly", f"fewer than {hits} of {of} will be hit: `{key}` leaves out some of those that are chosen"
            return


def _hardly_so_often(when: When) -> Iterator[tuple[str, str]]:
    """The n-th attempt of an operation is at least the n-th call of its tool, if all of them are to the same tool."""
    if when.calls and when.attempts:
        last, first = max(high for _, high in when.calls), min(low for low, _ in when.attempts)
        if last < first:
            yield "attempts", f"among the first {last} calls of a tool there is hardly an attempt number {first}"
