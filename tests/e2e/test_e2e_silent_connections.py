"""Ten thousand connections that say nothing: others are served meanwhile, memory stays small, and all of them go."""

import re
import socket
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

from chaosproxy.dataplane.http.agents.descriptors import raise_limit
from tests.e2e.programs import Serving, nginx, serve

COUNT = 10_000
MOST = 80 * 1024
"""KiB that they may take together: eight each."""

PROFILE = """
version: 1
name: silent
upstreams: {tool: "http://%s"}
"""


def memory_of(proxy: Serving) -> int:
    """KiB in use."""
    found = re.search(
        r"VmRSS:\s+(\d+) kB", Path(f"/proc/{proxy.program.process.pid}/status").read_text(encoding="ascii")
    )
    assert found
    return int(found[1])


def connections_of(proxy: Serving) -> int:
    with urlopen(f"http://{proxy.admin}/metrics", timeout=30) as response:
        found = re.search(rb"^chaosproxy_connections_active (\d+)", response.read(), re.MULTILINE)
    assert found
    return int(found[1])


def asked(proxy: Serving) -> bytes:
    with urlopen(proxy.through("tool/x"), timeout=30) as response:  # noqa: S310  our own
        body: bytes = response.read()
    return body


def test_they_take_little_and_keep_nobody_from_being_served(folder: Path) -> None:
    assert raise_limit() > COUNT + 100, "this test needs as many open files"
    profile = folder / "profile.yaml"
    with nginx(folder, 'listen 127.0.0.1:PORT; location / { return 200 "ok"; }') as address, ExitStack() as silent:
        profile.write_text(PROFILE % address)
        with serve(str(profile), folder=folder) as proxy:
            assert asked(proxy) == b"ok"
            before = memory_of(proxy)
            host, _, port = proxy.listen.rpartition(":")
            for _ in range(COUNT):
                silent.enter_context(socket.create_connection((host, int(port)), timeout=30))
            proxy.program.wait_for("all connections", lambda: connections_of(proxy) >= COUNT or None)

            assert [asked(proxy) for _ in range(50)] == [b"ok"] * 50
            assert memory_of(proxy) - before < MOST
            silent.close()
            proxy.program.wait_for("all of them to go", lambda: connections_of(proxy) < 10 or None)
