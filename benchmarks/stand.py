"""Where sections measure: a folder, the upstream of all relays beside us on the load's core, and a relay on its own.

Must not know what is measured.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks import calls, wrk
from benchmarks.processes import LOAD_CORE, Running, on_core, running
from benchmarks.relays import upstream

_WARM_UP_SECONDS = 1


class Loaded(msgspec.Struct, frozen=True):
    """What a relay did under full load, and what it took from its core."""

    load: wrk.Load
    cpu_seconds: float

    @property
    def cpu_per_call(self) -> float:
        """Seconds of its core for one call."""
        return self.cpu_seconds / self.load.calls

    @property
    def core_share(self) -> float:
        """How much of its core it had. Well below 1, something else was the limit."""
        return self.cpu_seconds * self.load.per_second / self.load.calls


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for one section; this thread stays on the load's core meanwhile."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, on_core(LOAD_CORE):
        yield Path(name)


@contextmanager
def with_upstream() -> Iterator[tuple[Path, str]]:
    """A folder as above, and the URL of the upstream."""
    with folder() as place, running(upstream(place), LOAD_CORE) as origin:
        yield place, f"http://127.0.0.1:{origin.port}"


def load_with_wrk(program: Running, place: Path, requests: Sequence[bytes], seconds: int) -> Loaded:
    """The full load, after a second of it that is not counted.

    Raises:
        RelayError: wrk could not do it.
    """
    script = place / "calls.lua"
    script.write_text(calls.wrk_script(list(requests)))
    wrk.run(script, program.port, _WARM_UP_SECONDS)
    before = program.cpu_seconds()
    load = wrk.run(script, program.port, seconds)
    return Loaded(load, program.cpu_seconds() - before)
