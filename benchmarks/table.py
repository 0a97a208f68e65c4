"""What the samples say: medians over the rounds, ratios to Envoy, latency over direct; as records and as a table."""

from collections.abc import Iterable, Sequence
from statistics import median

import msgspec

from benchmarks.relays import DIRECT, ENVOY, Relay
from benchmarks.rounds import Failure, Sample

_MEBIBYTE = 2**20


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
    problems: tuple[str, ...] = ()


def rows(relays: Iterable[Relay], measured: Sequence[Sample | Failure]) -> list[Row]:
    """A row for each relay, in this order."""
    return [_row(relay, measured) for relay in relays]


def _row(relay: Relay, measured: Sequence[Sample | Failure]) -> Row:
    mine = _by_round(relay.name, measured)
    samples = list(mine.values())
    direct, envoy = _by_round(DIRECT.name, measured), _by_round(ENVOY.name, measured)
    beside_direct = [(sample.pace, direct[number].pace) for number, sample in mine.items() if number in direct]
    beside_envoy = [(sample.load, envoy[number].load) for number, sample in mine.items() if number in envoy]
    costs = [(sample.load, sample.cost) for sample in samples if sample.cost and sample.cost.cpu_seconds]
    rates = [sample.load.per_second for sample in samples]
    return Row(
        relay=relay.name,
        title=relay.title,
        rounds=len(samples),
        calls_per_second=_median(rates),
        slowest_round=min(rates, default=None),
        fastest_round=max(rates, default=None),
        to_envoy=_median(ours.per_second / theirs.per_second for ours, theirs in beside_envoy),
        core_share=_median(cost.cpu_seconds * load.per_second / load.calls for load, cost in costs),
        calls_per_cpu_second=_median(load.calls / cost.cpu_seconds for load, cost in costs),
        p50=_median(sample.load.p50 for sample in samples),
        p99=_median(sample.load.p99 for sample in samples),
        added_p50=_median(through.p50 - without.p50 for through, without in beside_direct),
        added_p99=_median(through.p99 - without.p99 for through, without in beside_direct),
        start_seconds=_median(cost.start_seconds for _, cost in costs),
        memory_at_rest=_median(cost.memory_at_rest for _, cost in costs),
        memory_after=_median(cost.memory_after for _, cost in costs),
        problems=_problems(relay.name, measured),
    )


def _by_round(relay: str, measured: Sequence[Sample | Failure]) -> dict[int, Sample]:
    return {item.round: item for item in measured if isinstance(item, Sample) and item.relay == relay}


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _problems(relay: str, measured: Sequence[Sample | Failure]) -> tuple[str, ...]:
    """What went wrong, with the rounds it went wrong in; the same words once."""
    rounds: dict[str, list[int]] = {}
    for item in measured:
        if item.relay == relay:
            for problem in item.problems if isinstance(item, Sample) else (item.reason,):
                rounds.setdefault(problem, []).append(item.round)
    return tuple(f"round {', '.join(map(str, numbers))}: {problem}" for problem, numbers in rounds.items())


_HEADINGS = (
    ("relay", ""),
    ("calls/s", ""),
    ("(rounds)", ""),
    ("to Envoy", ""),
    ("core", "%"),
    ("calls/CPU s", ""),
    ("p50", "ms"),
    ("p99", "ms"),
    ("added p50", "ms"),
    ("added p99", "ms"),
    ("start", "s"),
    ("at rest", "MiB"),
    ("after", "MiB"),
)
"""Each column's name and unit."""


def format_table(table: Sequence[Row]) -> str:
    """The rows for people, with what is wrong with them below."""
    lines = [*zip(*_HEADINGS, strict=True), *(_cells(row) for row in table)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    names, units, *figures = [_line(cells, widths) for cells in lines]
    remarks = [f"! {row.title}: {problem}" for row in table for problem in row.problems]
    return "\n".join([names, units, "-" * len(names), *figures, *remarks])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    title, *figures = cells
    figures = [figure.rjust(width) for figure, width in zip(figures, widths[1:], strict=True)]
    return "  ".join([title.ljust(widths[0]), *figures])


def _cells(row: Row) -> tuple[str, ...]:
    spread = "" if row.slowest_round is None else f"{row.slowest_round:.0f}-{row.fastest_round:.0f}"
    return (
        ("! " if row.problems else "") + row.title,
        _number(row.calls_per_second, ".0f"),
        spread,
        _number(row.to_envoy, ".2f"),
        _number(row.core_share, ".0f", 100),
        _number(row.calls_per_cpu_second, ".0f"),
        _number(row.p50, ".2f", 1e3),
        _number(row.p99, ".2f", 1e3),
        _number(row.added_p50, ".2f", 1e3),
        _number(row.added_p99, ".2f", 1e3),
        _number(row.start_seconds, ".2f"),
        _number(row.memory_at_rest, ".0f", 1 / _MEBIBYTE),
        _number(row.memory_after, ".0f", 1 / _MEBIBYTE),
    )


def _number(value: float | None, form: str, scale: float = 1.0) -> str:
    return "-" if value is None else format(value * scale, form)
