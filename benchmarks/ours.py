"""Starts chaosproxy, with whatever Python and profile is asked for, and reads what it says of itself.

Must not know what is measured.
"""

import http.client
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import yaml

from benchmarks.environment import ROOT
from benchmarks.errors import RelayError
from benchmarks.processes import Launch, free_port

PROFILES = Path(__file__).resolve().parent / "profiles"
TWENTY_RULES = PROFILES / "twenty_rules.yaml"
EMPTY = PROFILES / "empty.yaml"

COMPILED_PYTHON = ROOT / ".venv-compiled" / "bin" / "python"
"""Where chaosproxy is installed from a compiled wheel, if it is."""

PREFIX = "/tool"
"""Where our gateway keeps the upstream."""

_ABOUT = """
import json, pathlib, platform, sysconfig
import chaosproxy
package = pathlib.Path(chaosproxy.__file__).parent
print(json.dumps({
    "version": chaosproxy.__version__,
    "python": platform.python_version(),
    "options": sysconfig.get_config_var("CONFIG_ARGS") or "",
    "compiled": sum(1 for _ in package.rglob("*.so")),
}))
"""


class About(msgspec.Struct, frozen=True):
    """What a Python and the chaosproxy in it are."""

    version: str
    python: str
    options: str
    """What that Python was configured with."""
    compiled: int
    """How many of our modules are machine code."""

    @property
    def build(self) -> str:
        """How that Python was built, for people."""
        guided = "with" if "--enable-optimizations" in self.options else "without"
        linked = ", link-time optimised" if "--with-lto" in self.options else ""
        return f"built {guided} profile-guided optimisation{linked}"


def command(python: str) -> list[str]:
    """What runs chaosproxy under this Python."""
    # -P: the folder that we stand in holds a chaosproxy too, and the one installed in that Python is meant.
    return [python, "-P", "-m", "chaosproxy"]


def about(python: str) -> About:
    """What runs under this Python.

    Raises:
        RelayError: no chaosproxy does.
    """
    try:
        done = subprocess.run([python, "-P", "-c", _ABOUT], capture_output=True, text=True, check=False)
    except OSError as error:
        raise RelayError(f"{python} does not start: {error.strerror}") from error
    if done.returncode != 0:
        raise RelayError(f"chaosproxy does not start under {python}: {done.stderr.strip().splitlines()[-1:]}")
    return msgspec.json.decode(done.stdout, type=About)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """How chaosproxy is to run."""

    folder: Path
    """For what it writes."""
    upstream: str | None
    """URL of the upstream `tool`; None: the profile knows."""
    profile: Path = TWENTY_RULES
    journal: bool = True
    python: str = sys.executable
    more: Sequence[str] = ()
    """Further options of `serve`."""


def serve(wanted: Wanted) -> Launch:
    """`chaosproxy serve`."""
    port = free_port()
    ready = wanted.folder / "ready.json"
    journal = wanted.folder / "journal.jsonl" if wanted.journal else None
    options = ["--listen", f"127.0.0.1:{port}", "--admin", "127.0.0.1:0", "--ready-file", str(ready), *wanted.more]
    if wanted.upstream is not None:
        options += ["--upstream", f"tool={wanted.upstream}"]
    if journal is not None:
        options += ["--journal", str(journal)]
    words = [*command(wanted.python), "serve", str(wanted.profile), *options]
    return Launch(words, port, wanted.folder / "log", ready, journal)


def twenty_rules_and(folder: Path, changes: Mapping[str, object]) -> Path:
    """The profile of twenty rules with other keys at its top, as a file in `folder`; lists are added to."""
    profile = yaml.safe_load(TWENTY_RULES.read_text())
    for key, value in changes.items():
        profile[key] = profile[key] + value if isinstance(value, list) else value
    changed = folder / "profile.yaml"
    changed.write_text(yaml.safe_dump(profile, sort_keys=False))
    return changed


def metrics(launch: Launch) -> dict[str, float]:
    """Each metric's sum over its labels, by name, from its admin port.

    Raises:
        RelayError: it does not tell.
    """
    if launch.ready_file is None:
        raise RelayError("it has no admin port")
    host, _, port = json.loads(launch.ready_file.read_text())["admin"].rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise RelayError(f"its metrics could not be read: {error!r}") from error
    finally:
        connection.close()
    return sums(text)


def sums(text: str) -> dict[str, float]:
    """Each metric of a Prometheus text, summed over its labels."""
    found: dict[str, float] = {}
    for name, value in re.findall(r"^([a-z_]+)(?:\{.*\})? (\S+)", text, re.MULTILINE):
        found[name] = found.get(name, 0.0) + float(value)
    return found
