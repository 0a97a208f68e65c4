"""Who is measured: one entry a relay, and how each is started in front of the same upstream.

Must not know how it is measured.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template

import msgspec

from benchmarks import environment, ours
from benchmarks.calls import reply_body
from benchmarks.errors import BenchmarkError, RelayError
from benchmarks.processes import Launch, free_port

HERE = Path(__file__).resolve().parent


class Place(msgspec.Struct, frozen=True):
    """Where one measurement happens."""

    folder: Path
    """Empty at first, and thrown away afterwards."""
    upstream_port: int
    python: str = sys.executable
    """The Python that runs chaosproxy."""


class Relay(msgspec.Struct, frozen=True):
    """One way from the load generator to the upstream."""

    name: str
    """What `--only` calls it."""
    title: str
    launch: Callable[[Place], Launch] | None
    """How to start it; None: there is nothing in between."""
    ours: bool = False
    program: Callable[[], str] | None = None
    """Finds or installs what it needs; raises BenchmarkError, with what would help, if that is not to be had."""
    version: str | None = None
    """The option that makes the program print its version."""

    @property
    def prefix(self) -> str:
        """What it wants before the upstream's path: our gateway, the upstream's name."""
        return ours.PREFIX if self.ours else ""


def upstream(folder: Path) -> Launch:
    """nginx with the reply that all relays are to bring back."""
    port = free_port()
    config = _fill("upstream.conf", folder, FOLDER=folder, PORT=port, BODY=reply_body().decode())
    return Launch([nginx(), "-e", "stderr", "-c", str(config)], port, folder / "upstream.log")


def upstream_tls(folder: Path, leaf: Path) -> Launch:
    """The same under TLS; `leaf` holds its certificate and key."""
    port = free_port()
    config = _fill("upstream_tls.conf", folder, FOLDER=folder, PORT=port, BODY=reply_body().decode(), LEAF=leaf)
    return Launch([nginx(), "-e", "stderr", "-c", str(config)], port, folder / "upstream_tls.log")


def nginx() -> str:
    """nginx, from Debian: the upstream of all, and one of the relays."""
    return environment.debian_program("nginx", "nginx-light")


def haproxy() -> str:
    """HAProxy, from Debian."""
    return environment.debian_program("haproxy", "haproxy")


def nginx_relay(place: Place) -> Launch:
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


def _haproxy(place: Place) -> Launch:
    port = free_port()
    config = _fill("haproxy.cfg", place.folder, PORT=port, UPSTREAM_PORT=place.upstream_port)
    return Launch([haproxy(), "-db", "-q", "-f", str(config)], port, place.folder / "log")


def _bare(place: Place) -> Launch:
    port = free_port()
    program = str(HERE / "peers" / "bare_relay.py")
    return Launch([place.python, program, str(port), str(place.upstream_port)], port, place.folder / "log")


def _chaosproxy_empty(place: Place) -> Launch:
    return ours.serve(_wanted(place, profile=ours.EMPTY, journal=False, python=sys.executable))


def _chaosproxy_full(place: Place) -> Launch:
    return ours.serve(_wanted(place, profile=ours.TWENTY_RULES, journal=True, python=sys.executable))


def _chaosproxy_empty_compiled(place: Place) -> Launch:
    return ours.serve(_wanted(place, profile=ours.EMPTY, journal=False, python=str(ours.COMPILED_PYTHON)))


def _chaosproxy_compiled(place: Place) -> Launch:
    return ours.serve(_wanted(place, profile=ours.TWENTY_RULES, journal=True, python=str(ours.COMPILED_PYTHON)))


def _wanted(place: Place, *, profile: Path, journal: bool, python: str) -> ours.Wanted:
    url = f"http://127.0.0.1:{place.upstream_port}"
    return ours.Wanted(folder=place.folder, upstream=url, profile=profile, journal=journal, python=python)


def _compiled() -> str:
    """The compiled chaosproxy.

    Raises:
        BenchmarkError: there is none.
    """
    folder = ours.COMPILED_PYTHON.parent.parent
    if not ours.COMPILED_PYTHON.exists():
        raise BenchmarkError(f"no {folder.name}, an environment with chaosproxy from a compiled wheel in it")
    try:
        compiled = ours.about(str(ours.COMPILED_PYTHON)).compiled
    except RelayError as error:
        raise BenchmarkError(str(error)) from error
    if not compiled:
        raise BenchmarkError(f"the chaosproxy in {folder.name} is not compiled")
    return str(ours.COMPILED_PYTHON)


def _envoy_program() -> str:
    environment.install_wheels()
    return environment.envoy()


def _mitmdump_program() -> str:
    environment.install_wheels()
    return environment.mitmdump()


def _fill(template: str, folder: Path, **values: object) -> Path:
    filled = folder / template
    filled.write_text(Template((HERE / "peers" / template).read_text()).substitute(values))
    return filled


DIRECT = Relay("direct", "no proxy", None)
ENVOY = Relay("envoy", "Envoy, HTTP fault filter", _envoy, program=_envoy_program, version="--version")
MITMPROXY = Relay("mitmproxy", "mitmproxy, reverse mode", _mitmproxy, program=_mitmdump_program, version="--version")
CHAOSPROXY = Relay("chaosproxy", "chaosproxy, 20 rules, all on", _chaosproxy_full, ours=True)
COMPILED = Relay(
    "chaosproxy-compiled", "chaosproxy, compiled, all on", _chaosproxy_compiled, ours=True, program=_compiled
)

RELAYS: Mapping[str, Relay] = {
    relay.name: relay
    for relay in (
        DIRECT,
        Relay("nginx", "nginx proxy_pass", nginx_relay),
        Relay("haproxy", "HAProxy", _haproxy, program=haproxy, version="-v"),
        Relay("bare", "bare Python relay", _bare),
        Relay("chaosproxy-empty", "chaosproxy, empty profile", _chaosproxy_empty, ours=True),
        CHAOSPROXY,
        Relay(
            "chaosproxy-empty-compiled",
            "chaosproxy, compiled, empty profile",
            _chaosproxy_empty_compiled,
            ours=True,
            program=_compiled,
        ),
        COMPILED,
        ENVOY,
        Relay("aiohttp", "aiohttp server + client", _aiohttp),
        MITMPROXY,
    )
}
"""In the order in which each round goes through them."""
