"""Clients that show less than `test_e2e_faithful` compares, but that agents are made of: Go's, and Node's `fetch`."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.programs import Serving, executable, nginx, serve, surroundings

NGINX = """
    listen 127.0.0.1:PORT;
    root site;
    gzip on;
    gzip_types application/json;
    location = /slow-down { return 429 "slow down\\n"; }
"""

FETCH = """
Promise.all(process.argv.slice(1).map(async url => {
  const response = await fetch(url, { redirect: 'manual' })
  const headers = [...response.headers].filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name))
  return [response.status, response.statusText, headers, await response.text()]
})).then(all => console.log(JSON.stringify(all)))
"""


@pytest.fixture(scope="module")
def web(folder: Path) -> Iterator[str]:
    site = folder / "nginx" / "site"
    site.mkdir(parents=True)
    (site / "items.json").write_text(json.dumps([{"sku": n, "price": n * 100} for n in range(500)]))
    with nginx(folder / "nginx", NGINX) as address:
        yield address


@pytest.fixture(scope="module")
def quiet(folder: Path, web: str) -> Iterator[Serving]:
    with serve("quiet", "--upstream", f"tool=http://{web}", folder=folder / "serve") as serving:
        yield serving


def with_go(url: str, proxy: str | None = None) -> tuple[str, str]:
    """200 requests on 8 connections by `hey`, which uses Go's net/http: statuses, and bytes of bodies."""
    command = [executable("hey"), "-n", "200", "-c", "8", *(["-x", proxy] if proxy else []), url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=surroundings())
    statuses = re.findall(r"\[(\d+)\]\s+(\d+) responses", done.stdout)
    sizes = re.search(r"Total data:\s+(\d+) bytes", done.stdout)
    assert "Error distribution" not in done.stdout, done.stdout
    return str(statuses), sizes[1] if sizes else ""


@pytest.mark.parametrize("path", ["/items.json", "/slow-down", "/nothing-here"])
def test_go_sees_the_same(quiet: Serving, web: str, path: str) -> None:
    directly = with_go(f"http://{web}{path}")

    assert with_go(f"http://{quiet.listen}/tool{path}") == directly
    assert with_go(f"http://{web}{path}", f"http://{quiet.listen}") == directly


def test_fetch_of_node_sees_the_same(quiet: Serving, web: str) -> None:
    paths = ["/items.json", "/slow-down", "/nothing-here"]

    def fetched(base: str) -> object:
        command = [executable("node"), "--eval", FETCH, *[base + path for path in paths]]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30, env=surroundings())
        return json.loads(done.stdout)

    assert fetched(f"http://{quiet.listen}/tool") == fetched(f"http://{web}")
