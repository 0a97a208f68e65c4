"""How long chaosproxy takes to be there, and what it holds when nobody calls."""

import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks import ours, stand
from benchmarks.errors import RelayError
from benchmarks.findings import MEBIBYTE, Finding, Section, Setting, middle
from benchmarks.goals import at_most
from benchmarks.processes import RELAY_CORE, on_core, running
from benchmarks.rounds import check

TIMES = 7

_GOALS = (
    at_most("start: ready to relay", 0.7, "s"),
    at_most("start: chaosproxy --help", 0.3, "s"),
    at_most("memory at rest", 80, "MiB"),
)


def measure(setting: Setting, section: Section) -> Finding:
    """Start it several times, with everything on, and ask for help as often."""
    starts, at_rest, helps = [], [], []
    with stand.with_upstream() as (_, url):
        for number in range(1, TIMES + 1):
            setting.tell(f"{section.title}: {number} of {TIMES}")
            with tempfile.TemporaryDirectory(prefix="bench-relay-") as name:
                wanted = ours.Wanted(folder=Path(name), upstream=url, python=setting.python)
                with running(ours.serve(wanted), RELAY_CORE) as program:
                    starts.append(program.start_seconds)
                    check(program.port, ours.PREFIX)
                    at_rest.append(program.memory_bytes() / MEBIBYTE)
            helps.append(_help_seconds(setting.python))
    figures = (middle(starts), middle(helps), middle(at_rest))
    return Finding(
        section=section.name,
        title=section.title,
        headings=("", "median", "least", "most"),
        rows=(
            ("ready to relay", f"{figures[0]:.2f} s", f"{min(starts):.2f} s", f"{max(starts):.2f} s"),
            ("--help", f"{figures[1]:.2f} s", f"{min(helps):.2f} s", f"{max(helps):.2f} s"),
            ("memory at rest", f"{figures[2]:.0f} MiB", f"{min(at_rest):.0f} MiB", f"{max(at_rest):.0f} MiB"),
        ),
        goals=tuple(goal.reached(figure) for goal, figure in zip(_GOALS, figures, strict=True)),
        figures={"start_seconds": starts, "help_seconds": helps, "memory_at_rest_mebibytes": at_rest},
        remarks=("20 rules, journal on; at rest is after one call.",),
    )


def _help_seconds(python: str) -> float:
    with on_core(RELAY_CORE):
        started = time.perf_counter()
        done = subprocess.run([*ours.command(python), "--help"], capture_output=True, check=False)
    if done.returncode != 0:
        raise RelayError(f"chaosproxy --help ended with {done.returncode}")
    return time.perf_counter() - started


SECTION = Section("start", "Start and rest", _GOALS, measure)
