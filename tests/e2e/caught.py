"""A tool in this process, in clear and over TLS, and a `chaosproxy capture` in front of it."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import trustme
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.programs import CHAOSPROXY, Serving, started

LARGE = b"0123456789abcdef" * 16_384
"""256 KiB, which is more than sockets swallow unseen in one piece."""


@dataclass
class Gate:
    """Lets the second event of a stream out only when the first has been seen."""

    seen: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    gate: ClassVar[Gate]

    def log_message(self, *_: object) -> None:
        """Say nothing on the tests' terminal."""

    def do_GET(self) -> None:
        if self.path.startswith("/events"):
            self._events()
        elif self.path.startswith("/large"):
            self._answer(LARGE)
        else:
            self._answer(json.dumps({"headers": self.headers.items(), "path": self.path}).encode())

    def do_POST(self) -> None:
        self._answer(self._body())

    do_PUT = do_POST  # noqa: N815 - `http.server` looks for it by this name

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("X-Spelled-So", "yes")
        self.send_header("Set-Cookie", "one=1")
        self.send_header("Set-Cookie", "two=2")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _events(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._chunk(b"data: first\n\n")
        self.gate.seen.wait(20)
        self._chunk(b"data: second\n\n")
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()


@dataclass(frozen=True)
class Tool:
    """A tool that listens twice."""

    plain: str
    """`http://127.0.0.1:…`"""
    secure: str
    """`https://localhost:…`; its certificate is for 127.0.0.1 too."""
    trust: Path
    """Who signed its certificate."""
    gate: Gate


@contextmanager
def a_tool(folder: Path) -> Iterator[Tool]:
    folder.mkdir(parents=True, exist_ok=True)
    signer = trustme.CA()
    trust = folder / "tool-ca.pem"
    signer.cert_pem.write_to_path(str(trust))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    signer.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    gate = Gate()
    handler = type("Handler", (_Handler,), {"gate": gate})
    plain, secure = (ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2))
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    servers = (plain, secure)
    for server in servers:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients leave on purpose
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        ports = [server.server_address[1] for server in servers]
        yield Tool(f"http://127.0.0.1:{ports[0]}", f"https://localhost:{ports[1]}", trust, gate)
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


@dataclass(frozen=True)
class Capturing:
    """A `chaosproxy capture` that catches."""

    serving: Serving
    catches: dict[str, list[str]]

    def at(self, mode: str) -> str:
        """Where the mode that begins so listens."""
        return next(each[0] for spec, each in self.catches.items() if spec.startswith(mode))

    def counted(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels."""
        text = httpx.get(f"http://{self.serving.admin}/metrics", trust_env=False).text
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


@contextmanager
def capture(*arguments: str, folder: Path, environ: dict[str, str] | None = None) -> Iterator[Capturing]:
    """`chaosproxy capture` on free ports, with these arguments."""
    ports = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--catch", "127.0.0.1:0")
    with started(CHAOSPROXY, "capture", *arguments, *ports, folder=folder, environ=environ) as serving:
        yield Capturing(serving, json.loads((folder / "ready.json").read_text())["catches"])
