"""One body of a gibibyte, down and up: how fast, and how much memory it takes; beside nginx in the same run."""

import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import msgspec

from benchmarks import ours, stand
from benchmarks.errors import RelayError
from benchmarks.findings import MEBIBYTE, Finding, Section, Setting, middle
from benchmarks.goals import at_least, at_most
from benchmarks.processes import LOAD_CORE, RELAY_CORE, Launch, Running, free_port, running
from benchmarks.relays import HERE, Place, nginx_relay

SIZE = 1024 * MEBIBYTE
BLOCK = MEBIBYTE

_PATIENCE = 60.0
"""Seconds without a byte."""

_GOALS = (
    at_most("1 GiB down, and up: extra memory", 16, "MiB"),
    at_least("1 GiB down: bytes a second to nginx", 0.5, "x"),
    at_least("1 GiB up: bytes a second to nginx", 0.5, "x"),
)


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """One body that went through."""

    relay: str
    way: str
    """`down` or `up`."""
    round: int
    seconds: float
    cpu_seconds: float | None
    """Of the relay; None when nothing was in between."""
    extra_memory: int | None
    """Bytes: the most that was resident meanwhile, over what was before."""

    @property
    def per_second(self) -> float:
        """MiB a second."""
        return SIZE / MEBIBYTE / self.seconds


def measure(setting: Setting, section: Section) -> Finding:
    """Direct, nginx and we, by turns."""
    passed: list[Passed] = []
    with stand.folder() as place, running(_upstream(place), LOAD_CORE) as origin:
        for number in range(1, setting.rounds + 1):
            for relay in ("direct", "nginx", "chaosproxy"):
                setting.tell(f"{section.title}: round {number} of {setting.rounds}, {relay}")
                with _relay(relay, origin, setting.python) as (program, prefix):
                    _get(program.port, f"{prefix}/small?bytes=1000", 1000)
                    for way, act in (("down", _down), ("up", _up)):
                        measured = None if relay == "direct" else program
                        passed.append(_timed((relay, way, number), measured, lambda: act(program.port, prefix)))  # noqa: B023 - called at once
    ours_extra = [each.extra_memory / MEBIBYTE for each in passed if each.relay == "chaosproxy" and each.extra_memory]
    figures = (max(ours_extra, default=0.0), _to_nginx(passed, "down"), _to_nginx(passed, "up"))
    return Finding(
        section=section.name,
        title=section.title,
        headings=("relay", "way", "MiB/s", "to nginx", "CPU s/GiB", "core", "extra memory"),
        rows=tuple(_row(passed, relay, way) for way in ("down", "up") for relay in ("direct", "nginx", "chaosproxy")),
        goals=tuple(goal.reached(figure) for goal, figure in zip(_GOALS, figures, strict=True)),
        figures={"passed": passed},
        remarks=("One connection. Upstream and client, blocking sockets and blocks of 1 MiB, share the other core.",),
    )


def _upstream(place: Path) -> Launch:
    port = free_port()
    return Launch([sys.executable, str(HERE / "peers" / "bulk_upstream.py"), str(port)], port, place / "upstream.log")


@contextmanager
def _relay(name: str, origin: Running, python: str) -> Iterator[tuple[Running, str]]:
    """The relay, and what it wants before a path."""
    with tempfile.TemporaryDirectory(prefix="bench-relay-") as folder:
        place = Path(folder)
        if name == "direct":
            with nullcontext():
                yield origin, ""
            return
        launch = nginx_relay(Place(place, origin.port))
        if name == "chaosproxy":
            launch = ours.serve(ours.Wanted(folder=place, upstream=f"http://127.0.0.1:{origin.port}", python=python))
        with running(launch, RELAY_CORE) as program:
            yield program, ours.PREFIX if name == "chaosproxy" else ""


def _timed(what: tuple[str, str, int], program: Running | None, act: Callable[[], None]) -> Passed:
    cpu = program.cpu_seconds() if program else 0.0
    memory = program.memory_bytes() if program else 0
    if program:
        program.forget_memory_peak()
    started = time.perf_counter()
    act()
    relay, way, number = what
    return Passed(
        relay=relay,
        way=way,
        round=number,
        seconds=time.perf_counter() - started,
        cpu_seconds=program.cpu_seconds() - cpu if program else None,
        extra_memory=program.memory_peak_bytes() - memory if program else None,
    )


def _down(port: int, prefix: str) -> None:
    _get(port, f"{prefix}/large?bytes={SIZE}", SIZE)


def _up(port: int, prefix: str) -> None:
    block = memoryview(bytes(BLOCK))
    with _connected(port) as connection:
        kind = "Content-Type: application/octet-stream"
        head = f"POST {prefix}/large HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{kind}\r\nContent-Length: {SIZE}\r\n\r\n"
        connection.sendall(head.encode())
        for _ in range(SIZE // BLOCK):
            connection.sendall(block)
        _read(connection, len(str(SIZE)), str(SIZE).encode())


def _get(port: int, target: str, size: int) -> None:
    with _connected(port) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        _read(connection, size, None)


@contextmanager
def _connected(port: int) -> Iterator[socket.socket]:
    """A connection; what goes wrong with it is this relay's failure.

    Raises:
        RelayError: it broke, or there is none.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as connection:
            yield connection
    except OSError as error:
        raise RelayError(f"a large body did not pass: {error!r}") from error


def _read(connection: socket.socket, size: int, expected: bytes | None) -> None:
    """Read a reply whose body has `size` bytes."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            raise RelayError(f"no reply, but {head[:60]!r}")
        head += piece
    status, _, body = head.partition(b"\r\n\r\n")
    if not status.startswith(b"HTTP/1.1 200"):
        raise RelayError(f"a large body was answered {status[:60]!r}")
    block = memoryview(bytearray(BLOCK))
    got = len(body)
    while got < size:
        piece_size = connection.recv_into(block, BLOCK)
        if not piece_size:
            raise RelayError(f"{got} of {size} bytes came")
        got += piece_size
    if expected is not None and body not in (expected, b""):
        raise RelayError(f"of {SIZE} bytes the upstream got {body[:20]!r}")


def _to_nginx(passed: list[Passed], way: str, relay: str = "chaosproxy") -> float | None:
    by_round = {(each.relay, each.round): each for each in passed if each.way == way}
    return middle(
        [
            each.per_second / by_round["nginx", number].per_second
            for (name, number), each in by_round.items()
            if name == relay and ("nginx", number) in by_round
        ]
    )


def _row(passed: list[Passed], relay: str, way: str) -> tuple[str, ...]:
    mine = [each for each in passed if (each.relay, each.way) == (relay, way)]
    cpu = middle([each.cpu_seconds for each in mine if each.cpu_seconds is not None])
    busy = middle([each.cpu_seconds / each.seconds for each in mine if each.cpu_seconds is not None])
    memory = [each.extra_memory for each in mine if each.extra_memory is not None]
    return (
        relay,
        way,
        f"{middle([each.per_second for each in mine]):.0f}",
        f"{_to_nginx(passed, way, relay):.2f}",
        "-" if cpu is None else f"{cpu:.2f}",
        "-" if busy is None else f"{100 * busy:.0f} %",
        f"{max(memory) / MEBIBYTE:.1f} MiB" if memory else "-",
    )


SECTION = Section("bodies", "Large bodies", _GOALS, measure)
