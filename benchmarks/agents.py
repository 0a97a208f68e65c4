"""Many scripted agents at once, one session after the other, that meet failures and retry: the load of a soak.

An agent makes its calls in turn. What failed (an error status, a broken connection) it asks again, twice at most. Plain
sockets and one thread, because a client library would be slower than the proxy. Must not know which faults there are.
"""

import re
import select
import socket
from collections import Counter
from collections.abc import Callable

import msgspec

from benchmarks.errors import RelayError

TRIES = 3
ORDER_EVERY = 10
"""One call of so many is a write."""

_PATIENCE = 30.0
"""Seconds without a word to any agent after which the proxy counts as stuck."""

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)\r\n")
_CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding: *chunked\r\n")


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """What they do."""

    port: int
    prefix: str
    calls: int
    """In all, retries not counted."""
    sessions: int
    at_once: int
    """Agents at a time."""


class Tally(msgspec.Struct, kw_only=True):
    """What came of it so far."""

    calls: int = 0
    """Begun, retries not counted."""
    attempts: int = 0
    ended: Counter[str] = msgspec.field(default_factory=Counter)
    """Attempts by how they ended: a status, or `broken`."""
    given_up: int = 0
    """Calls that failed three times."""


class Agent:
    """One agent at a time on one connection; when a session is over the next one begins."""

    def __init__(self, script: Script, tally: Tally, next_session: Callable[[], int | None]) -> None:
        self._script = script
        self._tally = tally
        self._next_session = next_session
        self._session: int | None = None
        self._left = 0
        self._tries = 0
        self._request = b""
        self._reply = b""
        self._needed = 0
        self.socket: socket.socket | None = None

    def begin_call(self) -> bool:
        """Make the next call. False: there are none left."""
        if self._left == 0:
            self._session = self._next_session()
            if self._session is None:
                return False
            self._left = max(1, self._script.calls // self._script.sessions)
        self._left -= 1
        self._tally.calls += 1
        self._tries = 0
        self._request = self._next_request()
        return True

    def ask(self) -> socket.socket:
        """Send the call, on a new connection if the last one is gone. The socket to listen to.

        Raises:
            RelayError: no connection can be had.
        """
        self._tries += 1
        self._tally.attempts += 1
        self._reply, self._needed = b"", 0
        if self.socket is not None:
            try:
                self.socket.sendall(self._request)
            except OSError:
                self.hang_up()  # it was closed after its last reply: no attempt yet
            else:
                return self.socket
        try:
            self.socket = socket.create_connection(("127.0.0.1", self._script.port), timeout=_PATIENCE)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.sendall(self._request)
        except OSError as error:
            raise RelayError(f"an agent cannot connect: {error}") from error
        return self.socket

    def listen(self) -> bool | None:
        """Take what has come: None while more must come, then whether the call is over."""
        assert self.socket is not None
        try:
            piece = self.socket.recv(65536)
        except OSError:
            piece = b""
        if not piece:
            self.hang_up()
            return self._ended("broken")
        self._reply = self._reply + piece if self._reply else piece
        if not self._whole():
            return None
        if b"\r\nconnection: close\r\n" in self._reply.partition(b"\r\n\r\n")[0].lower() + b"\r\n":
            self.hang_up()
        return self._ended(self._reply[9:12].decode())

    def hang_up(self) -> None:
        """Close the connection."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def _ended(self, how: str) -> bool:
        self._tally.ended[how] += 1
        if how == "200":
            return True
        self._tally.given_up += self._tries == TRIES
        return self._tries == TRIES

    def _whole(self) -> bool:
        if not self._needed:
            end = self._reply.find(b"\r\n\r\n") + 4
            if end < 4:
                return False
            head = self._reply[:end]
            if length := _LENGTH.search(head):
                self._needed = end + int(length[1])
            elif _CHUNKED.search(head):
                return self._reply.endswith(b"0\r\n\r\n")
            else:
                return False  # until it is closed
        return len(self._reply) >= self._needed

    def _next_request(self) -> bytes:
        number = self._left
        head = f"Host: 127.0.0.1:{self._script.port}\r\nX-Session-Id: agent-{self._session}\r\n"
        if number % ORDER_EVERY == 0:
            body = f'{{"order": {number}, "of": "agent-{self._session}"}}'
            kind = "Content-Type: application/json\r\n"
            keyed = f"Idempotency-Key: {self._session}-{number}\r\n" if number % (2 * ORDER_EVERY) else ""
            line = f"POST {self._script.prefix}/v1/orders HTTP/1.1\r\n"
            return f"{line}{head}{kind}{keyed}Content-Length: {len(body)}\r\n\r\n{body}".encode()
        line = f"GET {self._script.prefix}/v1/items/{number % 16}?page={number} HTTP/1.1\r\n"
        return f"{line}{head}\r\n".encode()


def play(script: Script, watch: Callable[[Tally], None]) -> Tally:
    """Play the whole script. `watch` is called now and then, between two replies.

    Raises:
        RelayError: no connection can be had, or no agent hears anything for half a minute.
    """
    tally = Tally()
    sessions = iter(range(script.sessions))
    agents = [Agent(script, tally, lambda: next(sessions, None)) for _ in range(script.at_once)]
    try:
        with select.epoll() as epoll:
            stage = _Stage(epoll)
            for agent in agents:
                stage.go_on(agent, over=True)
            while stage.busy:
                stage.hear()
                watch(tally)
    finally:
        for agent in agents:
            agent.hang_up()
    return tally


class _Stage:
    """Who is waiting for a reply."""

    def __init__(self, epoll: select.epoll) -> None:
        self._epoll = epoll
        self._agents: dict[int, tuple[socket.socket, Agent]] = {}
        self.busy = 0

    def hear(self) -> None:
        """Let those agents go on that have heard something."""
        ready = self._epoll.poll(_PATIENCE)
        if not ready:
            raise RelayError(f"{self.busy} agents have heard nothing for {_PATIENCE:.0f} seconds")
        for number, _ in ready:
            agent = self._agents[number][1]
            over = agent.listen()
            if over is not None:
                self.busy -= 1
                self.go_on(agent, over=over)

    def go_on(self, agent: Agent, *, over: bool) -> None:
        """The next call, or this one once more."""
        if over and not agent.begin_call():
            agent.hang_up()
            return
        connection = agent.ask()
        number = connection.fileno()
        if self._agents.get(number) != (connection, agent):
            # A socket that was closed left by itself; this one is new, though its number may not be.
            self._agents[number] = connection, agent
            self._epoll.register(number, select.EPOLLIN)
        self.busy += 1
