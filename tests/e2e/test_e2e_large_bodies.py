"""A body of any size goes through in memory of one size: 1 GiB down, and 1 GiB up."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.programs import Serving, executable, nginx, serve, surroundings

GIB = 1024**3
ALLOWANCE = 16 * 1024 * 1024
"""Bytes of memory that a body may add, whatever its size (the goal of the design)."""

NGINX = """
    listen 127.0.0.1:PORT;
    root site;
    client_max_body_size 2g;
    location /up/ { dav_methods PUT DELETE; create_full_put_path on; }
"""


@pytest.fixture(scope="module")
def web(folder: Path) -> Iterator[str]:
    site = folder / "nginx" / "site"
    site.mkdir(parents=True)
    with (site / "large.bin").open("wb") as file:
        file.truncate(GIB)  # a file of nothing, which costs nothing
    with nginx(folder / "nginx", NGINX) as address:
        yield address


@pytest.fixture(scope="module")
def quiet(folder: Path, web: str) -> Iterator[Serving]:
    with serve("quiet", "--upstream", f"tool=http://{web}", folder=folder / "serve") as serving:
        yield serving


def most_memory(serving: Serving) -> int:
    """Bytes that the proxy has had in memory at most, until now."""
    status = Path(f"/proc/{serving.program.process.pid}/status").read_text(encoding="ascii")
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak is not None
    return int(peak[1]) * 1024


def curl(*arguments: str, said: Path | None = None) -> str:
    """What curl says of the transfer: the status, and bytes down."""
    told = "%{http_code} %{size_download}"
    command = [executable("curl"), "--silent", "--show-error", "--output", "/dev/null", "--write-out", told, *arguments]
    with (said or Path("/dev/null")).open("rb") as file:
        done = subprocess.run(
            command, stdin=file, capture_output=True, text=True, timeout=110, check=False, env=surroundings()
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_download_of_1_gib(quiet: Serving) -> None:
    curl(quiet.through("tool/nothing"))
    before = most_memory(quiet)

    assert curl(quiet.through("tool/large.bin")) == f"200 {GIB}"
    assert most_memory(quiet) - before <= ALLOWANCE


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_an_upload_of_1_gib(quiet: Serving, folder: Path, framing: str) -> None:
    site = folder / "nginx" / "site"
    large = site / "large.bin"
    before = most_memory(quiet)

    source = "-" if framing == "chunked" else str(large)
    told = curl("--upload-file", source, quiet.through(f"tool/up/{framing}.bin"), said=large)

    arrived = site / "up" / f"{framing}.bin"
    size = arrived.stat().st_size
    arrived.unlink()
    assert (told, size) == ("201 0", GIB)
    assert most_memory(quiet) - before <= ALLOWANCE
