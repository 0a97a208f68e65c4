"""How exact each kind of broken wire stays on its way through mitmproxy; docs/capture.md has this table in words."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from chaosproxy.dataplane.tls.authority import Authority
from tests.e2e.caught import Capturing, Tool, a_tool, capture
from tests.e2e.programs import executable, surroundings


class Broken(NamedTuple):
    """A fault, and what curl says of it (its exit code): as itself, and in HTTP/2."""

    fault: str
    path: str
    http1: str
    http2: str
    reversed: str = ""
    """Over HTTP/1.1 through `reverse:`, where mitmproxy reads and writes it, if that makes a difference."""


WELL, PARTIAL, RESET, STREAM_RESET = "0", "18", "56", "92"

BROKEN = {
    "closed": Broken("{type: connection_closed, phase: before_upstream}", "/quiet", "52", STREAM_RESET),
    "reset": Broken("{type: connection_reset, phase: before_upstream}", "/quiet", RESET, STREAM_RESET),
    "refused": Broken("{type: connection_refused}", "/quiet", RESET, STREAM_RESET),
    "truncated": Broken("{type: truncated_body}", "/quiet", PARTIAL, STREAM_RESET),
    "stalled": Broken("{type: stall, after: 10B, lasts: 300ms, then: reset}", "/quiet", RESET, STREAM_RESET),
    "no last chunk": Broken("{type: broken_framing, how: no_last_chunk}", "/events", PARTIAL, STREAM_RESET),
    "bad chunk": Broken("{type: broken_framing, how: bad_chunk_size}", "/events", RESET, STREAM_RESET, PARTIAL),
    "too long": Broken("{type: broken_framing, how: length_too_long}", "/quiet", PARTIAL, STREAM_RESET),
    "too short": Broken("{type: broken_framing, how: length_too_short}", "/quiet", WELL, WELL),
    "stream cut": Broken("{type: stream_cut, after: 1 events}", "/events", PARTIAL, STREAM_RESET),
    "event twice": Broken("{type: duplicate_event, event: 1}", "/events", WELL, WELL),
    "event spoilt": Broken("{type: malformed_event, event: 2}", "/events", WELL, WELL),
}

PROFILE = """\
version: 1
name: broken
upstreams:
  plain: {plain}
  secure: {{url: "{secure}", ca: "{trust}"}}
  spoilt: {{url: "{spoilt}", ca: "{trust}"}}
rules:
  - {{name: expired, match: {{upstream: spoilt}}, fault: {{type: tls_certificate, how: expired}}}}
"""


class Scene(NamedTuple):
    """All that is running."""

    tool: Tool
    caught: Capturing
    ca: Path


def place(name: str) -> str:
    """Where the tool is broken so."""
    return f"{BROKEN[name].path}/{name.replace(' ', '-')}"


@pytest.fixture(scope="module")
def scene(folder: Path) -> Iterator[Scene]:
    Authority.create(["localhost", "127.0.0.1"]).save(folder / "ca")
    with a_tool(folder / "tool") as tool:
        tool.gate.seen.set()
        spoilt = tool.secure.replace("localhost", "127.0.0.1")
        rules = PROFILE.format(plain=tool.plain, secure=tool.secure, spoilt=spoilt, trust=tool.trust)
        for name, broken in BROKEN.items():
            rules += f"  - {{name: {name}, match: {{path: {place(name)}}}, fault: {broken.fault}}}\n"
        (folder / "profile.yaml").write_text(rules)
        modes = ("--mode", "regular", "--mode", f"reverse:{tool.plain}")
        arguments = (str(folder / "profile.yaml"), *modes, "--ca", str(folder / "ca"))
        with capture(*arguments, folder=folder / "capture") as caught:
            yield Scene(tool, caught, folder / "ca" / "ca.pem")


def curl(*arguments: str) -> tuple[str, bytes]:
    """Its exit code, and the body as far as it came."""
    command = [executable("curl"), "--silent", "--max-time", "20", *arguments]
    done = subprocess.run(command, capture_output=True, check=False, env=surroundings())
    return str(done.returncode), done.stdout


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_wire_stays_as_exact_as_is_said(scene: Scene, name: str) -> None:
    broken, path = BROKEN[name], place(name)
    through = ("--proxy", f"http://{scene.caught.at('regular')}", "--cacert", str(scene.ca))

    direct = curl(f"http://{scene.caught.serving.listen}/plain{path}")
    in_clear = curl(*through, f"{scene.tool.plain}{path}")
    tls = curl("--http1.1", *through, f"{scene.tool.secure}{path}")
    http2 = curl("--http2", *through, f"{scene.tool.secure}{path}")
    turned = curl(f"http://{scene.caught.at('reverse')}{path}")

    assert [direct[0], in_clear[0], tls[0]] == [broken.http1] * 3
    assert in_clear[1] == direct[1]
    assert turned[0] == (broken.reversed or broken.http1)
    assert http2[0] == broken.http2
    if path.startswith("/events") and not broken.reversed:
        assert http2[1] == turned[1] == direct[1]


def test_a_spoilt_handshake_strikes_clients_of_http2_too(scene: Scene) -> None:
    """Where a rule could strike the handshake, our listener makes it; it speaks HTTP/1.1."""
    before = scene.caught.counted("chaosproxy_faults_injected_total", fault="tls_certificate")
    through = ("--http2", "--proxy", f"http://{scene.caught.at('regular')}", "--cacert", str(scene.ca))

    refused, _ = curl(*through, scene.tool.secure.replace("localhost", "127.0.0.1"))

    assert refused == "60"
    assert scene.caught.counted("chaosproxy_faults_injected_total", fault="tls_certificate") - before == 1
