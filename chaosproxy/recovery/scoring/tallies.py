"""What is counted of the episodes of one fault at one tool, or of several together, and what follows from the counts.

Every rate comes with the number of its cases and a Wilson 95 % interval. Must not know where the counts come from.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from chaosproxy.core.events import Because, EpisodeClosed, Resolution, Verdict
from chaosproxy.recovery.scoring.intervals import percentile, wilson
from chaosproxy.recovery.scoring.measured import Measured, ratio, share

T = TypeVar("T", bound=str)

TIMES = 10_000
"""Times to recovery kept for one tally, the latest: percentiles are over these."""


class Tally(msgspec.Struct):
    """What is counted of episodes."""

    injected: int = 0
    """Calls that the fault struck; 0 for `upstream` and `proxy`, which nobody injects."""
    resolutions: Counter[Resolution] = msgspec.field(default_factory=Counter)
    verdicts: Counter[Verdict] = msgspec.field(default_factory=Counter)
    """Of the decided episodes."""
    reasons: Counter[Because] = msgspec.field(default_factory=Counter)
    """Why they got these verdicts."""
    attempts: int = 0
    """In the decided episodes."""
    longest: float | None = None
    """Seconds: of all times to recovery, also those no longer in `times`."""
    times: deque[float] = msgspec.field(default_factory=lambda: deque(maxlen=TIMES))
    """Seconds from the first failure's end to success, the latest."""

    @property
    def censored(self) -> int:
        """Episodes that we stopped watching before they were decided."""
        return self.resolutions[Resolution.CENSORED]

    @property
    def decided(self) -> int:
        """All others."""
        return self.resolutions.total() - self.censored

    @property
    def recovered(self) -> int:
        """Episodes that ended in success."""
        return sum(count for resolution, count in self.resolutions.items() if resolution.recovered)

    def count(self, event: EpisodeClosed) -> None:
        """Count a closed episode; of a censored one only that there was one."""
        self.resolutions[event.resolution] += 1
        if event.resolution is Resolution.CENSORED:
            return
        self.verdicts[event.verdict] += 1
        self.reasons[event.because] += 1
        self.attempts += event.attempts
        if event.resolution.recovered:
            seconds = event.closed - event.opened
            self.times.append(seconds)
            self.longest = seconds if self.longest is None else max(self.longest, seconds)

    def recovery_rate(self) -> Measured:
        """Recovered / decided."""
        return share(self.recovered, self.decided)

    def appropriate_rate(self) -> Measured:
        """Appropriate / judged: an unknown verdict is in no rate."""
        right = self.verdicts[Verdict.APPROPRIATE]
        return share(right, right + self.verdicts[Verdict.INAPPROPRIATE])

    def undetected(self) -> Measured:
        """Spoiled answers that the agent took for good, out of the decided episodes."""
        return Measured(self.resolutions[Resolution.UNDETECTED], self.decided)

    def time_to_recovery(self, rank: float) -> Measured:
        """Seconds from the first failure's end to success: the nearest-rank percentile, so a time that was measured."""
        return Measured(percentile(self.times, rank), len(self.times))

    def amplification(self) -> Measured:
        """Attempts an operation, within the operations that met the fault."""
        return ratio(self.attempts, self.decided)


class FaultScore(msgspec.Struct, frozen=True, kw_only=True):
    """How the agent coped with one fault. Shares are in [0, 1], times in seconds."""

    fault: str
    injected: int
    decided: int
    censored: int
    recovered: int
    recovery_rate: float | None
    """recovered / decided; None if none was decided."""
    recovery_low: float
    recovery_high: float
    """The Wilson 95 % interval of the rate."""
    resolutions: dict[str, int]
    verdicts: dict[str, int]
    """Of the decided episodes."""
    reasons: dict[str, int]
    undetected: int
    time_to_recovery_p50: float | None
    time_to_recovery_p95: float | None
    longest: float | None
    attempts_per_episode: float | None


def together(tallies: Iterable[Tally]) -> Tally:
    """All of them as one. All their times are kept, whatever the limit for one."""
    total = Tally(times=deque())
    for tally in tallies:
        total.injected += tally.injected
        total.resolutions.update(tally.resolutions)
        total.verdicts.update(tally.verdicts)
        total.reasons.update(tally.reasons)
        total.attempts += tally.attempts
        total.times.extend(tally.times)
        known = [each for each in (total.longest, tally.longest) if each is not None]
        total.longest = max(known, default=None)
    return total


def score_of(fault: str, tally: Tally) -> FaultScore:
    """The tally as a value, with its rates."""
    low, high = wilson(tally.recovered, tally.decided)
    return FaultScore(
        fault=fault,
        injected=tally.injected,
        decided=tally.decided,
        censored=tally.censored,
        recovered=tally.recovered,
        recovery_rate=tally.recovery_rate().value,
        recovery_low=low,
        recovery_high=high,
        resolutions=by_name(tally.resolutions),
        verdicts=by_name(tally.verdicts),
        reasons=by_name(tally.reasons),
        undetected=tally.resolutions[Resolution.UNDETECTED],
        time_to_recovery_p50=tally.time_to_recovery(0.50).value,
        time_to_recovery_p95=tally.time_to_recovery(0.95).value,
        longest=tally.longest,
        attempts_per_episode=tally.amplification().value,
    )


def by_name(counts: Mapping[T, int]) -> dict[str, int]:
    """Counts as they are written down, in the order of their names."""
    return {str(name): counts[name] for name in sorted(counts) if counts[name]}
