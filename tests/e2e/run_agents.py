"""`chaosproxy run` in the hands of a test: a tool, an agent written as a script, a profile, and what became of them."""

import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

from chaosproxy.telemetry.journal_reader import read_journal
from chaosproxy.telemetry.records import AgentEnded, CallEnded, Record
from tests.e2e.programs import CHAOSPROXY, surroundings


class Tool:
    """Answers everything with a little JSON, and knows what it was asked for."""

    def __init__(self, url: str, ca: Path | None) -> None:
        self.url = url
        self.ca = ca
        """Who vouches for it, if it speaks TLS."""
        self.asked: list[str] = []
        """`GET /path`, in order."""
        self.headers: list[dict[str, str]] = []


@contextmanager
def tool(certificates: Path | None = None) -> Iterator[Tool]:
    """A tool on 127.0.0.1; by https if there is a folder for its certificates."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            given.asked.append(f"{self.command} {self.path}")
            given.headers.append({name.lower(): value for name, value in self.headers.items()})
            body = json.dumps({"path": self.path}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Keeps quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ca = None
    if certificates is not None:
        authority = trustme.CA()
        ca = certificates / "tool-ca.pem"
        authority.cert_pem.write_to_path(ca)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    given = Tool(f"http{'s' if ca else ''}://127.0.0.1:{server.server_address[1]}", ca)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield given
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()


def write_profile(folder: Path, tool: Tool | None, **parts: Any) -> str:  # noqa: ANN401  parts of a profile
    """A profile with this tool as its upstream `tool`; its path."""
    upstream: dict[str, object] = {"url": tool.url if tool else "http://127.0.0.1:9"}
    if tool and tool.ca:
        upstream["ca"] = str(tool.ca)
    whole = {"version": 1, "name": "mine", "upstreams": {"tool": upstream}, **parts}
    path = folder / "profile.yaml"
    path.write_text(json.dumps(whole))
    return str(path)


def write_agent(folder: Path, code: str) -> list[str]:
    """An agent in Python; the command that runs it."""
    path = folder / "my_agent.py"
    path.write_text(code)
    return [sys.executable, str(path)]


def run_command(*arguments: str, agent: Sequence[str]) -> list[str]:
    return [CHAOSPROXY, "run", *arguments, "--", *agent]


def run(
    *arguments: str,
    agent: Sequence[str],
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stdin: bytes = b"",
) -> subprocess.CompletedProcess[str]:
    """A whole run, without a terminal."""
    done = subprocess.run(
        run_command(*arguments, agent=agent),
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
        cwd=folder,
        env=surroundings(environ),
        start_new_session=True,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def records(journal: Path) -> list[Record]:
    unreadable: list[object] = []
    found = list(read_journal(journal, unreadable.append))
    assert unreadable == []
    return found


def calls(journal: Path) -> list[CallEnded]:
    return [each for each in records(journal) if isinstance(each, CallEnded)]


def agent_line(journal: Path) -> AgentEnded:
    (line,) = [each for each in records(journal) if isinstance(each, AgentEnded)]
    return line
