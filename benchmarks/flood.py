"""As many calls as 32 connections get through, where wrk cannot go: over TLS, and through CONNECT.

It is slower than wrk. Whether it is quick enough shows in how busy it kept the relay's core. Must not know whom it
loads.
"""

import gc
import time
from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks.distribution import distribution_of
from benchmarks.errors import RelayError
from benchmarks.lines import Line, Watch, Way
from benchmarks.wrk import CONNECTIONS, Load

_PATIENCE = 5.0
"""Seconds without any reply after which the relay counts as stuck."""


def run(way: Way, requests: Sequence[bytes], body: bytes, seconds: float) -> Load:
    """Send `requests` in turn, on each connection the next as soon as the last was answered, for `seconds`.

    Raises:
        RelayError: no connection, a reply that is not the right one, or none for seconds.
    """
    with ExitStack() as stack:
        lines = [Line(stack, way, body) for _ in range(CONNECTIONS)]
        for line, request in zip(lines, requests, strict=False):
            line.warm_up(request)
            line.socket.setblocking(False)
        gc.disable()
        stack.callback(gc.enable)
        started = time.perf_counter()
        took = _flood(lines, Watch(stack, lines), requests, started + seconds)
        spent = time.perf_counter() - started
    if not took:
        raise RelayError("no call was answered")
    whole = distribution_of(took)
    return Load(calls=whole.count, per_second=whole.count / spent, p50=whole.p50, p99=whole.p99)


def _flood(lines: Sequence[Line], watch: Watch, requests: Sequence[bytes], until: float) -> list[float]:
    """Seconds that each call took."""
    took: list[float] = []
    receive = Line.receive if not lines[0].encrypted else Line.receive_tls
    asked = 0
    now = time.perf_counter()
    for line in lines:
        line.ask(requests[asked % len(requests)], now)
        asked += 1
    while now < until:
        readable = watch.readable(now + _PATIENCE)
        now = time.perf_counter()
        if not readable:
            raise RelayError(f"no reply on any connection for {_PATIENCE:.0f} seconds")
        for line in readable:
            if receive(line):
                now = time.perf_counter()
                took.append(now - line.due)
                line.ask(requests[asked % len(requests)], now)
                asked += 1
    return took
