"""When a rule hits: the keys of `when`, and the phases of a run. Their docstrings are the profile's reference.

What a mapping says that can never be meant is refused here; what follows from several of them together is for `never`.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from chaosproxy.core.units import format_rate
from chaosproxy.faults._fields import Duration, Rate
from chaosproxy.profiles.fields import AtLeastOne, ExactShare, Many, Name, OneLine, OneOrMore, Span
from chaosproxy.profiles.section import Count, MoreThanNone, Section


class Ramp(Section):
    """A probability that moves with the time."""

    from_: Annotated[Rate, Field(alias="from")] = 0.0
    """The share of calls that is hit at first."""
    to: Rate
    """The share that is hit in the end, and from then on."""
    over: MoreThanNone
    """How long it takes from the one to the other."""


class Outage(Section):
    """A tool that is up, then down, and so on, for all sessions at once."""

    up: MoreThanNone
    """How long it is up, at first and after each time it was down. Calls are hit while it is down."""
    down: MoreThanNone
    """How long it is down."""
    timing: Literal["exponential", "fixed"] = "exponential"
    """exponential: the times vary, as those of failures and repairs do, and `up` and `down` are their means; the seed
    chooses them. fixed: each time is exactly as long as that."""


class Burst(Section):
    """Failures in clumps: who is hit is likely to be hit again (the two states of Gilbert and Elliott)."""

    share: Rate
    """The share of the tool's calls that is hit in the long run."""
    length: Annotated[float, Field(ge=1, le=1_000_000)]
    """How many of the tool's calls in a session are hit in a row, on average."""

    @model_validator(mode="after")
    def _clumps(self) -> Self:
        if not 0 < self.share < 1:
            raise ValueError("share: expected a share above 0% and below 100%: what never ends is no burst")
        by_chance = 1 / (1 - self.share)
        if self.length <= by_chance:
            raise ValueError(
                f"length: expected more than {by_chance:.4g}: so many in a row come of mere chance at a share of "
                f"{format_rate(self.share)}, which `probability` says"
            )
        return self


class When(Section):
    """When a matching call is hit. All that is given must hold; nothing given means always."""

    probability: Rate | None = None
    """The share of calls, decided by the seed: the same calls in every run."""
    exactly: ExactShare | None = None
    """An exact share of calls, written `2 of 10`: in each ten calls in a row exactly two are hit, and the seed chooses
    which. Calls are counted by `key`; if that is left out, by their tool in the session."""
    calls: Annotated[tuple[Span, ...], AtLeastOne, OneOrMore()] | None = None
    """The n-th calls of this tool in a session: `3`, `1-2`, `[1, 4-6]`."""
    attempts: Annotated[tuple[Span, ...], AtLeastOne, OneOrMore()] | None = None
    """The n-th attempts of one operation: `1-2` fails twice, then works."""
    every: Count | None = None
    """Each n-th call of this tool in a session."""
    after: Duration | None = None
    """From so long after the run began."""
    for_: Annotated[MoreThanNone | None, Field(alias="for")] = None
    """For so long: from `after`, or from the beginning of the run."""
    repeat: MoreThanNone | None = None
    """With `for`: again and again, so long from one beginning to the next."""
    ramp: Ramp | None = None
    """A probability that moves with the time since the run began (since `after`, if that is given):
    `{from: 0%, to: 50%, over: 10m}`."""
    outage: Outage | None = None
    """Only while the tool is down, as it is from time to time: `{up: 5m, down: 20s}`. Down for all sessions at once."""
    burst: Burst | None = None
    """In clumps: `{share: 10%, length: 5}` hits 10% of the tool's calls in a session, about five in a row."""
    sessions: Rate | None = None
    """The share of sessions that it is about, decided by the seed and the session's name."""
    max: Count | None = None
    """At most so many times in a session."""
    key: Literal["fingerprint", "tool", "arrival"] | None = None
    """What chance goes by: `fingerprint`, the call's arguments and how often they came (if left out); `tool`, the tool
    and its ordinal in the session (if left out beside `exactly`); or `arrival`, the order of arrival, which is not
    reproducible under concurrency."""

    @property
    def goes_by(self) -> str:
        """The key that was given, or its default."""
        return self.key or ("fingerprint" if self.exactly is None else "tool")

    @property
    def likeliest(self) -> float | None:
        """The probability, or the highest of a ramp; None if chance is not asked call by call."""
        return self.probability if self.ramp is None else max(self.ramp.from_, self.ramp.to)

    @model_validator(mode="after")
    def _shares_agree(self) -> Self:
        given = [name for name in ("probability", "exactly", "ramp") if getattr(self, name) is not None]
        if len(given) > 1:
            first, second = given[:2]
            raise ValueError(f"{second}: `{first}` says already which share of the calls is hit; leave out one of them")
        return self

    @model_validator(mode="after")
    def _repeats_with_a_pause(self) -> Self:
        if self.repeat is not None and self.for_ is None:
            raise ValueError("repeat: without `for` it never ends, so it cannot begin again")
        if self.repeat is not None and self.for_ is not None and self.repeat <= self.for_:
            raise ValueError("repeat: expected longer than `for`; as it is, it would hold all the time")
        return self


class RunPhase(Section):
    """A part of a run, with rules that fire in it alone."""

    name: Name
    """What it is called: calm, storm."""
    for_: Annotated[MoreThanNone | None, Field(alias="for")] = None
    """How long it is, from the end of the one before, or from the beginning of the run. Only the last may leave it out:
    it lasts for ever."""
    rules: Annotated[tuple[OneLine, ...], Many, OneOrMore()] = ()
    """The rules that it is for, by name (globs). A rule that some phase names fires only in those that name it; one
    that none names is always on."""


def rules_of(phases: Iterable[RunPhase], rules: Iterable[str]) -> list[frozenset[str]]:
    """By phase, the rules of these names that are for it."""
    names = list(rules)
    return [
        frozenset(name for name in names if any(name == glob or fnmatchcase(name, glob) for glob in phase.rules))
        for phase in phases
    ]
