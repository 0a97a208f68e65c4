"""Makes `.venv` ready, chaosproxy in it, editable, and the tools that work on it; quick when it is ready already.

It installs with uv where uv is on PATH and with pip otherwise; what it installs is written in pyproject.toml, once. An
environment is thrown away and made anew when its Python is gone, when it was moved or copied here from another folder,
or when someone else made it. Only the standard library is used, and old Pythons can read this file, because it is the
one that tells them that they are too old.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"
STAMP = FOLDER / ".made-from.json"
PYTHON = FOLDER / "bin" / "python"
OLDEST = (3, 11)


def main() -> int:
    """Make `.venv` ready. The exit code: 0 if it is, else 1 or the installer's own."""
    if sys.version_info < OLDEST:
        found = f"{sys.executable} is Python {sys.version_info[0]}.{sys.version_info[1]}"
        print(f"Python 3.11 or newer is needed, and {found}. Name one: make PYTHON=python3.12 ...", file=sys.stderr)
        return 1
    try:
        make_ready()
    except subprocess.CalledProcessError as failure:
        print(f"{FOLDER.name} could not be made; this failed: {' '.join(failure.cmd)}", file=sys.stderr)
        return failure.returncode
    return 0


def make_ready() -> None:
    """Bring `.venv` to what pyproject.toml asks for.

    Raises:
        subprocess.CalledProcessError: the installer failed, and has said why.
    """
    wanted = _wanted()
    made_from = _read(STAMP)
    usable = made_from.get("folder") == str(FOLDER) and _python_runs()
    if usable and made_from == wanted:
        return
    uv = shutil.which("uv")
    if not usable or not (uv or (FOLDER / "bin" / "pip").exists()):
        print(f"Making {FOLDER.name} (once, with {'uv' if uv else 'pip'})", file=sys.stderr)
        _remove(FOLDER)
        _run([uv, "venv", "--quiet", "--python", _base()] if uv else [_base(), "-m", "venv"], str(FOLDER))
    # No stamp while we install: an installation that was interrupted must not be taken for a finished one.
    STAMP.unlink(missing_ok=True)
    inside = str(PYTHON)
    install = [uv, "pip", "install", "-q", "--python", inside] if uv else [inside, "-m", "pip", "install", "-qq"]
    _run(install, *wanted["install"])
    STAMP.write_text(json.dumps(wanted, indent=1), encoding="utf-8")


def _wanted() -> dict[str, Any]:
    """All that the environment depends on: where it is, and what of the project decides what is in it."""
    import tomllib  # noqa: PLC0415 - only now is it sure that this Python has it

    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        "folder": str(FOLDER),
        "install": ["--editable", ".[capture]", *pyproject["dependency-groups"]["dev"]],
        "project": pyproject["project"],
        "build": [pyproject["build-system"], pyproject["tool"]["hatch"]],
        "version": (ROOT / pyproject["tool"]["hatch"]["version"]["path"]).read_text(encoding="utf-8"),
    }


def _read(stamp: Path) -> dict[str, Any]:
    """What the environment says it was made from; nothing, if it does not say so readably."""
    try:
        made_from = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return made_from if isinstance(made_from, dict) else {}


def _python_runs() -> bool:
    """Does its Python start and find its packages? Not after the Python that it was made with went, or was replaced."""
    question = "import os, sys, sysconfig; sys.exit(not os.path.isdir(sysconfig.get_path('purelib')))"
    try:
        answer = subprocess.run([str(PYTHON), "-Ic", question], check=False, capture_output=True)
    except OSError:
        return False
    return answer.returncode == 0


def _base() -> str:
    """The Python to make the environment with: this one, or the one below it when this one is an environment's."""
    if sys.prefix == sys.base_prefix:
        return sys.executable
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}")


def _remove(folder: Path) -> None:
    """Take away whatever stands where the environment is to be."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def _run(command: list[str], *more: str) -> None:
    subprocess.run([*command, *more], cwd=ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main())
