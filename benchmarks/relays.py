"""Who is measured: one entry a relay, and how each is started in front of the same upstream.

Must not know how it is measured.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template

import msgspec

from benchmarks import environment
from benchmarks.calls import reply_body
from benchmarks.processes import Launch, free_port

HERE = Path(__file__).resolve().parent

CHAOSPROXY = [sys.executable, "-m", "chaosproxy"]


class Place(msgspec.Struct, frozen=True):
    """Where one measurement happens."""

    folder: Path
    """Empty at first, and thrown away afterwards."""
    upstream_port: int


class Relay(msgspec.Struct, frozen=True):
    """One way from the load generator to the upstream."""

    name: str
    """What `--only` calls it."""
    title: str
    launch: Callable[[Place], Launch] | None
    """How to start it; None: there is nothing in between."""
    ours: bool = False
    in_wheels: bool = False
    """Is it one of those in `.venv-bench`?"""
    version: Callable[[], list[str]] | None = None
    """The command that prints its version, where `machine` cannot know it."""

    @property
    def prefix(self) -> str:
        """What it wants before the upstream's path: our gateway, the upstream's name."""
        return "/tool" if self.ours else ""


def upstream(folder: Path) -> Launch:
    """nginx with the reply that all relays are to bring back."""
    port = free_port()
    config = _fill("upstream.conf", folder, FOLDER=folder, PORT=port, BODY=reply_body().decode())
    return Launch([nginx(), "-e", "stderr", "-c", str(config)], port, folder / "upstream.log")


def nginx() -> str:
    """nginx, from Debian: the upstream of all, and one of the relays."""
    return environment.debian_program("nginx", "nginx-light")


def _nginx(place: Place) -> Launch:
    port = free_port()
    config = _fill("nginx.conf", place.folder, FOLDER=place.folder, PORT=port, UPSTREAM_PORT=place.upstream_port)
    return Launch([nginx(), "-e", "stderr", "-c", str(config)], port, place.folder / "log")


def _envoy(place: Place) -> Launch:
    port = free_port()
    config = _fill("envoy.yaml", place.folder, PORT=port, UPSTREAM_PORT=place.upstream_port)
    one_worker = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]
    return Launch([environment.envoy(), "-c", str(config), *one_worker], port, place.folder / "log")


def _aiohttp(place: Place) -> Launch:
    port = free_port()
    program = str(HERE / "peers" / "aiohttp_relay.py")
    return Launch([sys.executable, program, str(port), str(place.upstream_port)], port, place.folder / "log")


def _mitmproxy(place: Place) -> Launch:
    port = free_port()
    mode = ["--mode", f"reverse:http://127.0.0.1:{place.upstream_port}"]
    listen = ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
    silent = ["--quiet", "--set", "flow_detail=0", "--set", f"confdir={place.folder}"]
    return Launch([environment.mitmdump(), *mode, *listen, *silent], port, place.folder / "log")


def _chaosproxy_empty(place: Place) -> Launch:
    return _chaosproxy(place, "empty.yaml", None)


def _chaosproxy_full(place: Place) -> Launch:
    return _chaosproxy(place, "twenty_rules.yaml", place.folder / "journal.jsonl")


def _chaosproxy(place: Place, profile: str, journal: Path | None) -> Launch:
    port = free_port()
    ready = place.folder / "ready.json"
    addresses = ["--listen", f"127.0.0.1:{port}", "--admin", "127.0.0.1:0"]
    target = ["--upstream", f"tool=http://127.0.0.1:{place.upstream_port}"]
    files = ["--ready-file", str(ready), *(["--journal", str(journal)] if journal else [])]
    command = [*CHAOSPROXY, "serve", str(HERE / "profiles" / profile), *addresses, *target, *files]
    return Launch(command, port, place.folder / "log", ready, journal)


def _fill(template: str, folder: Path, **values: object) -> Path:
    filled = folder / template
    filled.write_text(Template((HERE / "peers" / template).read_text()).substitute(values))
    return filled


DIRECT = Relay("direct", "no proxy", None)
ENVOY = Relay(
    "envoy",
    "Envoy, HTTP fault filter",
    _envoy,
    in_wheels=True,
    version=lambda: [environment.envoy(), "--version"],
)

RELAYS: Mapping[str, Relay] = {
    relay.name: relay
    for relay in (
        DIRECT,
        Relay("nginx", "nginx proxy_pass", _nginx),
        Relay("chaosproxy-empty", "chaosproxy, empty profile", _chaosproxy_empty, ours=True),
        Relay("chaosproxy", "chaosproxy, 20 rules, all on", _chaosproxy_full, ours=True),
        ENVOY,
        Relay("aiohttp", "aiohttp server + client", _aiohttp),
        Relay(
            "mitmproxy",
            "mitmproxy, reverse mode",
            _mitmproxy,
            in_wheels=True,
            version=lambda: [environment.mitmdump(), "--version"],
        ),
    )
}
"""In the order in which each round goes through them."""
