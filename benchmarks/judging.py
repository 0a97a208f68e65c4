"""What one decision costs: the engine alone, with twenty rules that could match, on the calls of the benchmark."""

import subprocess

import msgspec

from benchmarks import calls, ours
from benchmarks.errors import RelayError
from benchmarks.findings import Finding, Section, Setting, middle
from benchmarks.goals import at_most
from benchmarks.ours import PROFILES
from benchmarks.processes import RELAY_CORE, on_core

_GOAL = at_most("decide() with 20 rules that could match", 5, "us")

_PROGRAM = PROFILES.parent / "judge_calls.py"
_PATIENCE = 120


class Judged(msgspec.Struct, frozen=True):
    """What the program prints."""

    cpu_seconds_per_decision: list[float]
    """One figure for each of its loops."""
    fired: int
    """Decisions that a rule fired in; the profile is made so that none does."""


def measure(setting: Setting, section: Section) -> Finding:
    """Run the loops in a process of their own, on the relay's core."""
    setting.tell(section.title)
    asked = {"profile": str(ours.TWENTY_RULES), "targets": calls.targets(ours.PREFIX), "per_session": calls.ITEMS}
    with on_core(RELAY_CORE):
        done = subprocess.run(
            [setting.python, "-P", str(_PROGRAM)],
            input=msgspec.json.encode(asked),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    if done.returncode != 0:
        raise RelayError(f"{_PROGRAM.name} failed: {done.stderr.decode(errors='replace').strip()[-200:]}")
    judged = msgspec.json.decode(done.stdout, type=Judged)
    figures = [1e6 * each for each in judged.cpu_seconds_per_decision]
    return Finding(
        section=section.name,
        title=section.title,
        headings=("engine", "median", "quickest loop", "slowest loop"),
        rows=(("judge, 20 rules", f"{middle(figures):.2f} us", f"{min(figures):.2f} us", f"{max(figures):.2f} us"),),
        goals=(_GOAL.reached(middle(figures)),),
        figures={"microseconds": figures},
        remarks=("CPU time of the engine's whole answer, counts and memories included; no network.",),
        problems=(f"{judged.fired} decisions fired a rule",) if judged.fired else (),
    )


SECTION = Section("decide", "One decision", (_GOAL,), measure)
