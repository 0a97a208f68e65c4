"""Real programs beside a test: started on 127.0.0.1, waited for, ended by their pid.

What each of them prints goes into files of its own, so none can block on a full pipe. A program that is not installed
fails the test that needs it.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import pytest

T = TypeVar("T")

CHAOSPROXY = str(Path(sys.executable).with_name("chaosproxy"))
"""The console script of the environment that the tests run in."""

PATIENCE = 30.0
"""Seconds that a program may take to start: the machine may be busy with other tests."""

NGINX_HEAD = """
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 512; }}
http {{
    access_log access.log;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    types {{ application/json json; text/html html; }}
    client_max_body_size 64m;
    {servers}
}}
"""


def executable(name: str) -> str:
    """Where a program is; Debian keeps servers where not every PATH looks."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        pytest.fail(
            f"{name} is not installed, and this test runs it; scripts/system_packages installs it", pytrace=False
        )
    return found


def wait_for(what: str, ask: Callable[[], T | None], within: float = PATIENCE) -> T:
    """What `ask` gives once it gives something; fails the test if that takes longer than `within` seconds."""
    found = poll(ask, within)
    if found is None:
        pytest.fail(f"waited {within:g} s in vain for {what}", pytrace=False)
    return found


def poll(ask: Callable[[], T | None], within: float) -> T | None:
    """What `ask` gives once it gives something, or None after `within` seconds."""
    until = time.monotonic() + within
    while (found := ask()) is None and time.monotonic() < until:
        time.sleep(0.02)
    return found


def surroundings(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which nothing of this machine's own proxies, nor of its chaosproxy settings, is left."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not re.fullmatch(r"(?i)(https?|all|no)_proxy|CHAOSPROXY_.*|\w+_URL", name)
    }
    return kept | dict(environ or {})


class Program:
    """A program that runs until it is ended, which the `with` statement sees to."""

    def __init__(
        self, *command: str, folder: Path, environ: Mapping[str, str] | None = None, out: int | None = None
    ) -> None:
        """`out`: a file descriptor for what it prints, instead of a file."""
        self.name = Path(command[0]).name
        folder.mkdir(parents=True, exist_ok=True)
        self._out = folder / f"{self.name}.out"
        self._err = folder / f"{self.name}.err"
        with self._out.open("wb") as file, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=file if out is None else out,
                stderr=err,
                env=surroundings(environ),
            )

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def wait_for(self, what: str, ask: Callable[[], T | None]) -> T:
        """As the function `wait_for`, and fails at once if the program ends."""

        def ask_the_living() -> T | None:
            if self.process.poll() is not None:
                pytest.fail(f"{self.name} ended with {self.process.returncode}: {self.out}{self.err}", pytrace=False)
            return ask()

        found = poll(ask_the_living, PATIENCE)
        if found is None:
            pytest.fail(f"waited in vain for {what} of {self.name}, which says: {self.out}{self.err}", pytrace=False)
        return found

    def wait_for_port(self, port: int) -> None:
        """Until it accepts connections."""

        def connected() -> bool | None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                return None
            return True

        self.wait_for(f"port {port}", connected)

    def end(self) -> int:
        """Ask it to end, and insist after a while; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


def free_port() -> int:
    """A port for a server that takes no 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def nginx(folder: Path, server: str) -> Iterator[str]:
    """An nginx with this `server {}` block's inside, in which PORT stands for its port; `127.0.0.1:PORT`."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    inside = server.replace("PORT", str(port))
    (folder / "nginx.conf").write_text(NGINX_HEAD.format(servers=f"server {{\n{inside}\n}}"), encoding="latin-1")
    command = (executable("nginx"), "-e", "stderr", "-p", str(folder), "-c", "nginx.conf")
    with Program(*command, folder=folder) as program:
        program.wait_for_port(port)
        yield f"127.0.0.1:{port}"


@contextmanager
def python_http_server(folder: Path, directory: Path) -> Iterator[str]:
    """`python -m http.server`, which speaks HTTP/1.0; `127.0.0.1:PORT`."""
    command = (sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(directory))
    with Program(*command, folder=folder) as program:
        port = program.wait_for("the port", lambda: re.search(r"port (\d+)", program.out))[1]
        program.wait_for_port(int(port))
        yield f"127.0.0.1:{port}"


@dataclass(frozen=True)
class Serving:
    """A `chaosproxy serve` that accepts connections."""

    listen: str
    admin: str
    program: Program

    def through(self, path: str, session: str | None = None) -> str:
        """The gateway URL of `tool/...`."""
        return f"http://{self.listen}/{f'~{session}/' if session else ''}{path}"


@contextmanager
def serve(*arguments: str, folder: Path, environ: Mapping[str, str] | None = None) -> Iterator[Serving]:
    """`chaosproxy serve` on free ports, with these arguments."""
    ports = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
    with started(CHAOSPROXY, "serve", *arguments, *ports, folder=folder, environ=environ) as serving:
        yield serving


@contextmanager
def started(*command: str, folder: Path, environ: Mapping[str, str] | None = None) -> Iterator[Serving]:
    """A `chaosproxy serve` exactly as `command` says it, once it is ready."""
    folder.mkdir(parents=True, exist_ok=True)
    ready = folder / "ready.json"
    told = {"CHAOSPROXY_READY_FILE": str(ready), **(environ or {})}
    with Program(*command, folder=folder, environ=told) as program:
        text = program.wait_for("the ready file", lambda: ready.read_text() if ready.exists() else None)
        addresses = json.loads(text)
        yield Serving(addresses["listen"], addresses["admin"], program)


def chaosproxy(
    *arguments: str, environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """One `chaosproxy` command, to its end."""
    command = (CHAOSPROXY, *arguments)
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=folder, env=surroundings(environ)
    )
