"""Clients that show less than `test_e2e_faithful` compares, but that agents are made of: Go's, and Node's `fetch`."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from chaosproxy.dataplane.tls.authority import Authority
from tests.e2e.programs import Serving, executable, free_port, nginx, serve, surroundings

NGINX = """
    listen 127.0.0.1:PORT;
    listen 127.0.0.1:TLS ssl;
    ssl_certificate tool.pem;
    ssl_certificate_key tool.pem;
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


PROFILE = """
version: 1
name: tunnels
upstreams: {tool: {url: "https://127.0.0.1:TLS", ca: ca/ca.pem}}
rules:
  - name: could concern the host, but no call that is made here
    match: {path: /no/such/thing}
    fault: {type: server_error}
"""


@pytest.fixture(scope="module")
def tls_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    made = Authority.create(["127.0.0.1"])
    made.save(folder / "ca")
    return made


@pytest.fixture(scope="module")
def web(folder: Path, authority: Authority, tls_port: int) -> Iterator[str]:
    leaf = authority.leaf("127.0.0.1")
    site = folder / "nginx" / "site"
    site.mkdir(parents=True)
    (site / "items.json").write_text(json.dumps([{"sku": n, "price": n * 100} for n in range(500)]))
    (folder / "nginx" / "tool.pem").write_bytes(leaf.chain + leaf.key)
    with nginx(folder / "nginx", NGINX.replace("TLS", str(tls_port))) as address:
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


@pytest.mark.parametrize("opened", [False, True], ids=["a closed tunnel", "a tunnel that we open"])
def test_go_sees_the_same_through(folder: Path, web: str, tls_port: int, opened: bool) -> None:
    profile = folder / "tunnels.yaml"
    profile.write_text(PROFILE.replace("TLS", str(tls_port)))
    url = f"https://127.0.0.1:{tls_port}/items.json"
    with serve(str(profile) if opened else "quiet", "--ca", str(folder / "ca"), folder=folder / str(opened)) as serving:
        assert with_go(url, f"http://{serving.listen}") == with_go(url)
        tunnels = httpx.get(f"http://{serving.admin}/metrics", trust_env=False).text

    mode = "intercepted" if opened else "blind"
    assert f'chaosproxy_tunnels_total{{mode="{mode}"' in tunnels


def test_fetch_of_node_sees_the_same(quiet: Serving, web: str) -> None:
    paths = ["/items.json", "/slow-down", "/nothing-here"]

    def fetched(base: str) -> object:
        command = [executable("node"), "--eval", FETCH, *[base + path for path in paths]]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30, env=surroundings())
        return json.loads(done.stdout)

    assert fetched(f"http://{quiet.listen}/tool") == fetched(f"http://{web}")
