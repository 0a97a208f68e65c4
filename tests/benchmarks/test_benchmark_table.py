from benchmarks.paced import Pace
from benchmarks.relays import RELAYS
from benchmarks.rounds import Absent, Cost, Failure, Sample
from benchmarks.table import format_table, goals, rows
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
    assert row.cpu_seconds_per_call == (1 / 100 + 1 / 200) / 2


def test_a_relay_that_failed_has_a_row_that_says_why_once() -> None:
    measured = [Failure("mitmproxy", 1, "ended at once"), Failure("mitmproxy", 2, "ended at once")]

    (row,) = rows([RELAYS["mitmproxy"]], measured)

    assert (row.rounds, row.calls_per_second, row.added_p50) == (0, None, None)
    assert format_table([row]).endswith("! mitmproxy, reverse mode: round 1, 2: ended at once")


def test_without_envoy_and_direct_there_is_nothing_to_compare_with() -> None:
    (row,) = rows([RELAYS["aiohttp"]], [sample("aiohttp", 1, 50, 0.003)])

    assert (row.calls_per_second, row.to_envoy, row.added_p50, row.added_p99) == (50, None, None, None)


def test_a_relay_that_is_not_here_has_a_row_that_says_what_would_bring_it() -> None:
    (row,) = rows([RELAYS["haproxy"]], [Absent("haproxy", "sudo apt-get install haproxy")])

    lines = format_table([row]).splitlines()
    assert lines[2].split("|")[1:3] == [" ! HAProxy ", " not here "]
    assert lines[-1] == "! HAProxy: not here: sudo apt-get install haproxy"


def test_our_goals_are_judged_by_the_rounds_in_which_both_were_measured() -> None:
    measured = [
        sample("direct", 1, 4000, 0.0100),
        sample("chaosproxy", 1, 300, 0.0101),
        sample("envoy", 1, 200, 0.0104),
        sample("mitmproxy", 1, 10, 0.02),
        sample("chaosproxy", 2, 500, 0.02),  # no peer and no direct in this round
    ]

    envoy, mitmproxy, p50, p99 = goals(rows(RELAYS.values(), measured), measured)

    assert (envoy.figure, envoy.met) == (1.5, True)
    assert (mitmproxy.figure, mitmproxy.met) == (30, True)
    assert p50.figure is not None
    assert (round(p50.figure, 9), p50.met) == (0.1, True)
    assert p99.figure is not None
    assert (round(p99.figure, 9), p99.met) == (0.2, True)
