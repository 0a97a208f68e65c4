"""`python -m benchmarks`: what it takes from the command line, the run, and where the figures go."""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NoReturn

import msgspec

from benchmarks import environment, wrk
from benchmarks.errors import BenchmarkError
from benchmarks.machine import Machine, describe
from benchmarks.processes import RELAY_CORE, on_core
from benchmarks.relays import CHAOSPROXY, DIRECT, RELAYS, Relay, nginx
from benchmarks.rounds import PER_SECOND, Failure, Sample, measure
from benchmarks.table import Row, format_table, rows

RESULTS = Path(__file__).resolve().parent / "results"


class Report(msgspec.Struct, frozen=True):
    """One run, whole: what the JSON file holds."""

    machine: Machine
    rounds: int
    seconds: int
    connections: int
    paced_per_second: int
    help_seconds: float | None
    """`chaosproxy --help`, from start to end."""
    rows: list[Row]
    samples: list[Sample]
    failures: list[Failure]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark. 0: all was measured; 1: some relay was not; 2: nothing could be; 130: interrupted."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    try:
        report = _run(options.only, options.rounds, options.seconds)
    except BenchmarkError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    _print(report)
    file = options.json or RESULTS / f"{report.machine.date.replace(':', '')}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    print(f"\nall figures: {file}")
    return 1 if report.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="chaosproxy beside its peers, in one run."
    )
    parser.add_argument("--rounds", type=_positive, default=3, help="how often each relay has its turn (3)")
    parser.add_argument("--seconds", type=_positive, default=5, help="length of each of a turn's two parts (5)")
    parser.add_argument(
        "--only",
        type=_names,
        default=list(RELAYS.values()),
        metavar="NAMES",
        help=f"some of {', '.join(RELAYS)}, with commas; direct is always measured",
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="where all figures go (a new file in benchmarks/results/)"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _names(text: str) -> list[Relay]:
    names = {name.strip() for name in text.split(",")} | {DIRECT.name}
    if unknown := names - set(RELAYS):
        raise argparse.ArgumentTypeError(
            f"no relay is called {', '.join(sorted(unknown))}; there are {', '.join(RELAYS)}"
        )
    return [relay for relay in RELAYS.values() if relay.name in names]


def _run(relays: list[Relay], rounds: int, seconds: int) -> Report:
    _prepare(relays)
    machine = describe(_version_commands(relays))
    measured = list(measure(relays, rounds, seconds, lambda step: print(step, file=sys.stderr, flush=True)))
    return Report(
        machine=machine,
        rounds=rounds,
        seconds=seconds,
        connections=wrk.CONNECTIONS,
        paced_per_second=PER_SECOND,
        help_seconds=_help_seconds() if any(relay.ours for relay in relays) else None,
        rows=rows(relays, measured),
        samples=[item for item in measured if isinstance(item, Sample)],
        failures=[item for item in measured if isinstance(item, Failure)],
    )


def _prepare(relays: list[Relay]) -> None:
    """See that the machine has what `relays` need, before any of them is started."""
    if not os.sched_getaffinity(0) >= {0, 1}:
        raise BenchmarkError("two cores are needed, 0 and 1: one for the relay, one for the load and the upstream")
    environment.debian_program("wrk", "wrk")
    nginx()
    if any(relay.in_wheels for relay in relays):
        environment.install_wheels()


def _version_commands(relays: list[Relay]) -> dict[str, list[str]]:
    commands = {"wrk": ["wrk", "-v"], "nginx": [nginx(), "-v"]}
    commands |= {relay.name: relay.version() for relay in relays if relay.version}
    if any(relay.ours for relay in relays):
        commands["chaosproxy"] = [sys.executable, "-c", "import chaosproxy; print(chaosproxy.__version__)"]
    return commands


def _help_seconds() -> float | None:
    """How long `chaosproxy --help` takes; None if it fails."""
    took = []
    with on_core(RELAY_CORE):
        for _ in range(5):
            started = time.perf_counter()
            done = subprocess.run([*CHAOSPROXY, "--help"], capture_output=True, check=False)
            took.append(time.perf_counter() - started)
            if done.returncode != 0:
                return None
    return median(took)


def _print(report: Report) -> None:
    print("\n".join(report.machine.lines))
    print(
        f"{report.rounds} rounds; full load: wrk, {report.connections} connections, {report.seconds} s; "
        f"added: over direct, at {report.paced_per_second} calls a second for {report.seconds} s; "
        "1 KB replies; relay on one core, load and upstream on another\n"
    )
    print(format_table(report.rows))
    if report.help_seconds is not None:
        print(f"\nchaosproxy --help: {report.help_seconds:.2f} s")


def _stop(_number: int, _frame: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
