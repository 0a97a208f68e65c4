"""Makes `.venv-compiled`: chaosproxy as a compiled wheel, and all that the tests need; quick when it is ready already.

What is measured and tested there is what a user gets, not this checkout: nothing in it looks at the sources here. The
tests do lie here, so the checkout is the last place where its Python looks for modules.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv-compiled"
STAMP = FOLDER / "made-from.txt"
PYTHON = FOLDER / "bin" / "python"
SOURCES = (
    "pyproject.toml",
    "hatch_build.py",
    *(f"chaosproxy/**/*.{ending}" for ending in ("py", "yaml", "css", "js")),
    "fault_profiles/**/*.yaml",
)


def main() -> int:
    """Make it ready. The exit code: 0 if it is, else that of the step that failed."""
    wanted = _digest()
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return 0
    print(f"Making {FOLDER.name}: compiling takes a minute or two", file=sys.stderr)
    try:
        with TemporaryDirectory(prefix="wheel-") as folder:
            _make(Path(folder))
    except subprocess.CalledProcessError as failure:
        print(f"{FOLDER.name} could not be made; this failed: {' '.join(failure.cmd)}", file=sys.stderr)
        return failure.returncode
    STAMP.write_text(wanted, encoding="utf-8")
    return 0


def _digest() -> str:
    """Of all that decides what the environment holds."""
    known = hashlib.sha256(sys.version.encode())
    for pattern in SOURCES:
        for file in sorted(ROOT.glob(pattern)):
            known.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return known.hexdigest()


def _make(folder: Path) -> None:
    group = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["dev"]
    surroundings = os.environ | {"CHAOSPROXY_COMPILE": "1"}
    if uv := shutil.which("uv"):
        build = [uv, "build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", str(folder)]
        create = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(FOLDER)]
        install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(PYTHON)]
    else:
        build = [sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", "--wheel-dir", str(folder), "."]
        create = [sys.executable, "-m", "venv", "--clear", str(FOLDER)]
        install = [str(PYTHON), "-m", "pip", "install", "-qq"]
    subprocess.run(build, cwd=ROOT, env=surroundings, check=True)
    subprocess.run(create, check=True)
    wheel = next(folder.glob("*.whl"))
    subprocess.run([*install, f"{wheel}[capture]", *group], check=True)
    # After what is installed: a `chaosproxy` of the checkout's is never the one that is imported.
    paths = {"base": str(FOLDER), "platbase": str(FOLDER)}
    Path(sysconfig.get_path("purelib", vars=paths), "checkout.pth").write_text(f"{ROOT}\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
