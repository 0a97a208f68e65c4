"""How much later events of a stream come through us: the first of each stream, and those of many steady ones."""

import re
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from benchmarks import ours, stand
from benchmarks.distribution import Distribution, distribution_of, milliseconds
from benchmarks.errors import RelayError
from benchmarks.findings import Finding, Section, Setting
from benchmarks.goals import at_most
from benchmarks.lines import PATIENCE
from benchmarks.processes import LOAD_CORE, RELAY_CORE, Launch, free_port, running
from benchmarks.relays import HERE

STREAMS_IN_TURN = 500
"""For the first event: one stream after the other, direct and through us by turns."""

STEADY_STREAMS = 50
GAP_MILLISECONDS = 20

_EVENT = re.compile(rb"data: (\d+)\n\n")
_GOALS = (
    at_most("first SSE event later than direct, p50", 1, "ms"),
    at_most("first SSE event later than direct, p99", 1, "ms"),
)


class Road(msgspec.Struct, frozen=True):
    """One way to the upstream."""

    name: str
    port: int
    prefix: str

    def request(self, count: int, session: str) -> bytes:
        """For a stream of `count` events."""
        target = f"{self.prefix}/events?count={count}&gap={GAP_MILLISECONDS if count > 1 else 0}"
        return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nX-Session-Id: {session}\r\n\r\n".encode()

    def connect(self, stack: ExitStack) -> socket.socket:
        """A connection on it."""
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def measure(setting: Setting, section: Section) -> Finding:
    """First events by turns, then the steady streams of each road."""
    with stand.folder() as place, running(_upstream(place), LOAD_CORE) as origin:
        wanted = ours.Wanted(folder=place, upstream=f"http://127.0.0.1:{origin.port}", python=setting.python)
        with running(ours.serve(wanted), RELAY_CORE) as program:
            roads = (Road("direct", origin.port, ""), Road("chaosproxy", program.port, ours.PREFIX))
            try:
                setting.tell(f"{section.title}: first events")
                first = _first_events(roads)
                steady = {}
                for road in roads:
                    setting.tell(f"{section.title}: {STEADY_STREAMS} streams, {road.name}")
                    steady[road.name] = _steady(road, setting.seconds)
            except OSError as error:
                raise RelayError(f"a stream broke: {error!r}") from error
    added = [(getattr(first["chaosproxy"], each) - getattr(first["direct"], each)) * 1e3 for each in ("p50", "p99")]
    return Finding(
        section=section.name,
        title=section.title,
        headings=("way", "first event p50", "p99", "longest", "steady event p50", "p99", "longest"),
        rows=tuple(_row(road.name, first[road.name], steady[road.name]) for road in roads),
        goals=tuple(goal.reached(figure) for goal, figure in zip(_GOALS, added, strict=True)),
        figures={"first": first, "steady": steady},
        remarks=(
            f"First: from the request to the first event; {STREAMS_IN_TURN} streams of one event, by turns.",
            f"Steady: from being sent to being here; {STEADY_STREAMS} streams, an event every {GAP_MILLISECONDS} ms.",
        ),
    )


def _upstream(place: Path) -> Launch:
    port = free_port()
    program = str(HERE / "peers" / "event_upstream.py")
    return Launch([sys.executable, program, str(port)], port, place / "upstream.log")


def _first_events(roads: Sequence[Road]) -> dict[str, Distribution]:
    took: dict[str, list[float]] = {road.name: [] for road in roads}
    with ExitStack() as stack:
        connections = {road.name: road.connect(stack) for road in roads}
        for number in range(STREAMS_IN_TURN + 1):
            for road in roads:
                seconds = _first_event(connections[road.name], road.request(1, f"reader-{number % 64}"))
                if number > 0:  # the first pays for connections
                    took[road.name].append(seconds)
    return {name: distribution_of(seconds) for name, seconds in took.items()}


def _first_event(connection: socket.socket, request: bytes) -> float:
    """Seconds until the first event is whole. The stream is read to its end."""
    started = time.perf_counter()
    connection.sendall(request)
    got, seconds = b"", 0.0
    while not got.endswith(b"0\r\n\r\n"):
        piece = connection.recv(65536)
        if not piece:
            raise RelayError(f"a stream ended with {got[-60:]!r}")
        got += piece
        if not seconds and _EVENT.search(got):
            seconds = time.perf_counter() - started
    if not seconds:
        raise RelayError(f"a stream without an event: {got[:60]!r}")
    return seconds


def _steady(road: Road, seconds: int) -> Distribution:
    """What the events of many streams took from being sent to being here."""
    took: list[float] = []
    count = seconds * 1000 // GAP_MILLISECONDS
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for number in range(STEADY_STREAMS):
            connection = road.connect(stack)
            connection.sendall(road.request(count, f"reader-{number}"))
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map():
            readable = selector.select(PATIENCE)
            if not readable:
                raise RelayError(f"{len(selector.get_map())} streams are silent")
            for key, _ in readable:
                piece = connection_of(key).recv(65536)
                now = time.monotonic_ns()
                took.extend((now - int(sent)) / 1e9 for sent in _EVENT.findall(piece))
                if not piece or piece.endswith(b"0\r\n\r\n"):
                    selector.unregister(key.fileobj)
    if len(took) < STEADY_STREAMS * count:
        raise RelayError(f"{len(took)} of {STEADY_STREAMS * count} events came whole and in time")
    return distribution_of(took)


def connection_of(key: selectors.SelectorKey) -> socket.socket:
    """The socket that was registered."""
    assert isinstance(key.fileobj, socket.socket)
    return key.fileobj


def _row(name: str, first: Distribution, steady: Distribution) -> tuple[str, ...]:
    figures = (first.p50, first.p99, first.longest, steady.p50, steady.p99, steady.longest)
    return (name, *map(milliseconds, figures))


SECTION = Section("events", "Events of a stream", _GOALS, measure)
