"""Capturing where the network itself is bent: in two network namespaces, one the agent's and one the gateway's.

Only root may make those; anybody else cannot run these tests.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from chaosproxy.dataplane.tls.authority import Authority
from tests.e2e.programs import CHAOSPROXY, Program, executable, surroundings, wait_for

AGENT, GATEWAY = f"agent{os.getpid()}", f"gate{os.getpid()}"
TOOL = "10.77.8.1"
"""The tool's address, which the agent reaches over the gateway alone."""

LAYOUT = f"""
netns add {GATEWAY}
netns add {AGENT}
-n {GATEWAY} link add toagent type veth peer name uplink netns {AGENT}
-n {GATEWAY} addr add 10.77.9.1/24 dev toagent
-n {GATEWAY} addr add {TOOL}/32 dev lo
-n {GATEWAY} link set toagent up
-n {GATEWAY} link set lo up
-n {AGENT} addr add 10.77.9.2/24 dev uplink
-n {AGENT} link set uplink up
-n {AGENT} link set lo up
"""

SERVER = f"""
import ssl, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"hi")
    def log_message(self, *_):
        pass

secure = ThreadingHTTPServer(("{TOOL}", 9443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
secure.socket = context.wrap_socket(secure.socket, server_side=True)
threading.Thread(target=secure.serve_forever, daemon=True).start()
ThreadingHTTPServer(("{TOOL}", 9080), Handler).serve_forever()
"""

PROFILE = f"""\
version: 1
name: network
upstreams:
  plain: http://{TOOL}:9080
  secure: {{url: "https://tool.test:9443", verify: false}}
rules:
  - {{name: once, match: {{path: /limited}}, fault: {{type: rate_limit, limit: 1, per: 1h}}}}
"""


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings(), timeout=60)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def inside(space: str, *command: str) -> tuple[str, ...]:
    return ("ip", "netns", "exec", space, *command)


class Net(NamedTuple):
    """Two namespaces with a tool behind the gateway."""

    folder: Path
    stack: ExitStack

    def capture(self, *arguments: str) -> Program:
        """`chaosproxy capture` in the gateway, once it is ready."""
        ready = self.folder / "ready.json"
        common = (str(self.folder / "profile.yaml"), "--ca", str(self.folder / "ca"), "--admin", "127.0.0.1:0")
        journal = ("--journal", str(self.folder / "journal.jsonl"), "--ready-file", str(ready))
        program = self.start(GATEWAY, CHAOSPROXY, "capture", *common, *journal, *arguments, name="capture")
        program.wait_for("being ready", lambda: ready.exists() or None)
        return program

    def start(self, space: str, *command: str, name: str) -> Program:
        return self.stack.enter_context(Program(*inside(space, *command), folder=self.folder / name))

    def ask(self, *arguments: str) -> str:
        """curl, as the agent: the version of HTTP, and the status."""
        form = ("--output", "/dev/null", "--write-out", "%{http_version} %{response_code}")
        return run(*inside(AGENT, "curl", "--silent", "--max-time", "20", *form, *arguments))

    def ask_for_the_secure_one(self) -> str:
        place = ("--cacert", str(self.folder / "ca" / "ca.pem"), "--connect-to", f"tool.test:9443:{TOOL}:9443")
        return self.ask("--http2", *place, "https://tool.test:9443/limited")


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    needed("ip", "ss")
    if subprocess.run(["ip", "netns", "add", AGENT], capture_output=True, check=False).returncode:
        pytest.skip("network namespaces cannot be made here")
    subprocess.run(["ip", "netns", "del", AGENT], check=True)
    hosts = Path(f"/etc/netns/{GATEWAY}/hosts")
    Authority.create(["tool.test"]).save(tmp_path / "ca")
    leaf = Authority.load(tmp_path / "ca").leaf("tool.test")
    (tmp_path / "tool.pem").write_bytes(leaf.key + leaf.chain)
    (tmp_path / "tool.py").write_text(SERVER)
    (tmp_path / "profile.yaml").write_text(PROFILE)
    with ExitStack() as stack:
        for space in (AGENT, GATEWAY):
            stack.callback(subprocess.run, ["ip", "netns", "del", space], check=False)
        stack.callback(shutil.rmtree, hosts.parent, ignore_errors=True)
        hosts.parent.mkdir(parents=True)
        hosts.write_text(f"127.0.0.1 localhost\n{TOOL} tool.test\n")  # `ip netns exec` puts it in /etc
        for line in LAYOUT.split("\n"):
            if line:
                run("ip", *line.split())
        net = Net(tmp_path, stack)
        tool = net.start(GATEWAY, sys.executable, str(tmp_path / "tool.py"), str(tmp_path / "tool.pem"), name="tool")
        listening = inside(GATEWAY, "ss", "-Hltn", "sport", "=", ":9080")
        tool.wait_for("its port", lambda: run(*listening) or None)
        yield net


def needed(*programs: str) -> None:
    for program in programs:
        executable(program)


def test_transparent_mode_catches_what_a_firewall_rule_sends(net: Net) -> None:
    needed("iptables")
    run("ip", "-n", AGENT, "route", "add", "default", "via", "10.77.9.1")
    redirect = ("-i", "toagent", "-p", "tcp", "-j", "REDIRECT", "--to-ports", "8091")
    run(*inside(GATEWAY, "iptables", "-t", "nat", "-A", "PREROUTING", *redirect))
    program = net.capture("--mode", "transparent", "--catch", "0.0.0.0:8091")

    assert [net.ask(f"http://{TOOL}:9080/limited") for _ in range(2)] == ["1.1 200", "1.1 429"]
    assert [net.ask_for_the_secure_one() for _ in range(2)] == ["2 429", "2 429"]
    itself = inside(AGENT, "curl", "--silent", "--max-time", "20", "http://10.77.9.1:8091/")
    assert subprocess.run(itself, check=False).returncode == 52, "closed, instead of going in circles"

    program.process.send_signal(signal.SIGTERM)
    assert program.process.wait(20) == 0
    lines = [json.loads(line) for line in (net.folder / "journal.jsonl").read_text().splitlines()]
    sessions = {line["session"].partition("~")[0] for line in lines if line["type"] == "call"}
    assert sessions == {"127.77.9.2"}, "which stands for 10.77.9.2"


def test_wireguard_mode_catches_all_of_a_client(net: Net) -> None:
    needed("wireguard-go", "wg")
    program = net.capture("--mode", "wireguard@10.77.9.1:51820")
    announced = wait_for("the announcement", lambda: program.out if "Endpoint" in program.out else None)
    lines = [line.strip() for line in announced.splitlines() if line.startswith("         ")]
    keys = [line for line in lines if line.startswith(("[", "PrivateKey", "PublicKey", "AllowedIPs", "Endpoint"))]
    (net.folder / "wg.conf").write_text("\n".join(keys).replace("0.0.0.0/0", f"{TOOL}/32"))
    net.start(AGENT, "wireguard-go", "--foreground", "wg0", name="wireguard")
    shown = inside(AGENT, "wg", "show", "wg0")
    wait_for("wg0", lambda: subprocess.run(shown, capture_output=True, check=False).returncode == 0 or None)
    run(*inside(AGENT, "wg", "setconf", "wg0", str(net.folder / "wg.conf")))
    for line in ("addr add 10.0.0.1/32 dev wg0", "link set wg0 mtu 1280 up", f"route add {TOOL}/32 dev wg0"):
        run("ip", "-n", AGENT, *line.split())

    assert [net.ask_for_the_secure_one() for _ in range(2)] == ["2 200", "2 429"]
    assert net.ask(f"http://{TOOL}:9080/else") == "1.1 200"
