"""One connection that calls go over, one after the other: plain, TLS, or TLS inside a CONNECT tunnel; and many of them.

Plain sockets, because a client library would cost more than what is measured. Must not know when calls are made.
"""

import resource
import select
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import ExitStack

import msgspec

from benchmarks.errors import RelayError

PATIENCE = 5.0
"""Seconds that a connection may be silent while it is opened."""

_LAST_CHUNK = b"\r\n0\r\n\r\n"


class Way(msgspec.Struct, frozen=True):
    """How a connection is made."""

    port: int
    tunnel_to: int | None = None
    """A port of 127.0.0.1 that CONNECT is to ask for."""
    tls: ssl.SSLContext | None = None


class Line:
    """One keep-alive connection, with at most one call on it."""

    def __init__(self, stack: ExitStack, way: Way, body: bytes) -> None:
        """Open it; `stack` closes it. `body` is how each reply must end.

        Raises:
            RelayError: it cannot be opened.
        """
        try:
            self.socket = stack.enter_context(self._open(way))
        except OSError as error:
            raise RelayError(f"cannot connect: {error}") from error
        self.encrypted = way.tls is not None
        self.due = 0.0
        """When the call that is on it should have gone out."""
        self.number = 0
        """Which call is on it."""
        self._ends = (body, body + _LAST_CHUNK)
        self._reply = b""

    @staticmethod
    def _open(way: Way) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", way.port), timeout=PATIENCE)
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if way.tunnel_to is not None:
                _tunnel(opened, f"127.0.0.1:{way.tunnel_to}")
            return way.tls.wrap_socket(opened, server_hostname="127.0.0.1") if way.tls else opened
        except (OSError, RelayError):
            opened.close()
            raise

    def fileno(self) -> int:
        return self.socket.fileno()

    def ask(self, request: bytes, due: float, number: int = 0) -> None:
        """Send a request. The reply to the one before must have come."""
        self.due = due
        self.number = number
        self._reply = b""
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what has come. True when the reply is whole, however it was framed.

        Raises:
            RelayError: the connection was closed, or it is not the right reply.
        """
        piece = self.socket.recv(65536)
        if not piece:
            raise RelayError("a connection was closed during a call")
        self._reply = self._reply + piece if self._reply else piece
        if not self._reply.startswith(b"HTTP/1.1 200"[: len(self._reply)]):
            raise RelayError(f"a call was answered: {self._reply[:60]!r}")
        return self._reply.endswith(self._ends)

    def receive_tls(self) -> bool:
        """As `receive`, for a line that does not block: a record may be here that the socket no longer shows."""
        try:
            while not self.receive():
                pass
        except ssl.SSLWantReadError:
            return False
        return True

    def warm_up(self, request: bytes) -> None:
        """One call that is not counted, so that no figure holds the opening of a connection."""
        self.ask(request, 0.0)
        try:
            while not self.receive():
                pass
        except OSError as error:
            raise RelayError(f"no reply on a new connection: {error}") from error


class Watch:
    """Which of many lines have something to read; exact to microseconds for hundreds of them.

    `epoll` can only wait for whole milliseconds, and `select` looks at every line each time: so `select` waits for
    `epoll`.
    """

    def __init__(self, stack: ExitStack, lines: Sequence[Line]) -> None:
        self._epoll = stack.enter_context(select.epoll())
        self._lines = {line.fileno(): line for line in lines}
        for number in self._lines:
            self._epoll.register(number, select.EPOLLIN)

    def readable(self, until: float) -> list[Line]:
        """Those that can be read now, or as soon as one can; none if it is `until` (perf_counter) before."""
        found = self._epoll.poll(0)
        if not found:
            select.select((self._epoll,), (), (), max(0.0, until - time.perf_counter()))
            found = self._epoll.poll(0)
        return [self._lines[number] for number, _ in found]


def _tunnel(opened: socket.socket, authority: str) -> None:
    opened.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = opened.recv(1)  # not a byte of what is inside the tunnel
        if not piece:
            raise RelayError(f"CONNECT was answered by a closed connection, after {head[:60]!r}")
        head += piece
    if not head.startswith(b"HTTP/1.1 200"):
        raise RelayError(f"CONNECT was answered: {head[:60]!r}")


def allow_open_files(count: int) -> int:
    """Let this process, and those that it starts from now on, open `count` files and sockets; how many it may then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(count, hard)))
        except (ValueError, OSError):  # only some may go beyond the hard limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
