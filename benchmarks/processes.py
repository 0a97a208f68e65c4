"""Starts one program on one core, waits until it takes calls, and ends it, that one alone, whatever happens."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import msgspec

from benchmarks.errors import RelayError

RELAY_CORE = 0
LOAD_CORE = 1
"""Load generator and upstream together: both are so much faster than a relay that one core feeds it."""

_START_SECONDS = 30.0
_END_SECONDS = 10.0


class Launch(msgspec.Struct, frozen=True):
    """How to start a program, and how to see that it is ready."""

    command: list[str]
    port: int
    log: Path
    """Takes what it prints."""
    ready_file: Path | None = None
    """It writes this when it is ready; without one, ready is when its port takes a connection."""
    journal: Path | None = None
    """It writes a line for each call here."""


class Running(msgspec.Struct, frozen=True):
    """A program that takes calls."""

    pid: int
    port: int
    start_seconds: float
    """From being started to being ready."""

    def cpu_seconds(self) -> float:
        """Time it has spent on its core so far, in all its threads; exact to a hundredth of a second."""
        # Field 2 is the program's name and may hold spaces and brackets; 14 and 15 are user and system time.
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self) -> int:
        """Resident memory now."""
        return self._status("VmRSS") * 1024

    def forget_memory_peak(self) -> None:
        """From now on `memory_peak_bytes` is about what comes."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def memory_peak_bytes(self) -> int:
        """The most that was resident at any time, as the kernel keeps it: no sample can miss it."""
        return self._status("VmHWM") * 1024

    def threads(self) -> int:
        """Threads now."""
        return self._status("Threads")

    def open_files(self) -> int:
        """Files and sockets open now."""
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())

    def _status(self, name: str) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Run this thread, and whatever it starts, on `core` alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def running(launch: Launch, core: int | None) -> Iterator[Running]:
    """The program on `core`, or on any, ready; ended on the way out.

    Raises:
        RelayError: it ended by itself or was not ready in 30 seconds; with what it printed last.
    """
    with launch.log.open("wb") as log, nullcontext() if core is None else on_core(core):
        started = time.perf_counter()
        # A session of its own, so that Ctrl-C reaches us alone and the programs end in our order.
        process = subprocess.Popen(launch.command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        _wait_until_ready(launch, process, started + _START_SECONDS)
        yield Running(process.pid, launch.port, time.perf_counter() - started)
    finally:
        _end(process)


def _wait_until_ready(launch: Launch, process: subprocess.Popen[bytes], deadline: float) -> None:
    while not _is_ready(launch):
        if process.poll() is not None:
            raise RelayError(f"ended at once with status {process.returncode}: {_last_words(launch.log)}")
        if time.perf_counter() > deadline:
            raise RelayError(f"not ready after {_START_SECONDS:.0f} seconds: {_last_words(launch.log)}")
        time.sleep(0.002)


def _is_ready(launch: Launch) -> bool:
    if launch.ready_file is not None:
        return launch.ready_file.exists()
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", launch.port)) == 0


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else "it printed nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
