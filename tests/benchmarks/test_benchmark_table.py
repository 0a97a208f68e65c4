from benchmarks.paced import Pace
from benchmarks.relays import RELAYS
from benchmarks.rounds import Cost, Failure, Sample
from benchmarks.table import format_table, rows
from benchmarks.wrk import Load

COST = Cost(start_seconds=0.1, cpu_seconds=2.0, memory_at_rest=2**20, memory_after=2**21)


def sample(relay: str, number: int, per_second: float, paced_p50: float) -> Sample:
    return Sample(
        relay=relay,
        round=number,
        load=Load(calls=int(per_second * 4), per_second=per_second, p50=0.001, p99=0.002),
        pace=Pace(asked=100, answered=100, p50=paced_p50, p99=2 * paced_p50),
        cost=None if relay == "direct" else COST,
        problems=(),
    )


def test_relays_are_compared_within_a_round_and_only_then_across_rounds() -> None:
    measured = [
        sample("direct", 1, 1000, 0.001),
        sample("envoy", 1, 100, 0.002),
        sample("aiohttp", 1, 50, 0.003),
        sample("direct", 2, 4000, 0.010),  # the machine had a better second round for load, and a worse one for latency
        sample("envoy", 2, 400, 0.020),
        sample("aiohttp", 2, 100, 0.014),
    ]

    (row,) = rows([RELAYS["aiohttp"]], measured)

    assert (row.rounds, row.slowest_round, row.calls_per_second, row.fastest_round) == (2, 50, 75, 100)
    assert row.to_envoy == (0.5 + 0.25) / 2
    assert row.added_p50 == ((0.003 - 0.001) + (0.014 - 0.010)) / 2
    assert row.core_share == 0.5
    assert row.calls_per_cpu_second == (100 + 200) / 2


def test_a_relay_that_failed_has_a_row_that_says_why_once() -> None:
    measured = [Failure("mitmproxy", 1, "ended at once"), Failure("mitmproxy", 2, "ended at once")]

    (row,) = rows([RELAYS["mitmproxy"]], measured)

    assert (row.rounds, row.calls_per_second, row.added_p50) == (0, None, None)
    assert format_table([row]).endswith("! mitmproxy, reverse mode: round 1, 2: ended at once")


def test_without_envoy_and_direct_there_is_nothing_to_compare_with() -> None:
    (row,) = rows([RELAYS["aiohttp"]], [sample("aiohttp", 1, 50, 0.003)])

    assert (row.calls_per_second, row.to_envoy, row.added_p50, row.added_p99) == (50, None, None, None)
