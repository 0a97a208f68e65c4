"""Traffic that cannot be pointed at us, caught by mitmproxy: HTTP/2 and HTTP/1.1 clients meet one set of rules."""

import json
import os
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from chaosproxy.dataplane.tls.authority import Authority
from tests.e2e.caught import LARGE, Capturing, Tool, a_tool, capture
from tests.e2e.programs import Program, chaosproxy, executable, free_port, serve, surroundings, wait_for

PROFILE = """\
version: 1
name: caught
upstreams:
  plain: {plain}
  secure: {{url: "{secure}", ca: "{trust}"}}
rules:
  - {{name: limited, match: {{path: /limited}}, fault: {{type: rate_limit, limit: 1, per: 1h, scope: session}}}}
  - {{name: reset, match: {{path: /reset}}, fault: {{type: connection_reset, phase: after_upstream}}}}
  - {{name: closed, match: {{path: /closed}}, fault: {{type: connection_closed, phase: before_upstream}}}}
  - {{name: cut, match: {{path: /large/cut}}, fault: {{type: connection_reset, phase: during_body}}}}
  - {{name: hanging, match: {{path: /hanging}}, fault: {{type: timeout, after: 1h}}}}
"""


class Scene(NamedTuple):
    """All that is running."""

    tool: Tool
    caught: Capturing
    ca: Path
    """The certificate that clients are to trust."""

    def through(self, mode: str) -> str:
        return f"http://{self.caught.at(mode)}"


@pytest.fixture(scope="module")
def scene(folder: Path) -> Iterator[Scene]:
    Authority.create(["localhost"]).save(folder / "ca")
    with a_tool(folder / "tool") as tool:
        profile = folder / "profile.yaml"
        profile.write_text(PROFILE.format(plain=tool.plain, secure=tool.secure, trust=tool.trust))
        modes = ("regular", "socks5", f"reverse:{tool.plain}", f"reverse:{tool.secure}")
        given = [word for mode in modes for word in ("--mode", mode)]
        arguments = (str(profile), *given, "--ca", str(folder / "ca"), "--journal", str(folder / "journal.jsonl"))
        with capture(*arguments, folder=folder / "capture") as caught:
            yield Scene(tool, caught, folder / "ca" / "ca.pem")


# Real clients, and the ways in which they are caught


class Told(NamedTuple):
    """What a client was told; `version` as it names it, `trouble` if it was told nothing whole."""

    version: str
    status: int
    body: bytes
    trouble: str


Client = Callable[[Scene, str, str], Told]
"""(scene, path, session) -> what it was told."""


def curl(*arguments: str) -> Told:
    form = "\n%{http_version} %{response_code} %{exitcode}"
    command = [executable("curl"), "--silent", "--max-time", "20", "--write-out", form, *arguments]
    done = subprocess.run(command, capture_output=True, check=False, env=surroundings())
    body, _, said = done.stdout.rpartition(b"\n")
    version, status, code = said.decode().split()
    return Told(version, int(status), body, "" if code == "0" else code)


def curl_connects(version: str, mode: str) -> Client:
    """Through CONNECT or SOCKS, over TLS, in this version of HTTP."""

    def ask(scene: Scene, path: str, session: str) -> Told:
        scheme = "http" if mode == "regular" else "socks5h"
        proxy = f"{scheme}://{scene.caught.at(mode)}"
        if mode == "regular":
            proxy = f"http://{session}:@{scene.caught.at(mode)}"
        marked = ("--header", f"X-Session-Id: {session}")
        trusting = ("--cacert", str(scene.ca), *marked)
        return curl(version, "--proxy", proxy, *trusting, scene.tool.secure + path)

    return ask


def curl_reversed(*version: str) -> Client:
    def ask(scene: Scene, path: str, session: str) -> Told:
        return curl(*version, "--header", f"X-Session-Id: {session}", scene.through("reverse:http:") + path)

    return ask


def curl_in_clear(scene: Scene, path: str, session: str) -> Told:
    return curl("--proxy", f"http://{session}:@{scene.caught.at('regular')}", scene.tool.plain + path)


def with_httpx(scene: Scene, path: str, session: str) -> Told:
    proxy = httpx.Proxy(scene.through("regular"), auth=(session, ""))
    trust = ssl.create_default_context(cafile=str(scene.ca))
    try:
        with httpx.Client(http1=False, http2=True, proxy=proxy, verify=trust, trust_env=False) as http:
            response = http.get(scene.tool.secure + path)
    except httpx.HTTPError as error:
        return Told("", 0, b"", type(error).__name__)
    return Told(
        response.http_version.removeprefix("HTTP/").removesuffix(".0"), response.status_code, response.content, ""
    )


HTTP_2: dict[str, Client] = {
    "curl, CONNECT": curl_connects("--http2", "regular"),
    "httpx, CONNECT": with_httpx,
    "curl, SOCKS": curl_connects("--http2", "socks5"),
    "curl, prior knowledge, reverse": curl_reversed("--http2-prior-knowledge"),
}
HTTP_1: dict[str, Client] = {
    "curl, HTTP/1.1, CONNECT": curl_connects("--http1.1", "regular"),
    "curl, HTTP/1.1, SOCKS": curl_connects("--http1.1", "socks5"),
    "curl, HTTP/1.1, in clear": curl_in_clear,
    "curl, HTTP/1.1, reverse": curl_reversed("--http1.1"),
}
CLIENTS = HTTP_2 | HTTP_1


def uncaught(scene: Scene, path: str, session: str) -> Told:
    """By the proxy's own listener, without mitmproxy."""
    return curl(f"http://{scene.caught.serving.listen}/~{session}/plain{path}")


# The same faults by the same rules


@pytest.mark.parametrize("name", CLIENTS)
def test_the_same_rule_strikes_and_the_same_counters_move(scene: Scene, name: str) -> None:
    ask = CLIENTS[name]
    number = list(CLIENTS).index(name)
    untouched = [uncaught(scene, "/limited", f"direct-{number}") for _ in range(2)]
    struck = {"rule": "limited", "fault": "rate_limit"}
    faults = scene.caught.counted("chaosproxy_faults_injected_total", **struck)
    calls = scene.caught.counted("chaosproxy_calls_total")
    answers = scene.caught.counted("chaosproxy_responses_total", origin="injected", outcome="throttled")

    first, second = [ask(scene, "/limited", f"caught-{number}") for _ in range(2)]

    assert (first.trouble, second.trouble) == ("", "")
    assert {first.version, second.version} == {"2" if name in HTTP_2 else "1.1"}
    assert [first.status, second.status] == [each.status for each in untouched] == [200, 429]
    assert second.body == untouched[1].body
    assert scene.caught.counted("chaosproxy_faults_injected_total", **struck) - faults == 1
    assert scene.caught.counted("chaosproxy_calls_total") - calls == 2
    assert scene.caught.counted("chaosproxy_responses_total", origin="injected", outcome="throttled") - answers == 1


@pytest.mark.parametrize("name", CLIENTS)
def test_a_session_is_told_apart(scene: Scene, name: str, folder: Path) -> None:
    session = f"session-of-{list(CLIENTS).index(name)}"

    CLIENTS[name](scene, "/who", session)

    def written() -> bool | None:
        lines = map(json.loads, (folder / "journal.jsonl").read_text().splitlines())
        return any(line["type"] == "call" and line["session"] == session for line in lines) or None

    wait_for("the journal", written)


CURL_SAYS_RESET, CURL_SAYS_EMPTY, CURL_SAYS_STREAM = "56", "52", "92"


@pytest.mark.parametrize("name", HTTP_1)
def test_a_broken_connection_breaks_as_named(scene: Scene, name: str) -> None:
    ask = HTTP_1[name]

    assert ask(scene, "/reset", "breaking").trouble == CURL_SAYS_RESET
    assert ask(scene, "/closed", "breaking").trouble == CURL_SAYS_EMPTY
    cut = ask(scene, "/large/cut", "breaking")
    assert (cut.status, cut.trouble) == (200, CURL_SAYS_RESET)
    assert cut.body == LARGE[: len(LARGE) // 2]


@pytest.mark.parametrize("name", HTTP_2)
def test_in_http2_a_broken_connection_is_a_stream_that_was_reset(scene: Scene, name: str) -> None:
    ask = HTTP_2[name]
    trouble = "RemoteProtocolError" if name.startswith("httpx") else CURL_SAYS_STREAM

    assert [ask(scene, path, "breaking").trouble for path in ("/reset", "/closed", "/large/cut")] == [trouble] * 3


# Nothing else changes


@pytest.mark.parametrize("name", CLIENTS)
def test_a_quiet_call_arrives_as_it_was_sent(scene: Scene, name: str) -> None:
    told = CLIENTS[name](scene, "/quiet?a=%20b&a=1", "quiet")

    seen = json.loads(told.body)
    assert seen["path"] == "/quiet?a=%20b&a=1"
    headers = {header.lower(): value for header, value in seen["headers"]}
    asked = scene.tool.plain if "clear" in name or "reverse" in name else scene.tool.secure
    assert headers["host"] == asked.partition("//")[2]
    assert set(headers) <= {"host", "user-agent", "accept", "accept-encoding", "x-session-id", "connection"}


@pytest.mark.parametrize("version", ["--http2-prior-knowledge", "--http1.1"])
def test_bodies_pass_whole(scene: Scene, version: str, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(LARGE)
    url = scene.through("reverse:http:") + "/echo"

    with_length = curl(version, "--data-binary", f"@{tmp_path / 'body'}", url)
    streamed = subprocess.run(
        [executable("curl"), "--silent", version, "--upload-file", "-", url],
        input=LARGE,
        capture_output=True,
        check=True,
    )

    assert (with_length.body, streamed.stdout) == (LARGE, LARGE)


@pytest.mark.parametrize("http2", [True, False], ids=["HTTP/2", "HTTP/1.1"])
@pytest.mark.parametrize("mode", ["regular", "reverse:https:"])
def test_events_pass_as_they_come(scene: Scene, mode: str, http2: bool) -> None:
    trust = ssl.create_default_context(cafile=str(scene.ca))
    scene.tool.gate.seen.clear()
    proxy = scene.through(mode) if mode == "regular" else None
    base = scene.tool.secure if proxy else f"https://localhost:{scene.caught.at(mode).rpartition(':')[2]}"

    with (
        httpx.Client(http1=not http2, http2=http2, proxy=proxy, verify=trust, trust_env=False) as http,
        http.stream("GET", f"{base}/events") as response,
    ):
        events = response.iter_bytes()
        first = next(events)
        scene.tool.gate.seen.set()  # the tool does not say the second before
        second = b"".join(events)

    assert (first, second) == (b"data: first\n\n", b"data: second\n\n")
    assert response.http_version == ("HTTP/2" if http2 else "HTTP/1.1")


def test_one_connection_carries_many_hanging_calls_and_others_go_on(scene: Scene, tmp_path: Path) -> None:
    hanging = [f"{scene.tool.secure}/hanging"] * 20
    passing = f"{scene.tool.secure}/passing"
    command = [executable("curl"), "--silent", "--parallel", "--http2", "--proxy", scene.through("regular")]
    command += ["--cacert", str(scene.ca), "--no-progress-meter", "--write-out", "%{stderr}%{url} %{num_connects}"]
    urls = [word for url in [*hanging, passing] for word in ("--output", "/dev/null", url)]

    with Program(*command, *urls, folder=tmp_path) as program:
        told = program.wait_for("the call that no fault strikes", lambda: program.err or None)
        wait_for("the others", lambda: scene.caught.counted("chaosproxy_faults_active") == len(hanging) or None)

        assert told == f"{passing} 0", "over the connection of the others, which still say nothing"
    wait_for("their end", lambda: not scene.caught.counted("chaosproxy_faults_active") or None)


# Trust


def test_a_client_that_does_not_trust_the_authority_refuses(scene: Scene) -> None:
    told = curl("--http2", "--proxy", scene.through("regular"), "--cacert", str(scene.tool.trust), scene.tool.secure)

    assert told.trouble == "60"


def test_a_host_that_the_authority_is_not_for_passes_untouched(scene: Scene) -> None:
    """127.0.0.1 is not `localhost`: the client sees the tool's own certificate, and speaks with the tool itself."""
    url = scene.tool.secure.replace("localhost", "127.0.0.1") + "/limited"
    blind = scene.caught.counted("chaosproxy_tunnels_total", mode="blind")

    with_ours = curl("--proxy", scene.through("regular"), "--cacert", str(scene.ca), url)
    with_theirs = [curl("--proxy", scene.through("regular"), "--cacert", str(scene.tool.trust), url) for _ in range(2)]

    assert with_ours.trouble == "60"
    assert [each.status for each in with_theirs] == [200, 200]
    assert scene.caught.counted("chaosproxy_tunnels_total", mode="blind") - blind == 3


def test_it_is_the_certificate_that_the_listener_shows(scene: Scene) -> None:
    """One authority, trusted once; and nothing in what it signs says who caught the connection."""
    place = scene.tool.secure.removeprefix("https://")

    def shown(proxy: str, *protocols: str) -> str:
        command = [executable("openssl"), "s_client", "-proxy", proxy, "-connect", place, "-servername", "localhost"]
        command += ["-CAfile", str(scene.ca), "-verify_return_error", *protocols]
        done = subprocess.run(command, input=b"", capture_output=True, check=False)
        chain = done.stdout.decode().partition("---\nServer certificate")[0]
        assert "Verification: OK" in done.stdout.decode()
        return "\n".join(line for line in chain.splitlines() if line.lstrip().startswith(("0 s:", "1 s:", "i:", "a:")))

    caught = shown(scene.caught.at("regular"), "-alpn", "h2,http/1.1")
    listened = shown(scene.caught.serving.listen)

    assert caught == listened
    assert "mitmproxy" not in caught.lower()


# Nothing betrays who is there

STRANGE = {
    "no request": b"GARBAGE\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "CONNECT to nowhere": b"CONNECT nowhere HTTP/1.1\r\nHost: nowhere\r\n\r\n",
    "a tunnel to nobody": b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n",
    "a long head": b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    "HTTP/2 to a proxy": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    "the pages of mitmproxy": b"GET http://mitm.it/ HTTP/1.1\r\nHost: mitm.it\r\n\r\n",
    "TLS to a proxy": b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",
}


@pytest.mark.parametrize("mode", ["regular", "reverse:http:", "socks5"])
@pytest.mark.parametrize("said", STRANGE.values(), ids=STRANGE)
def test_strange_requests_get_no_page_of_mitmproxys(scene: Scene, mode: str, said: bytes) -> None:
    host, _, port = scene.caught.at(mode).rpartition(":")
    heard = b""
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        try:
            while part := connection.recv(65_536):
                heard += part
        except ConnectionError:
            pass

    assert b"mitm" not in heard.lower().replace(b"mitm.it", b"")


def test_a_request_to_the_catcher_itself_does_not_go_in_circles(scene: Scene) -> None:
    refused = curl("--proxy", scene.through("regular"), f"{scene.through('reverse:http:')}/round-and-round")

    assert refused.status == 403


# Starting and stopping


def test_it_says_where_clients_go_and_what_they_trust(scene: Scene) -> None:
    announced = scene.caught.serving.program.out

    assert f"catch    HTTP_PROXY, HTTPS_PROXY = {scene.through('regular')}\n" in announced
    assert f"catch    {scene.through('reverse:http:')}/ in place of {scene.tool.plain}\n" in announced
    assert f"catch    ALL_PROXY = socks5h://{scene.caught.at('socks5')}\n" in announced
    assert f"trust    {scene.ca}\n" in announced
    assert f"admin    http://{scene.caught.serving.admin}/metrics\n" in announced


def test_sigterm_ends_all_and_leaves_nothing_behind(tmp_path: Path) -> None:
    journal, rubbish = tmp_path / "journal.jsonl", tmp_path / "tmp"
    rubbish.mkdir()
    environ = {"TMPDIR": str(rubbish)}
    with a_tool(tmp_path / "tool") as tool:
        upstream = ("--upstream", f"tool={tool.plain}", "--journal", str(journal))
        arguments = ("rate-limited", *upstream, "--mode", f"reverse:{tool.plain}", "--mode", "wireguard@127.0.0.1:0")
        with capture(*arguments, folder=tmp_path, environ=environ) as caught:
            host, _, port = caught.at("reverse").rpartition(":")
            kept = socket.create_connection((host, int(port)), timeout=10)
            kept.sendall(b"GET /one HTTP/1.1\r\nHost: a\r\n\r\n")
            assert kept.recv(12) == b"HTTP/1.1 200"
            assert any(rubbish.iterdir())  # where WireGuard's keys are
            code = caught.serving.program.end()
            while kept.recv(65_536):  # to its end
                pass
            kept.close()

    assert (code, caught.serving.program.err) == (0, "")
    assert json.loads(journal.read_text().splitlines()[-1])["type"] == "run_ended"
    assert list(rubbish.iterdir()) == []
    assert not (tmp_path / "ready.json").exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=1)


def test_wireguard_announces_a_client_that_fits(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    for _ in range(2):
        with capture("quiet", "--mode", f"wireguard:{keys}@127.0.0.1:0", folder=tmp_path) as caught:
            announced = caught.serving.program.out
            port = int(caught.at("wireguard").rpartition(":")[2])
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, pytest.raises(OSError, match="in use"):
                probe.bind(("127.0.0.1", port))
        assert f"         Endpoint = 127.0.0.1:{port}\n" in announced
        assert f"         PrivateKey = {json.loads(keys.read_text())['client_key']}\n" in announced


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--mode", "nonsense"], 2, "--mode nonsense: unknown mode; there are: regular, reverse:URL"),
        (["--mode", "regular", "--mode", "socks5"], 2, "two modes cannot listen at the same address"),
        (["--catch", "nowhere"], 2, "'nowhere' is not HOST:PORT"),
        (["--ca", "not-there"], 4, "not-there"),
        (["--catch", "192.0.2.1:8081"], 4, "choose another address with --catch HOST:PORT"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line(arguments: list[str], code: int, says: str, tmp_path: Path) -> None:
    ports = ("--admin", "127.0.0.1:0") + (() if "--catch" in arguments else ("--catch", f"127.0.0.1:{free_port()}"))
    done = chaosproxy("capture", "quiet", *arguments, *ports, folder=tmp_path)

    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1 or code == 2


WITHOUT_MITMPROXY = """
import sys
from importlib.machinery import PathFinder

class Others(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] == "mitmproxy" else super().find_spec(name, path, target)

sys.meta_path = [Others if each is PathFinder else each for each in sys.meta_path]
"""


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_MITMPROXY)
    environ = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}

    done = chaosproxy("capture", "quiet", environ=environ)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "capture needs mitmproxy, which is not installed: pip install 'chaosproxy[capture]'\n"
    with serve("quiet", folder=tmp_path / "serve", environ=environ):
        pass  # nothing else needs it
