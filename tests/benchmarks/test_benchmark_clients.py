"""The load generators against a server that answers as it is told to."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from benchmarks import agents, flood, paced
from benchmarks.errors import RelayError
from benchmarks.lines import Line, Watch, Way
from benchmarks.wrk import CONNECTIONS

BODY = b'{"ok": true}'
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)

Answer = Callable[[bytes], list[bytes]]
"""A request's head in; pieces out. After an empty piece the connection is closed."""


class Server:
    """Takes connections on threads of its own, and keeps what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[bytes] = []
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while (request := self._read(connection)) and self._say(connection, self._answer(request)):
                pass

    def _read(self, connection: socket.socket) -> bytes:
        request = b""
        while not request.endswith((b"\r\n\r\n", b"}")):
            try:
                piece = connection.recv(65536)
            except OSError:
                return b""
            if not piece:
                return b""
            request += piece
        self.asked.append(request)
        return request

    @staticmethod
    def _say(connection: socket.socket, pieces: list[bytes]) -> bool:
        for piece in pieces:
            if not piece:
                return False
            connection.sendall(piece)
        return True

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._open:
            connection.close()
        self._thread.join(5)


@contextmanager
def served(answer: Answer) -> Iterator[Server]:
    server = Server(answer)
    try:
        yield server
    finally:
        server.close()


def requests(count: int) -> list[bytes]:
    return [b"GET /%d HTTP/1.1\r\nHost: here\r\n\r\n" % number for number in range(count)]


@pytest.mark.parametrize("reply", [[WHOLE], [CHUNKED], [WHOLE[:20], WHOLE[20:]]])
def test_at_a_pace_every_call_is_timed_and_known_by_its_number(reply: list[bytes]) -> None:
    with served(lambda _: reply) as server:
        rhythm = paced.Rhythm(per_second=2000, calls=200, connections=3)
        taken = paced.each(server.port, requests(7), BODY, rhythm)

    assert sorted(one.number for one in taken) == list(range(200))
    assert all(one.seconds > 0 for one in taken)
    assert len(server.asked) == 203  # and one on each connection before it counts


def test_a_wrong_reply_is_no_figure() -> None:
    with (
        served(lambda _: [WHOLE.replace(b"200 OK", b"503 No")]) as server,
        pytest.raises(RelayError, match=r"answered: b'HTTP/1\.1 503"),
    ):
        paced.run(server.port, requests(1), BODY, per_second=100, seconds=0.1)


def test_a_closed_connection_is_no_figure() -> None:
    with served(lambda _: [WHOLE[:10], b""]) as server, pytest.raises(RelayError, match="closed during a call"):
        flood.run(Way(server.port), requests(1), BODY, 0.1)


def test_a_flood_asks_in_turn_and_counts_what_was_answered() -> None:
    with served(lambda _: [WHOLE]) as server:
        load = flood.run(Way(server.port), requests(100), BODY, 0.2)

    assert load.problem is None
    assert 0 < load.calls <= len(server.asked) - CONNECTIONS
    assert {request[:6] for request in server.asked[40:140]} >= {b"GET /5", b"GET /9"}


def test_connect_comes_first_and_what_is_inside_follows() -> None:
    def answer(request: bytes) -> list[bytes]:
        return [b"HTTP/1.1 200 Connection established\r\n\r\n" if request.startswith(b"CONNECT") else WHOLE]

    with served(answer) as server, ExitStack() as stack:
        Line(stack, Way(server.port, tunnel_to=443), BODY).warm_up(requests(1)[0])

    assert server.asked == [b"CONNECT 127.0.0.1:443 HTTP/1.1\r\nHost: 127.0.0.1:443\r\n\r\n", requests(1)[0]]


def test_a_refused_tunnel_says_how() -> None:
    with (
        served(lambda _: [b"HTTP/1.1 403 Forbidden\r\n\r\n"]) as server,
        ExitStack() as stack,
        pytest.raises(RelayError, match=r"CONNECT was answered: b'HTTP/1\.1 403"),
    ):
        Line(stack, Way(server.port, tunnel_to=443), BODY)


def test_whoever_watches_learns_which_line_can_be_read_and_does_not_wait_for_ever() -> None:
    with served(lambda _: [WHOLE]) as server, ExitStack() as stack:
        lines = [Line(stack, Way(server.port), BODY) for _ in range(3)]
        watch = Watch(stack, lines)
        assert watch.readable(0.0) == []
        lines[1].ask(requests(1)[0], 0.0)

        assert watch.readable(float("1e9")) == [lines[1]]


def script(server: Server, calls: int, sessions: int) -> agents.Script:
    return agents.Script(port=server.port, prefix="/tool", calls=calls, sessions=sessions, at_once=4)


def test_agents_make_all_their_calls_and_retry_what_failed() -> None:
    def answer(request: bytes) -> list[bytes]:
        if b"page=3 " in request:  # an error each time
            return [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"]
        if b"page=5 " in request:  # a reply that is cut short
            return [WHOLE[:-2], b""]
        return [CHUNKED if b"page=7 " in request else WHOLE]

    watched: list[int] = []
    with served(answer) as server:
        tally = agents.play(script(server, 80, 8), lambda tally: watched.append(tally.calls))

    assert tally.calls == 80
    assert tally.ended == {"200": 64, "503": 24, "broken": 24}
    assert (tally.given_up, tally.attempts) == (16, 112)
    assert len(server.asked) == 112
    assert sum(request.startswith(b"POST /tool/v1/orders ") for request in server.asked) == 8
    assert watched[-1] == 80
    assert {request.partition(b"X-Session-Id: ")[2].partition(b"\r\n")[0] for request in server.asked} == {
        b"agent-%d" % number for number in range(8)
    }


def test_a_connection_that_is_announced_to_close_is_not_used_again() -> None:
    closing = WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    with served(lambda _: [closing, b""]) as server:
        tally = agents.play(script(server, 12, 3), lambda _: None)

    assert tally.ended == {"200": 12}


def test_agents_that_nobody_answers_do_not_wait_for_ever(free_port: int) -> None:
    lonely = agents.Script(port=free_port, prefix="", calls=1, sessions=1, at_once=1)

    with pytest.raises(RelayError, match="cannot connect"):
        agents.play(lonely, lambda _: None)
