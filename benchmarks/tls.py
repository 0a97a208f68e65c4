"""What interception costs: CONNECT and TLS on both legs, beside our plain relay under the same load generator.

wrk cannot speak through CONNECT, so both are loaded with `flood`; how busy it kept our core says whether it was quick
enough, and a row without us says how quick it can be.
"""

import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import trustme

from benchmarks import calls, flood, ours, stand
from benchmarks.errors import RelayError
from benchmarks.findings import Finding, Section, Setting, middle
from benchmarks.goals import at_least
from benchmarks.lines import Way
from benchmarks.processes import LOAD_CORE, RELAY_CORE, Running, running
from benchmarks.relays import upstream, upstream_tls
from benchmarks.stand import Loaded

_GOAL = at_least("TLS intercepted (CONNECT, TLS on both legs), to our plain relay", 0.7, "x")
_HOST = "127.0.0.1"
_WARM_UP_SECONDS = 0.5

DIRECT, PLAIN, INTERCEPTED = "no proxy, TLS", "plain relay", "TLS intercepted"


class Ground(msgspec.Struct, frozen=True):
    """What all rounds share."""

    folder: Path
    plain: Running
    """The upstream."""
    tls: Running
    """The upstream under TLS."""
    roots: Path
    """Who signed its certificate, and our own authority: one file."""
    authority: Path
    """The folder of ours."""
    python: str


def measure(setting: Setting, section: Section) -> Finding:
    """The three by turns."""
    loaded: dict[str, list[Loaded]] = {DIRECT: [], PLAIN: [], INTERCEPTED: []}
    with _ground(setting.python) as ground:
        for number in range(1, setting.rounds + 1):
            for title, load in ((DIRECT, _direct), (PLAIN, _plain), (INTERCEPTED, _intercepted)):
                setting.tell(f"{section.title}: round {number} of {setting.rounds}, {title}")
                loaded[title].append(load(ground, setting.seconds))
    pairs = list(zip(loaded[PLAIN], loaded[INTERCEPTED], strict=True))
    ratios = [inside.load.per_second / plain.load.per_second for plain, inside in pairs]
    by_cpu = [plain.cpu_per_call / inside.cpu_per_call for plain, inside in pairs]
    return Finding(
        section=section.name,
        title=section.title,
        headings=("way", "calls/s", "core", "CPU/call", "p50", "p99"),
        rows=tuple(_row(title, each) for title, each in loaded.items()),
        goals=(_GOAL.reached(middle(ratios)),),
        figures={"to_plain": ratios, "to_plain_by_cpu": by_cpu, "loads": loaded},
        remarks=(
            "One load generator for all three, in Python, because wrk cannot speak through CONNECT; 32 connections.",
            f"By CPU time a call the ratio is {middle(by_cpu):.2f}x.",
        ),
    )


@contextmanager
def _ground(python: str) -> Iterator[Ground]:
    with stand.folder() as folder:
        signer = trustme.CA()
        leaf = folder / "leaf.pem"
        leaf.write_bytes(b"".join(blob.bytes() for blob in _chain(signer.issue_cert(_HOST))))
        authority = folder / "authority"
        _new_authority(python, authority)
        roots = folder / "roots.pem"
        roots.write_bytes(signer.cert_pem.bytes() + (authority / "ca.pem").read_bytes())
        with (
            running(upstream(folder), LOAD_CORE) as plain,
            running(upstream_tls(folder, leaf), LOAD_CORE) as tls,
        ):
            yield Ground(folder, plain, tls, roots, authority, python)


def _chain(leaf: trustme.LeafCert) -> list[trustme.Blob]:
    return [leaf.private_key_pem, *leaf.cert_chain_pems]


def _new_authority(python: str, folder: Path) -> None:
    words = [*ours.command(python), "ca", "new", "--host", _HOST, "--folder", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not (folder / "ca.pem").exists():
        raise RelayError(
            f"chaosproxy ca new ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-200:]}"
        )


def _direct(ground: Ground, seconds: int) -> Loaded:
    """The load generator's own limit."""
    return _flood(ground.tls, Way(ground.tls.port, tls=_trusting(ground.roots)), "", seconds)


def _plain(ground: Ground, seconds: int) -> Loaded:
    with _relay(ground, f"http://{_HOST}:{ground.plain.port}") as program:
        return _flood(program, Way(program.port), ours.PREFIX, seconds)


def _intercepted(ground: Ground, seconds: int) -> Loaded:
    with _relay(ground, f"https://{_HOST}:{ground.tls.port}") as program:
        # Trusting our authority alone: through a blind tunnel, no call would get as far as a reply.
        way = Way(program.port, tunnel_to=ground.tls.port, tls=_trusting(ground.authority / "ca.pem"))
        return _flood(program, way, "", seconds)


@contextmanager
def _relay(ground: Ground, url: str) -> Iterator[Running]:
    """Us in front of this upstream, everything on, with the authority."""
    with tempfile.TemporaryDirectory(prefix="bench-relay-") as name:
        place = Path(name)
        tool = {"url": url} | ({"ca": str(ground.roots)} if url.startswith("https") else {})
        wanted = ours.Wanted(
            folder=place,
            upstream=None,
            profile=ours.twenty_rules_and(place, {"upstreams": {"tool": tool}}),
            python=ground.python,
            more=("--ca", str(ground.authority)),
        )
        with running(ours.serve(wanted), RELAY_CORE) as program:
            yield program


def _trusting(roots: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(roots))


def _flood(program: Running, way: Way, prefix: str, seconds: int) -> Loaded:
    requests = calls.requests(prefix, f"{_HOST}:{way.tunnel_to or way.port}")
    flood.run(way, requests, calls.reply_body(), _WARM_UP_SECONDS)
    before = program.cpu_seconds()
    load = flood.run(way, requests, calls.reply_body(), seconds)
    return Loaded(load, program.cpu_seconds() - before)


def _row(title: str, loaded: list[Loaded]) -> tuple[str, ...]:
    relayed = title != DIRECT  # its CPU time is the upstream's
    return (
        title,
        f"{middle([each.load.per_second for each in loaded]):.0f}",
        f"{middle([100 * each.core_share for each in loaded]):.0f} %" if relayed else "-",
        f"{middle([1e6 * each.cpu_per_call for each in loaded]):.1f} us" if relayed else "-",
        f"{middle([1e3 * each.load.p50 for each in loaded]):.2f} ms",
        f"{middle([1e3 * each.load.p99 for each in loaded]):.2f} ms",
    )


SECTION = Section("tls", "TLS intercepted", (_GOAL,), measure)
