"""`python -m benchmarks.soak`: a long run with every fault on; do memory, sockets and threads stay where they are?

The whole is ten million calls of a hundred thousand sessions; a scaled one is part of every benchmark.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import msgspec

from benchmarks import ours, stand
from benchmarks.agents import Script, Tally, play
from benchmarks.errors import BenchmarkError, RelayError
from benchmarks.findings import MEBIBYTE, Finding, Section, Setting, format_finding
from benchmarks.flatness import Trend, trend
from benchmarks.goals import at_most, format_goals
from benchmarks.processes import LOAD_CORE, RELAY_CORE, Launch, Running, running
from benchmarks.relays import upstream

SAMPLES = 200
"""In a run."""

SCALED = (100_000, 1_000)
"""Calls and sessions of the run that is part of every benchmark."""

_AT_ONCE = 64
_QUIET_SECONDS = 60.0
"""How long sessions and windows of the profile may take to end."""

_GAUGES = ("sessions_active", "connections_active", "episodes_open", "faults_active")

_GOAL = at_most("soak: growth of memory after the warm-up", 5, "%")


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How much, and where."""

    calls: int
    sessions: int
    python: str = sys.executable
    pinned: bool = True
    """One core for the proxy and one for agents and upstream."""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What the proxy held when so many attempts had been made."""

    attempts: int
    seconds: float
    memory: int
    """Bytes."""
    open_files: int
    threads: int
    cpu_seconds: float


class Soaked(msgspec.Struct, frozen=True, kw_only=True):
    """One run, whole."""

    scale: Scale
    tally: Tally
    seen: int
    """Calls by the proxy's own count."""
    seconds: float
    at_first: Moment
    moments: list[Moment]
    at_last: Moment
    """After the last session's end."""
    left: dict[str, float]
    """The proxy's own gauges then: all 0 if nothing stayed."""
    memory: Trend
    """Bytes, and bytes an attempt."""


def soak(scale: Scale, tell: Callable[[str], None]) -> Soaked:
    """Run it.

    Raises:
        RelayError: the proxy ended, or got stuck.
        ValueError: too few calls for a trend.
    """
    with tempfile.TemporaryDirectory(prefix="bench-soak-") as name:
        place = Path(name)
        relay_core, load_core = (RELAY_CORE, LOAD_CORE) if scale.pinned else (None, None)
        with running(upstream(place), load_core) as origin:
            # Written to nowhere: ten million lines would fill a disk, and what makes them is at work all the same.
            wanted = ours.Wanted(
                folder=place,
                upstream=f"http://127.0.0.1:{origin.port}",
                profile=ours.PROFILES / "soak.yaml",
                journal=False,
                python=scale.python,
                more=("--journal", "/dev/null"),
            )
            launch = ours.serve(wanted)
            with running(launch, relay_core) as program:
                return _soak(scale, launch, program, tell)


def _soak(scale: Scale, launch: Launch, program: Running, tell: Callable[[str], None]) -> Soaked:
    script = Script(port=program.port, prefix=ours.PREFIX, calls=scale.calls, sessions=scale.sessions, at_once=_AT_ONCE)
    ours.metrics(launch)  # what the first look costs is no growth
    started = time.perf_counter()
    diary = _Diary(program, scale.calls, tell)
    at_first = diary.note(0)
    tally = play(script, diary.look)
    seconds = time.perf_counter() - started
    tell("waiting for the last sessions to end")
    left = _wait_until_quiet(launch)
    return Soaked(
        scale=scale,
        tally=tally,
        seen=round(ours.metrics(launch).get("chaosproxy_calls_total", 0.0)),
        seconds=seconds,
        at_first=at_first,
        moments=diary.moments,
        at_last=diary.note(tally.attempts),
        left=left,
        memory=trend([(each.attempts, each.memory) for each in diary.moments]),
    )


class _Diary:
    """Notes what the proxy holds, at even distances."""

    def __init__(self, program: Running, calls: int, tell: Callable[[str], None]) -> None:
        self._program = program
        self._calls = calls
        self._tell = tell
        self._started = time.perf_counter()
        self._next = 0.0
        self.moments: list[Moment] = []

    def look(self, tally: Tally) -> None:
        """Is it time again?"""
        if tally.calls < self._next:
            return
        self._next += self._calls / SAMPLES
        moment = self.note(tally.attempts)
        self.moments.append(moment)
        if len(self.moments) % (SAMPLES // 10) == 0:
            share = 100 * tally.calls / self._calls
            self._tell(
                f"{share:3.0f} %  {tally.calls} calls  {moment.memory / MEBIBYTE:.1f} MiB  {moment.seconds:.0f} s"
            )

    def note(self, attempts: int) -> Moment:
        """What it holds now."""
        program = self._program
        return Moment(
            attempts=attempts,
            seconds=time.perf_counter() - self._started,
            memory=program.memory_bytes(),
            open_files=program.open_files(),
            threads=program.threads(),
            cpu_seconds=program.cpu_seconds(),
        )


def _wait_until_quiet(launch: Launch) -> dict[str, float]:
    """The gauges that say what is under way, when all are 0 or after a minute."""
    deadline = time.perf_counter() + _QUIET_SECONDS
    while True:
        known = ours.metrics(launch)
        left = {name: known.get(f"chaosproxy_{name}", 0.0) for name in _GAUGES}
        if not any(left.values()) or time.perf_counter() > deadline:
            return left
        time.sleep(0.25)


def finding_of(soaked: Soaked, section: Section) -> Finding:
    """A run for people."""
    tally, warm = soaked.tally, soaked.moments[len(soaked.moments) // 3]
    ended = ", ".join(f"{how} {count}" for how, count in sorted(tally.ended.items()))
    pace = tally.attempts / soaked.seconds
    cpu = (soaked.moments[-1].cpu_seconds - soaked.at_first.cpu_seconds) / tally.attempts
    moments = (
        ("at first", soaked.at_first),
        ("after the warm-up", warm),
        ("at the end", soaked.moments[-1]),
        ("when all was over", soaked.at_last),
    )
    return Finding(
        section=section.name,
        title=section.title,
        headings=("", "attempts", "memory", "open files", "threads"),
        rows=tuple(_row(title, moment) for title, moment in moments),
        goals=(_GOAL.reached(100 * soaked.memory.growth_share),),
        figures={"soaked": soaked},
        remarks=(
            f"{tally.calls} calls of {soaked.scale.sessions} sessions in {soaked.seconds:.0f} s, with retries",
            f"{tally.attempts} attempts ({pace:.0f} a second, {cpu * 1e6:.0f} us of CPU each); by their end: {ended}.",
            f"Memory after the warm-up, by a straight line: {soaked.memory.growth / MEBIBYTE:+.2f} MiB,",
            f"{soaked.memory.slope * 1e6 / MEBIBYTE:+.2f} MiB for a million attempts.",
        ),
        problems=tuple(_problems(soaked)),
    )


def _row(title: str, moment: Moment) -> tuple[str, ...]:
    counts = (str(moment.open_files), str(moment.threads))
    return (title, str(moment.attempts), f"{moment.memory / MEBIBYTE:.1f} MiB", *counts)


def _problems(soaked: Soaked) -> list[str]:
    found = [f"{name} is still {count:.0f}" for name, count in soaked.left.items() if count]
    if not 0.99 * soaked.tally.attempts <= soaked.seen <= soaked.tally.attempts:
        found.append(f"the proxy counted {soaked.seen} calls, and {soaked.tally.attempts} were made")
    # Idle connections to the upstream stay for a while. A call takes one, and may find the one it took last too old.
    if (more := soaked.at_last.open_files - soaked.at_first.open_files) > 2 * _AT_ONCE:
        found.append(f"{more} files or sockets were left open")
    if soaked.at_last.threads > soaked.moments[0].threads:
        found.append(f"{soaked.at_last.threads - soaked.moments[0].threads} threads were left")
    return found


def measure(setting: Setting, section: Section) -> Finding:
    """The scaled run."""
    calls, sessions = SCALED
    with stand.folder():  # keeps the agents on the load's core
        scale = Scale(calls=calls, sessions=sessions, python=setting.python)
        return finding_of(soak(scale, lambda step: setting.tell(f"{section.title}: {step}")), section)


SECTION = Section("soak", "Soak", (_GOAL,), measure)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it from the command line. 0: nothing stayed; 1: something did; 2: it could not be run; 130: interrupted."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    scale = Scale(calls=options.calls, sessions=options.sessions, python=options.python)
    try:
        with stand.folder():
            soaked = soak(scale, lambda step: print(step, file=sys.stderr, flush=True))
    except (BenchmarkError, RelayError, ValueError) as error:
        print(f"soak: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finding = finding_of(soaked, SECTION)
    print(f"{format_goals(finding.goals)}\n\n{format_finding(finding)}")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S")
    file = options.json or Path(__file__).resolve().parent / "results" / f"soak-{now}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(soaked)) + b"\n")
    print(f"all figures: {file}", file=sys.stderr)
    return 1 if finding.problems or not finding.goals[0].met else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description="Does anything grow in a long run?")
    parser.add_argument(
        "--calls", type=int, default=600_000, help="retries not counted (600 000; the whole: 10 000 000)"
    )
    parser.add_argument("--sessions", type=int, default=6_000, help="agent runs (6 000; the whole: 100 000)")
    parser.add_argument("--python", default=sys.executable, metavar="PATH", help="the Python that runs chaosproxy")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where all figures go (benchmarks/results/soak-...)")
    return parser


def _stop(_number: int, _frame: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
