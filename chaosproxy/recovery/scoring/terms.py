"""What a run is judged by: its rules, what is expected of it, and its seed; the same from a profile and from a journal.

Must not know what happened in the run.
"""

from typing import Self

import msgspec

from chaosproxy.profiles.models import Profile, Rule


class RuleInPlay(msgspec.Struct, frozen=True):
    """What a verdict needs to know of a rule."""

    name: str
    faults: tuple[str, ...] = ()
    """Types of its faults."""
    tool: str | None = None
    """The tools that it is about, with globs; None for any."""
    sessions: float | None = None
    """The share of sessions that it may strike, in (0, 1]; None for all."""


class Wanted(msgspec.Struct, frozen=True):
    """One expectation, in the unit of its measure."""

    measure: str
    at_least: float | None = None
    at_most: float | None = None
    of: tuple[str, ...] = ()
    """Only these faults; all if empty."""
    tool: str | None = None
    """Only these tools, with globs."""
    session: str | None = None
    """Only these sessions, with globs."""
    cases: int = 1
    """How many cases it takes to be judged."""


class Terms(msgspec.Struct, frozen=True):
    """What a run is judged by. Without any: that the agent called something."""

    rules: tuple[RuleInPlay, ...] = ()
    """All of them, in order."""
    wanted: tuple[Wanted, ...] = ()
    seed: int = 0
    """It decides which sessions are left alone."""

    @classmethod
    def of(cls, profile: Profile) -> Self:
        """Those of a profile."""
        return cls(
            rules=tuple(_in_play(rule) for rule in profile.rules),
            wanted=tuple(
                Wanted(measure, each.at_least, each.at_most, each.of, each.tool, each.session, each.cases)
                for measure, several in profile.expect.items()
                for each in several
            ),
            seed=profile.seed,
        )


def _in_play(rule: Rule) -> RuleInPlay:
    # A fault named twice is one word all the same, and a share of all is no share: as a journal has it.
    faults = tuple(dict.fromkeys(fault.type for fault in rule.fault))
    share = rule.when.sessions
    return RuleInPlay(rule.name, faults, rule.match.tool, share if share is None or share < 1 else None)
