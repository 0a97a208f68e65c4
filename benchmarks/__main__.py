"""`python -m benchmarks`: what it takes from the command line, the run, and where the figures go."""

import argparse
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec

from benchmarks import environment, ours, wrk
from benchmarks.errors import BenchmarkError, RelayError
from benchmarks.findings import Finding, Section, Setting
from benchmarks.machine import describe
from benchmarks.relays import DIRECT, RELAYS, Relay, nginx
from benchmarks.report import Report, format_report
from benchmarks.rounds import PER_SECOND, Absent, Failure, Measured, Sample, measure
from benchmarks.sections import SECTIONS
from benchmarks.table import goals, rows

RESULTS = Path(__file__).resolve().parent / "results"
ALL_RELAYS = "relays"

T = TypeVar("T")


class Asked(msgspec.Struct, frozen=True):
    """What a run is about."""

    relays: Sequence[Relay]
    sections: Sequence[Section]


EVERYTHING = Asked(list(RELAYS.values()), list(SECTIONS.values()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark. 0: all was measured; 1: something was not; 2: nothing could be; 130: interrupted."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    setting = Setting(options.rounds, options.seconds, options.python, _tell)
    try:
        report = _run(options.only, setting)
    except BenchmarkError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(format_report(report))
    file = options.json or RESULTS / f"{report.machine.date.replace(':', '')}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    print(f"all figures: {file}", file=sys.stderr)
    return 0 if report.complete else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="chaosproxy beside its peers and its goals, in one run."
    )
    parser.add_argument("--rounds", type=_positive, default=3, help="how often each has its turn (3)")
    parser.add_argument("--seconds", type=_positive, default=3, help="length of one measurement (3)")
    parser.add_argument(
        "--only",
        type=_asked,
        default=EVERYTHING,
        metavar="NAMES",
        help=f"with commas: sections ({ALL_RELAYS}, {', '.join(SECTIONS)}) or single relays ({', '.join(RELAYS)})",
    )
    parser.add_argument(
        "--python",
        default=str(ours.COMPILED_PYTHON) if ours.COMPILED_PYTHON.exists() else sys.executable,
        metavar="PATH",
        help="the Python that runs chaosproxy, with chaosproxy installed in it, but for the relays (the compiled one)",
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


def _asked(text: str) -> Asked:
    names = {name.strip() for name in text.split(",")}
    if ALL_RELAYS in names:
        names = names - {ALL_RELAYS} | set(RELAYS)
    if unknown := names - set(RELAYS) - set(SECTIONS):
        known = ", ".join([ALL_RELAYS, *SECTIONS, *RELAYS])
        raise argparse.ArgumentTypeError(f"nothing is called {', '.join(sorted(unknown))}; there are {known}")
    if names & set(RELAYS):
        names.add(DIRECT.name)  # what the others are compared with
    return Asked(_in_order(RELAYS, names), _in_order(SECTIONS, names))


def _in_order(table: Mapping[str, T], names: set[str]) -> list[T]:
    return [item for name, item in table.items() if name in names]


def _run(asked: Asked, setting: Setting) -> Report:
    about = _prepare(setting)
    absent = [item for item in map(_absent, asked.relays) if item]
    here = [relay for relay in asked.relays if relay.name not in {item.relay for item in absent}]
    machine = describe(about, _version_commands(here))
    measured: list[Measured] = [*absent, *measure(here, setting)] if here else []
    findings = [_find(section, setting) for section in asked.sections]
    table = rows(asked.relays, measured)
    found: dict[str, Finding] = {finding.section: finding for finding in findings}
    reached = [goal for name, each in SECTIONS.items() for goal in found.get(name, each).goals]
    return Report(
        machine=machine,
        rounds=setting.rounds,
        seconds=setting.seconds,
        connections=wrk.CONNECTIONS,
        paced_per_second=PER_SECOND,
        goals=[*goals(table, measured), *reached],
        rows=table,
        findings=findings,
        samples=[item for item in measured if isinstance(item, Sample)],
        failures=[item for item in measured if isinstance(item, Failure)],
        absent=absent,
    )


def _prepare(setting: Setting) -> ours.About:
    """See that the machine has what every measurement needs, before anything is started."""
    if not os.sched_getaffinity(0) >= {0, 1}:
        raise BenchmarkError("two cores are needed, 0 and 1: one for the relay, one for the load and the upstream")
    environment.debian_program("wrk", "wrk")
    nginx()
    try:
        return ours.about(setting.python)
    except RelayError as error:
        raise BenchmarkError(str(error)) from error


def _absent(relay: Relay) -> Absent | None:
    """Why this relay cannot be here, if it cannot."""
    try:
        if relay.program:
            relay.program()
    except BenchmarkError as error:
        return Absent(relay.name, str(error))
    return None


def _find(section: Section, setting: Setting) -> Finding:
    try:
        return section.measure(setting, section)
    except (RelayError, BenchmarkError, OSError) as error:
        problem = f"a connection broke: {error!r}" if isinstance(error, OSError) else str(error)
        return Finding(section=section.name, title=section.title, goals=section.goals, problems=(problem,))


def _version_commands(relays: Sequence[Relay]) -> dict[str, list[str]]:
    commands: dict[str, list[str]] = {"wrk": ["wrk", "-v"], "nginx": [nginx(), "-v"]}
    for relay in relays:
        if relay.program and relay.version:
            commands[relay.name] = [relay.program(), relay.version]
    return commands


def _tell(step: str) -> None:
    print(step, file=sys.stderr, flush=True)


def _stop(_number: int, _frame: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
