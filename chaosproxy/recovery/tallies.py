"""What is counted for a fault, and what follows from the counts.

Every rate comes with the number of its cases and a Wilson 95 % interval. Must not know where the counts come from.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import msgspec

from chaosproxy.core.events import EpisodeClosed, Resolution, Verdict
from chaosproxy.recovery.expectations import Measured
from chaosproxy.recovery.intervals import percentile, wilson

TIMES = 10_000
"""Times to recovery kept for each fault, the latest: percentiles are over these."""


class Tally(msgspec.Struct):
    """What is counted for one fault, or for several together."""

    injected: int = 0
    """Calls that it happened to; 0 for `upstream` and `proxy`, which nobody injects."""
    resolutions: Counter[Resolution] = msgspec.field(default_factory=Counter)
    verdicts: Counter[Verdict] = msgspec.field(default_factory=Counter)
    """Of the decided episodes."""
    attempts: int = 0
    """In the decided episodes."""
    times: deque[float] = msgspec.field(default_factory=lambda: deque(maxlen=TIMES))
    """Seconds from the first failure's end to success."""

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
        self.attempts += event.attempts
        if event.resolution.recovered:
            self.times.append(event.closed - event.opened)

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
        return share(self.attempts, self.decided)


BY_FAULT: Mapping[str, Callable[[Tally], Measured]] = MappingProxyType(
    {
        "recovery_rate": Tally.recovery_rate,
        "appropriate_rate": Tally.appropriate_rate,
        "undetected_faults": Tally.undetected,
        "time_to_recovery_p50": lambda tally: tally.time_to_recovery(0.50),
        "time_to_recovery_p95": lambda tally: tally.time_to_recovery(0.95),
        "amplification": Tally.amplification,
    }
)
"""The measures that can be taken of some faults only."""


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
    undetected: int
    time_to_recovery_p50: float | None
    time_to_recovery_p95: float | None
    attempts_per_episode: float | None


def share(part: int, whole: int) -> Measured:
    """Part / whole, out of `whole` cases; without a value if there are none."""
    return Measured(part / whole if whole else None, whole)


def together(tallies: Iterable[Tally]) -> Tally:
    """All of them as one. All their times are kept, whatever the limit for one fault."""
    total = Tally(times=deque())
    for tally in tallies:
        total.injected += tally.injected
        total.resolutions.update(tally.resolutions)
        total.verdicts.update(tally.verdicts)
        total.attempts += tally.attempts
        total.times.extend(tally.times)
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
        resolutions={str(resolution): count for resolution, count in tally.resolutions.items()},
        verdicts={str(verdict): count for verdict, count in tally.verdicts.items()},
        undetected=tally.resolutions[Resolution.UNDETECTED],
        time_to_recovery_p50=tally.time_to_recovery(0.50).value,
        time_to_recovery_p95=tally.time_to_recovery(0.95).value,
        attempts_per_episode=tally.amplification().value,
    )
