"""Which machine, which versions, when: without them a figure means nothing."""

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import msgspec

from benchmarks.ours import About

_VERSION = re.compile(r"\d+\.\d+\.\d+\S*?(?=[/\s]|$)")


class Machine(msgspec.Struct, frozen=True):
    """Where and when a run took place."""

    date: str
    cpu: str
    cores: int
    kernel: str
    python: str
    python_build: str
    """How that Python was built: an optimised build is a third faster, and the figures say so."""
    compiled: int
    """How many modules of chaosproxy were machine code."""
    versions: dict[str, str]
    load_before: float
    """Load average of the last minute, as the run began; well above 0 means that others were using the cores."""

    @property
    def lines(self) -> list[str]:
        """For people."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        code = f"{self.compiled} modules of chaosproxy compiled" if self.compiled else "chaosproxy not compiled"
        busy = f"  (load was {self.load_before:.1f}: not idle, so rough)" if self.load_before > 0.5 else ""
        return [
            f"{self.date}  {self.cpu}, {self.cores} cores{busy}",
            f"Linux {self.kernel}, Python {self.python} ({self.python_build}; {code}), {versions}",
        ]


def describe(ours: About, programs: Mapping[str, list[str]]) -> Machine:
    """This machine now, with the versions of `programs` (name to the command that prints its version)."""
    versions = {"chaosproxy": ours.version}
    versions |= {name: metadata.version(name) for name in ("aiohttp", "uvloop", "httptools")}
    versions.update({name: _printed_version(command) for name, command in programs.items()})
    return Machine(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        kernel=platform.release(),
        python=ours.python,
        python_build=ours.build,
        compiled=ours.compiled,
        versions=versions,
        load_before=os.getloadavg()[0],
    )


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _printed_version(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = _VERSION.search(done.stdout + done.stderr)
    return found[0] if found else "unknown"
