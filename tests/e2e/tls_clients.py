"""A small TLS server on real sockets, and real clients that are asked the same: what does each of them complain of?

The clients are pointed to their roots as their users do it, and to 127.0.0.1 whatever name they are to expect there.
"""

import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import requests
from requests.adapters import HTTPAdapter

from chaosproxy.dataplane.tls.authority import Authority
from chaosproxy.dataplane.tls.bundle import bundle
from tests.e2e.programs import executable, surroundings

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
STRICT = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
"""What Python 3.13 adds to its checks by default."""


class Ours(NamedTuple):
    """An authority, and the files in which it is kept and given to clients."""

    authority: Authority
    folder: Path
    ca: Path
    bundle: Path


def kept(authority: Authority, folder: Path) -> Ours:
    """The same authority, its files in this folder."""
    authority.save(folder)
    (folder / "bundle.pem").write_bytes(bundle(authority.certificate_pem))
    return Ours(authority, folder, folder / "ca.pem", folder / "bundle.pem")


def is_address(host: str) -> bool:
    return host[0].isdigit()


def place(host: str) -> str:
    """Where the server for a host listens: an address is its own place, and names are all at one."""
    return host if is_address(host) else "127.0.0.1"


# A server


@contextmanager
def server(context: ssl.SSLContext, host: str) -> Iterator[int]:
    """Answers every request for a host with `ok`; its port."""

    def answer(connection: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
            secure.settimeout(20)
            heard = b""
            while b"\r\n\r\n" not in heard and (data := secure.recv(4096)):
                heard += data
            secure.sendall(ANSWER)
            secure.unwrap()

    def accept() -> None:
        with suppress(OSError):  # the socket is shut when the test is over
            while True:
                connection, _ = listening.accept()
                with connection:
                    answer(connection)

    with socket.create_server((place(host), 0)) as listening:
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(20)


# Clients: what each complains of; None if it is content


def with_openssl(host: str, port: int, ours: Ours) -> str | None:
    named = (
        ["-verify_ip", host, "-noservername"] if is_address(host) else ["-verify_hostname", host, "-servername", host]
    )
    roots = ["-CAfile", str(ours.ca), "-no-CApath", "-no-CAstore", "-x509_strict"]
    said = s_client("-connect", f"{place(host)}:{port}", *named, *roots)
    code = re.search(r"Verify return code: (\d+) \((.*)\)", said)
    assert code is not None, said
    return None if code[1] == "0" else " ".join([code[2], *re.findall(r"verify error:.*", said)])


def s_client(*arguments: str) -> str:
    command = [executable("openssl"), "s_client", *arguments]
    request = b"GET / HTTP/1.1\r\nHost: tool\r\n\r\n"
    done = subprocess.run(command, input=request, capture_output=True, timeout=30, check=False)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def with_curl(host: str, port: int, ours: Ours) -> str | None:
    command = [
        executable("curl"),
        "--silent",
        "--show-error",
        "--noproxy",
        "*",
        "--resolve",
        f"{host}:{port}:{place(host)}",
    ]
    environ = surroundings({"CURL_CA_BUNDLE": str(ours.bundle)})
    done = subprocess.run(
        [*command, f"https://{host}:{port}/"], capture_output=True, text=True, check=False, env=environ, timeout=30
    )
    assert done.returncode in (0, 60), done.stderr
    return None if done.stdout == "ok" else done.stderr


def with_ssl(host: str, port: int, ours: Ours) -> str | None:
    context = ssl.create_default_context(cafile=str(ours.bundle))
    context.verify_flags |= STRICT
    try:
        with (
            socket.create_connection((place(host), port), timeout=20) as connection,
            context.wrap_socket(connection, server_hostname=host) as secure,
        ):
            secure.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert secure.recv(8) == ANSWER[:8]
    except ssl.SSLCertVerificationError as error:
        return str(error)
    return None


class Pointed(HTTPAdapter):
    """requests, with a name whose address it need not look up."""

    def __init__(self, host: str) -> None:
        self._host = host
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **settings: Any) -> None:  # noqa: ANN401  handed on as they come
        settings |= {"server_hostname": self._host, "assert_hostname": self._host}
        super().init_poolmanager(*arguments, **settings)


def with_requests(host: str, port: int, ours: Ours) -> str | None:
    with pytest.MonkeyPatch.context() as environ, requests.Session() as session:
        environ.setenv("REQUESTS_CA_BUNDLE", str(ours.bundle))
        environ.setenv("NO_PROXY", "*")
        if not is_address(host):
            session.mount("https://", Pointed(host))
        try:
            assert session.get(f"https://{place(host)}:{port}/", timeout=20).text == "ok"
        except requests.exceptions.SSLError as error:
            return str(error)
    return None


def with_httpx(host: str, port: int, ours: Ours) -> str | None:
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("SSL_CERT_FILE", str(ours.bundle))
        environ.setenv("NO_PROXY", "*")
        try:
            with httpx.Client(timeout=20) as client:
                named = {} if is_address(host) else {"sni_hostname": host}
                assert client.get(f"https://{place(host)}:{port}/", extensions=named).text == "ok"
        except httpx.ConnectError as error:
            return str(error)
    return None


NODE = """
const dns = require("dns"), https = require("https");
dns.lookup = (name, options, done) =>
    options.all ? done(null, [{address: "127.0.0.1", family: 4}]) : done(null, "127.0.0.1", 4);
const url = process.argv[2];
const say = (said) => { process.stdout.write(said); process.exit(0); };
const complain = (error) => { const cause = error.cause || error; say(`${cause.code}: ${cause.message}`); };
if (process.argv[1] === "fetch") {
    fetch(url).then((response) => response.text()).then(say, complain);
} else {
    https.get(url, (response) => response.on("data", (data) => say(data.toString()))).on("error", complain);
}
"""


def node(by: str, host: str, port: int, ours: Ours) -> str | None:
    environ = surroundings({"NODE_EXTRA_CA_CERTS": str(ours.ca)})
    command = [executable("node"), "-e", NODE, by, f"https://{host}:{port}/"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ, timeout=60)
    return None if done.stdout == "ok" else done.stdout


def with_node_https(host: str, port: int, ours: Ours) -> str | None:
    return node("https", host, port, ours)


def with_node_fetch(host: str, port: int, ours: Ours) -> str | None:
    return node("fetch", host, port, ours)


Client = Callable[[str, int, Ours], str | None]

CLIENTS: Mapping[str, Client] = {
    "openssl": with_openssl,
    "curl": with_curl,
    "ssl": with_ssl,
    "requests": with_requests,
    "httpx": with_httpx,
    "node https": with_node_https,
    "node fetch": with_node_fetch,
}
