"""Real clients through CONNECT: left alone where no rule is about the host, intercepted where one is; TLS faults."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from chaosproxy.core.effects import Flaw
from chaosproxy.dataplane.tls.authority import Authority, Leaf
from tests.e2e.programs import Serving, executable, nginx, serve, surroundings
from tests.e2e.tls_clients import Ours, kept
from tests.e2e.tunnel_clients import TUNNEL_CLIENTS, TunnelClient

NGINX = """
    listen 127.0.0.1:PORT ssl http2;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate chain.pem;
    ssl_certificate_key key.pem;
    location / { return 200 "fine\\n"; }
"""

PROFILE = """
version: 1
name: tunnels
upstreams:
  tool: {{url: "https://localhost:{tool}", ca: "{ca}"}}
  stale: {{url: "https://localhost:{stale}", ca: "{ca}"}}
rules:
  - {{name: broken, match: {{upstream: tool, path: /broken}}, fault: {{type: server_error, status: 503}}}}
  - {{name: dropped, match: {{upstream: tool, path: /reset}}, fault: {{type: connection_reset}}}}
  - {{name: stale, match: {{upstream: stale, path: /never}}, fault: {{type: server_error}}}}
  - {{name: expired, match: {{session: expired}}, fault: {{type: tls_certificate, how: expired}}}}
  - {{name: wrong host, match: {{session: wrong_host}}, fault: {{type: tls_certificate, how: wrong_host}}}}
  - {{name: untrusted, match: {{session: untrusted}}, fault: {{type: tls_certificate, how: untrusted}}}}
  - {{name: cut, match: {{session: cut}}, fault: {{type: tls_handshake, how: cut}}}}
  - {{name: cut once, match: {{session: once}}, when: {{attempts: 1}}, fault: {{type: tls_handshake, ending: reset}}}}
  - {{name: stalled, match: {{session: stalled}}, fault: {{type: tls_handshake, how: stalled, seconds: 60s}}}}
"""


class Place(NamedTuple):
    """All that these tests talk to."""

    serving: Serving
    tool: int
    """Port of an nginx with a good certificate of its own authority; as 127.0.0.1, no rule is about it."""
    stale: int
    """Port of one whose certificate has expired."""
    theirs: Ours
    ours: Ours
    journal: Path

    def proxy(self, session: str | None = None) -> str:
        return f"http://{session}:x@{self.serving.listen}" if session else f"http://{self.serving.listen}"

    def metric(self, name: str, **labels: str) -> float:
        text = httpx.get(f"http://{self.serving.admin}/metrics", trust_env=False).text
        shown = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
        series = f"{name}{{{shown}}}"
        found = re.search(rf"^chaosproxy_{re.escape(series)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0


def shown(folder: Path, leaf: Leaf) -> Path:
    folder.mkdir(parents=True)
    (folder / "chain.pem").write_bytes(leaf.chain)
    (folder / "key.pem").write_bytes(leaf.key)
    return folder


@pytest.fixture(scope="module")
def place(folder: Path) -> Iterator[Place]:
    theirs = kept(Authority.create(["localhost", "127.0.0.1"]), folder / "theirs")
    ours = kept(Authority.create(["localhost"]), folder / "ours")
    good = shown(folder / "good", theirs.authority.leaf("localhost"))
    stale = shown(folder / "stale", theirs.authority.leaf("localhost", Flaw.EXPIRED))
    with nginx(good, NGINX) as one, nginx(stale, NGINX) as other:
        tool, old = (int(each.rpartition(":")[2]) for each in (one, other))
        profile = folder / "profile.yaml"
        profile.write_text(PROFILE.format(tool=tool, stale=old, ca=theirs.ca))
        journal = folder / "run.jsonl"
        arguments = (str(profile), "--ca", str(ours.folder), "--journal", str(journal))
        with serve(*arguments, folder=folder / "serve") as serving:
            yield Place(serving, tool, old, theirs, ours, journal)


each_client = pytest.mark.parametrize("client", TUNNEL_CLIENTS.values(), ids=TUNNEL_CLIENTS)


@each_client
def test_intercepted_calls_are_answered_with_our_certificate(place: Place, client: TunnelClient) -> None:
    before = place.metric("tunnels_total", mode="intercepted", reason="rule")

    assert client(f"https://localhost:{place.tool}/", place.proxy(), place.ours.ca)[:2] == (200, "fine\n")

    assert place.metric("tunnels_total", mode="intercepted", reason="rule") == before + 1


@each_client
def test_a_rule_fires_inside(place: Place, client: TunnelClient) -> None:
    struck = {"rule": "broken", "fault": "server_error", "tool": "GET /broken", "phase": "before_upstream"}
    before = place.metric("faults_injected_total", **struck)

    fetched = client(f"https://localhost:{place.tool}/broken", place.proxy(), place.ours.ca)

    assert fetched.status == 503
    assert place.metric("faults_injected_total", **struck) == before + 1


@each_client
def test_a_reset_inside_is_one_to_the_client(place: Place, client: TunnelClient) -> None:
    fetched = client(f"https://localhost:{place.tool}/reset", place.proxy(), place.ours.ca)

    assert fetched.status == 0
    assert re.search(r"(?i)reset|errno 104|disconnected|recv failure|ReadError", fetched.complaint), fetched


@each_client
def test_who_does_not_trust_us_gets_no_answer(place: Place, client: TunnelClient) -> None:
    fetched = client(f"https://localhost:{place.tool}/", place.proxy(), place.theirs.ca)

    assert fetched.status == 0
    assert re.search(r"(?i)certificate", fetched.complaint), fetched


@each_client
def test_an_expired_certificate_of_the_tools_is_a_502_that_says_so(place: Place, client: TunnelClient) -> None:
    fetched = client(f"https://localhost:{place.stale}/", place.proxy(), place.ours.ca)

    assert fetched.status == 502
    assert "certificate not trusted: certificate has expired" in fetched.body


@each_client
def test_a_host_that_does_not_exist_is_refused_before_there_is_a_tunnel(place: Place, client: TunnelClient) -> None:
    fetched = client("https://no-such-host.invalid/", place.proxy(), place.ours.ca)

    assert fetched.status == 0
    assert "502" in fetched.complaint


COMPLAINTS = {
    "expired": r"(?i)certificate has expired",
    "wrong_host": r"(?i)mismatch|doesn't match|no alternative certificate subject name|ERR_TLS_CERT_ALTNAME_INVALID",
    "untrusted": r"(?i)unable to get local issuer|unable to verify the first certificate",
    "cut": r"(?i)eof|aborted|disconnected|closed|reset|ECONNRESET|unexpected eof|SSL_ERROR_SYSCALL",
    "stalled": r"(?i)timed? ?out|TIMEOUT|taking longer|CancelledError",
}


@each_client
@pytest.mark.parametrize("how", COMPLAINTS)
def test_a_tls_fault_is_what_the_client_complains_of(place: Place, client: TunnelClient, how: str) -> None:
    fetched = client(f"https://localhost:{place.tool}/", place.proxy(how), place.ours.ca)

    assert fetched.status == 0
    assert re.search(COMPLAINTS[how], fetched.complaint), fetched


def test_another_connect_of_the_same_operation_recovers(place: Place) -> None:
    url = f"https://localhost:{place.tool}/"
    told = [TUNNEL_CLIENTS["requests"](url, place.proxy("once"), place.ours.ca).status for _ in range(2)]

    tool = f"CONNECT localhost:{place.tool}"
    assert told == [0, 200]
    recovered = {"fault": "tls_handshake", "tool": tool, "resolution": "recovered_retry"}
    assert place.metric("episodes_total", **recovered) == 1


# A host that no rule is about


def s_client(place: Place, host: str, port: int, *more: str) -> str:
    command = [executable("openssl"), "s_client", "-proxy", place.serving.listen, "-connect", f"{host}:{port}", *more]
    request = b"GET / HTTP/1.1\r\nHost: tool\r\nConnection: close\r\n\r\n"
    done = subprocess.run(
        [*command, "-ign_eof"], input=request, capture_output=True, timeout=30, check=False, env=surroundings()
    )
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def issuer(said: str) -> str:
    found = re.search(r"^issuer=(.*)$", said, re.MULTILINE)
    assert found is not None, said
    return found[1]


def test_a_blind_tunnel_shows_the_tools_own_certificate(place: Place) -> None:
    before = place.metric("tunnels_total", mode="blind", reason="no_rule")

    blind = s_client(place, "127.0.0.1", place.tool, "-CAfile", str(place.theirs.ca), "-servername", "localhost")
    intercepted = s_client(place, "localhost", place.tool, "-CAfile", str(place.ours.ca))

    assert "Verify return code: 0 (ok)" in blind
    assert "Verify return code: 0 (ok)" in intercepted
    assert "fine" in blind
    assert "fine" in intercepted
    assert issuer(blind) != issuer(intercepted)
    assert place.metric("tunnels_total", mode="blind", reason="no_rule") == before + 1
    assert place.metric("tunnel_bytes_total", direction="down") > 1000


def test_a_blind_tunnel_keeps_what_only_the_ends_can_agree_on(place: Place) -> None:
    """HTTP/2, here; an intercepted client is told HTTP/1.1, and falls back."""
    blind = s_client(place, "127.0.0.1", place.tool, "-alpn", "h2,http/1.1", "-tls1_3")
    intercepted = s_client(place, "localhost", place.tool, "-alpn", "h2,http/1.1", "-tls1_3")

    assert "ALPN protocol: h2" in blind
    assert "ALPN protocol: http/1.1" in intercepted


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_sessions_are_resumed(place: Place, version: str, tmp_path: Path) -> None:
    ticket = str(tmp_path / "session.pem")

    first = s_client(place, "localhost", place.tool, version, "-sess_out", ticket)
    second = s_client(place, "localhost", place.tool, version, "-sess_in", ticket)

    assert re.search(r"^New, TLS", first, re.MULTILINE)
    assert re.search(r"^Reused, TLS", second, re.MULTILINE)


def test_older_versions_are_refused(place: Place) -> None:
    assert "fine" not in s_client(place, "localhost", place.tool, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")


# What is left behind


def test_what_happened_is_announced_logged_and_written_down(place: Place) -> None:
    assert (
        f"https    intercepted in CONNECT: localhost:{place.tool}, localhost:{place.stale}\n"
        in place.serving.program.out
    )
    log = place.serving.program.err
    assert "Traceback" not in log
    assert "data received" not in log
    assert len(re.findall(r"tls_distrust host=localhost: the agent does not trust our CA", log)) <= 1

    def written() -> bool:
        """The journal is flushed each second, so the last tunnel may not be in it yet."""
        lines = [json.loads(line) for line in place.journal.read_text().splitlines()]
        tunnels = {(line["mode"], line["reason"]) for line in lines if line["type"] == "tunnel"}
        return tunnels >= {("blind", "no_rule"), ("intercepted", "rule")}

    place.serving.program.wait_for("both kinds of tunnel in the journal", lambda: written() or None)
