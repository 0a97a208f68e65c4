"""Runs wrk, and reads what it says. Must not know whom it loads."""

import re
import subprocess
from pathlib import Path

import msgspec

from benchmarks.errors import RelayError

CONNECTIONS = 32

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_TOTAL = re.compile(r"^\s*(\d+) requests in ", re.MULTILINE)
_RATE = re.compile(r"^Requests/sec:\s+([\d.]+)", re.MULTILINE)
_PERCENTILE = r"^\s+{}%\s+([\d.]+)(us|ms|s|m|h)\s*$"
_REFUSED = re.compile(r"^\s*Non-2xx or 3xx responses: (\d+)", re.MULTILINE)
_SOCKET = re.compile(r"^\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", re.MULTILINE)


class Load(msgspec.Struct, frozen=True):
    """What wrk saw: as much as 32 connections could get through."""

    calls: int
    per_second: float
    p50: float
    """Seconds."""
    p99: float
    """Seconds."""
    refused: int = 0
    """Replies that were neither 2xx nor 3xx."""
    socket_errors: int = 0
    """Connections that failed, broke or timed out."""

    @property
    def problem(self) -> str | None:
        """Why the figures do not count, if they do not."""
        if self.refused or self.socket_errors:
            return f"of {self.calls} calls {self.refused} got no 2xx, and there were {self.socket_errors} socket errors"
        return None


def read_report(text: str) -> Load:
    """The figures in the output of `wrk --latency`.

    Raises:
        ValueError: it is not such an output.
    """
    total, rate = _TOTAL.search(text), _RATE.search(text)
    if total is None or rate is None:
        raise ValueError(f"this is no report of wrk: {text.strip()[-200:] or 'nothing at all'}")
    refused, socket = _REFUSED.search(text), _SOCKET.search(text)
    return Load(
        calls=int(total[1]),
        per_second=float(rate[1]),
        p50=_percentile(text, 50),
        p99=_percentile(text, 99),
        refused=int(refused[1]) if refused else 0,
        socket_errors=sum(map(int, socket.groups())) if socket else 0,
    )


def _percentile(text: str, percent: int) -> float:
    found = re.search(_PERCENTILE.format(percent), text, re.MULTILINE)
    if found is None:
        raise ValueError(f"the report of wrk has no {percent}th percentile; it needs --latency")
    return float(found[1]) * _UNITS[found[2]]


def run(script: Path, port: int, seconds: int) -> Load:
    """Load 127.0.0.1:`port` with the calls of `script` for `seconds`.

    Raises:
        RelayError: wrk could not do it.
    """
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script)]
    done = subprocess.run([*command, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=False)
    try:
        return read_report(done.stdout)
    except ValueError as mistake:
        raise RelayError(f"wrk: {done.stderr.strip() or mistake}") from mistake
