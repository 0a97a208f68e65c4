"""What the samples say: medians over the rounds, ratios to Envoy, latency over direct; as records and as a table."""

from collections.abc import Iterable, Sequence
from statistics import median

import msgspec

from benchmarks.findings import MEBIBYTE
from benchmarks.goals import Goal, at_least, at_most
from benchmarks.markdown import markdown_table
from benchmarks.relays import CHAOSPROXY, COMPILED, DIRECT, ENVOY, MITMPROXY, Relay
from benchmarks.rounds import Absent, Measured, Sample

GOALS = (
    at_least("quiet relay with everything on, to Envoy with its fault filter", 1.0, "x"),
    at_least("quiet relay with everything on, to mitmproxy", 25, "x"),
    at_most("added latency at 1 000 calls a second, p50", 0.15, "ms"),
    at_most("added latency at 1 000 calls a second, p99", 1, "ms"),
)
"""What is aimed at here."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One relay: medians of its rounds. None where there is nothing to say."""

    relay: str
    title: str
    rounds: int
    calls_per_second: float | None = None
    slowest_round: float | None = None
    """Calls a second."""
    fastest_round: float | None = None
    to_envoy: float | None = None
    """Calls a second over Envoy's, median of the ratios within each round."""
    core_share: float | None = None
    """How much of its core it had. Well below 1, something else was the limit: the load, or others on this machine."""
    calls_per_cpu_second: float | None = None
    """Calls for each second that it ran: what a whole core would give."""
    cpu_seconds_per_call: float | None = None
    """What one call takes from its core, under full load: the figure that others on this machine disturb the least."""
    p50: float | None = None
    """Seconds, under full load."""
    p99: float | None = None
    added_p50: float | None = None
    """Seconds over direct, at the fixed pace; median of the differences within each round."""
    added_p99: float | None = None
    start_seconds: float | None = None
    memory_at_rest: float | None = None
    """Bytes."""
    memory_after: float | None = None
    absent: bool = False
    """It is not on this machine."""
    problems: tuple[str, ...] = ()


def rows(relays: Iterable[Relay], measured: Sequence[Measured]) -> list[Row]:
    """A row for each relay, in this order."""
    return [_row(relay, measured) for relay in relays]


def goals(table: Iterable[Row], measured: Sequence[Measured]) -> tuple[Goal, ...]:
    """What is aimed at, and what we came to."""
    # Compiled, as the container image has it; plain where it was not compiled.
    name = COMPILED.name if _by_round(COMPILED.name, measured) else CHAOSPROXY.name
    ours = next((row for row in table if row.relay == name), None)
    if ours is None:
        return GOALS
    figures = (
        ours.to_envoy,
        _ratio(_by_round(name, measured), _by_round(MITMPROXY.name, measured)),
        None if ours.added_p50 is None else ours.added_p50 * 1e3,
        None if ours.added_p99 is None else ours.added_p99 * 1e3,
    )
    return tuple(goal.reached(figure) for goal, figure in zip(GOALS, figures, strict=True))


def _ratio(ours: dict[int, Sample], theirs: dict[int, Sample]) -> float | None:
    """Calls a second over calls a second: the median of the ratios within each round."""
    rounds = ours.keys() & theirs.keys()
    return _median(ours[number].load.per_second / theirs[number].load.per_second for number in rounds)


def _row(relay: Relay, measured: Sequence[Measured]) -> Row:
    mine = _by_round(relay.name, measured)
    samples = list(mine.values())
    direct, envoy = _by_round(DIRECT.name, measured), _by_round(ENVOY.name, measured)
    beside_direct = [(sample.pace, direct[number].pace) for number, sample in mine.items() if number in direct]
    costs = [(sample.load, sample.cost) for sample in samples if sample.cost and sample.cost.cpu_seconds]
    rates = [sample.load.per_second for sample in samples]
    return Row(
        relay=relay.name,
        title=relay.title,
        rounds=len(samples),
        calls_per_second=_median(rates),
        slowest_round=min(rates, default=None),
        fastest_round=max(rates, default=None),
        to_envoy=_ratio(mine, envoy),
        core_share=_median(cost.cpu_seconds * load.per_second / load.calls for load, cost in costs),
        calls_per_cpu_second=_median(load.calls / cost.cpu_seconds for load, cost in costs),
        cpu_seconds_per_call=_median(cost.cpu_seconds / load.calls for load, cost in costs),
        p50=_median(sample.load.p50 for sample in samples),
        p99=_median(sample.load.p99 for sample in samples),
        added_p50=_median(through.p50 - without.p50 for through, without in beside_direct),
        added_p99=_median(through.p99 - without.p99 for through, without in beside_direct),
        start_seconds=_median(cost.start_seconds for _, cost in costs),
        memory_at_rest=_median(cost.memory_at_rest for _, cost in costs),
        memory_after=_median(cost.memory_after for _, cost in costs),
        absent=any(isinstance(item, Absent) and item.relay == relay.name for item in measured),
        problems=_problems(relay.name, measured),
    )


def _by_round(relay: str, measured: Sequence[Measured]) -> dict[int, Sample]:
    return {item.round: item for item in measured if isinstance(item, Sample) and item.relay == relay}


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _problems(relay: str, measured: Sequence[Measured]) -> tuple[str, ...]:
    """What went wrong, with the rounds it went wrong in; the same words once."""
    rounds: dict[str, list[int]] = {}
    absent = [f"not here: {item.reason}" for item in measured if isinstance(item, Absent) and item.relay == relay]
    for item in measured:
        if item.relay == relay and not isinstance(item, Absent):
            for problem in item.problems if isinstance(item, Sample) else (item.reason,):
                rounds.setdefault(problem, []).append(item.round)
    return (*absent, *(f"round {', '.join(map(str, known))}: {problem}" for problem, known in rounds.items()))


_HEADINGS = (
    "relay",
    "calls/s",
    "(rounds)",
    "to Envoy",
    "core",
    "CPU/call",
    "p50",
    "p99",
    "added p50",
    "added p99",
    "start",
    "at rest",
    "after",
)


def format_table(table: Sequence[Row]) -> str:
    """The rows for people, in Markdown, with what is wrong with them below."""
    remarks = [f"! {row.title}: {problem}" for row in table for problem in row.problems]
    return "\n\n".join([markdown_table(_HEADINGS, [_cells(row) for row in table]), *remarks])


def _cells(row: Row) -> tuple[str, ...]:
    title = ("! " if row.problems else "") + row.title
    if row.absent:
        return (title, "not here", *[""] * (len(_HEADINGS) - 2))
    spread = "" if row.slowest_round is None else f"{row.slowest_round:.0f}-{row.fastest_round:.0f}"
    return (
        title,
        _number(row.calls_per_second, ".0f"),
        spread,
        _number(row.to_envoy, ".2f"),
        _number(row.core_share, ".0f", 100, " %"),
        _number(row.cpu_seconds_per_call, ".1f", 1e6, " us"),
        _number(row.p50, ".2f", 1e3, " ms"),
        _number(row.p99, ".2f", 1e3, " ms"),
        _number(row.added_p50, ".2f", 1e3, " ms"),
        _number(row.added_p99, ".2f", 1e3, " ms"),
        _number(row.start_seconds, ".2f", 1, " s"),
        _number(row.memory_at_rest, ".0f", 1 / MEBIBYTE, " MiB"),
        _number(row.memory_after, ".0f", 1 / MEBIBYTE, " MiB"),
    )


def _number(value: float | None, form: str, scale: float = 1.0, unit: str = "") -> str:
    return "-" if value is None else format(value * scale, form) + unit
