"""A delay of 50 ms is 50 ms: never less, and hardly more, as an agent on a busy machine measures it.

Loosely, because other tests run beside it; `make bench` measures it exactly.
"""

import socket
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.programs import Serving, nginx, serve

PROFILE = """
version: 1
name: delays
upstreams: {tool: "http://%s"}
rules:
  - {name: late, match: {path: /late}, fault: {type: latency, delay: 50ms}}
  - {name: later, match: {path: /later}, fault: {type: latency, delay: 50ms, phase: after_upstream}}
  - {name: paced, match: {path: /paced}, fault: {type: slow_body, piece: 3B, every: 50ms}}
  - {name: stalled, match: {path: /stalled}, fault: {type: stall, after: 2B, lasts: 50ms, then: resume}}
"""
CALLS = 60


@pytest.fixture(scope="module")
def serving(folder: Path) -> Iterator[Serving]:
    profile = folder / "delays.yaml"
    with nginx(folder / "nginx", 'listen 127.0.0.1:PORT; location / { return 200 "abcdef"; }') as tool:
        profile.write_text(PROFILE % tool)
        with serve(str(profile), folder=folder) as proxy:
            yield proxy


def seconds(connection: socket.socket, path: str) -> float:
    """How long a call takes to its last byte."""
    started = time.perf_counter()
    connection.sendall(b"GET /tool/%b HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode())
    got = b""
    while not got.endswith(b"abcdef"):
        got += connection.recv(65536)
    return time.perf_counter() - started


@pytest.mark.parametrize("path", ["late", "later", "paced", "stalled"])
def test_delays_are_what_was_asked_for(serving: Serving, path: str) -> None:
    host, _, port = serving.listen.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        quiet = statistics.median(seconds(connection, "quiet") for _ in range(CALLS))
        late = sorted(seconds(connection, path) - 0.05 for _ in range(CALLS))

    assert late[0] >= 0, "never too early"
    assert statistics.median(late) - quiet < 0.01
    assert late[int(CALLS * 0.9)] - quiet < 0.05, "on a machine that does other things, too"
