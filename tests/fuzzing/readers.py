"""Our two readers, fed with bytes: what each made of them, in a form that can be compared.

Laws: a reader never raises, never depends on how its bytes were cut up, and keeps nothing that grows; a request that it
accepts is written so that another reading finds in it one request, the same one, and nothing after it.
"""

from collections.abc import Sequence

import msgspec

from chaosproxy.dataplane.http.agents.incoming import Incoming
from chaosproxy.dataplane.http.requests.routing import Origin
from chaosproxy.dataplane.http.upstreams.upstream import UpstreamConnection
from chaosproxy.dataplane.http.wire import (
    Framing,
    Headers,
    Malformed,
    Request,
    chunk,
    last_chunk,
    request_head,
    response_head,
)
from chaosproxy.profiles.models import Upstream
from tests.differential.messages import read_messages
from tests.fuzzing.transports import Paper

HOST = b"tool.example"
ORIGIN = Origin("http", "tool.example", 80, Upstream(url="http://tool.example"))


class Asked(msgspec.Struct, frozen=True):
    """A request, as it was read."""

    method: bytes
    target: bytes
    headers: Headers
    body: bytes | None
    """None if it did not come whole."""
    trailers: Headers | None


class Read(msgspec.Struct, frozen=True):
    """What became of a connection's bytes."""

    asked: list[Asked]
    refused: tuple[int, str] | None
    """Status and reason with which what followed was refused."""
    onward: list[bytes]
    """What goes to the tool for each request; nothing for one that did not come whole."""

    @property
    def meaning(self) -> tuple[list[Asked], bool]:
        """All of it that does not depend on how the bytes were cut up: in which words noise is refused may, because a
        first byte alone can be taken for the beginning of another protocol.
        """
        return self.asked, self.refused is not None


class Requests:
    """Takes what `Incoming` reads."""

    def __init__(self) -> None:
        self.taken: list[tuple[Request, list[bytes]]] = []
        self.refused: tuple[int, str] | None = None
        self.incoming = Incoming(self)

    def take_request(self, request: Request) -> None:
        self.taken.append((request, list(request.parts)))

    def take_body(self, request: Request, data: bytes) -> None:
        assert self.taken[-1][0] is request
        self.taken[-1][1].append(data)

    def take_end(self, request: Request) -> None:
        assert self.taken[-1][0] is request
        assert request.complete

    def refuse(self, error: Malformed) -> None:
        assert self.refused is None, "refused twice"
        self.refused = (error.status, error.reason)
        self.incoming.stop()

    def hold_raw(self, held: bool) -> None:
        pass


def _asked(request: Request, parts: Sequence[bytes]) -> Asked:
    whole = request.complete
    trailers = tuple(request.trailers) if whole and request.trailers else None
    body = b"".join(parts) if whole else None
    return Asked(request.method, request.target, tuple(request.headers), body, trailers)


def _onward(request: Request, parts: Sequence[bytes]) -> bytes:
    if not request.complete or request.method == b"CONNECT":
        return b""
    head = request_head(request, b"/onward", HOST)
    if request.chunked:
        return head + b"".join(chunk(part) for part in parts) + last_chunk(request.trailers or ())
    return head + b"".join(parts)


def read_requests(pieces: Sequence[bytes]) -> Read:
    """What is read of a connection on which these bytes come."""
    reader = Requests()
    for piece in pieces:
        reader.incoming.feed(piece)
        while reader.incoming.raw is not None:
            reader.incoming.go_on()  # nobody switches protocols here: what follows is the next request
    held = len(reader.incoming.opening) + len(reader.incoming.raw or b"")
    assert held <= 70_000, "a reader keeps no more than a head"
    return Read([_asked(*each) for each in reader.taken], reader.refused, [_onward(*each) for each in reader.taken])


def check_onward(asked: Asked, onward: bytes) -> None:
    """What goes to the tool is one request, and the same one, to whoever else reads it."""
    if not onward:
        return
    (message,), left_over = read_messages(onward, None, ended=False)
    assert left_over == b""
    assert message.complete
    assert message.start == asked.method + b" /onward HTTP/1.1"
    assert message.body == asked.body
    names = [name.lower() for name, _ in message.headers]
    assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1
    assert names.count(b"host") == 1
    head = onward.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"")
    assert not set(head) & {0, 10, 13}, "a control character that somebody could take for the end of a line"


class Told(msgspec.Struct):
    """A response, as it was read."""

    interim: list[tuple[int, bytes, Headers]]
    head: tuple[int, bytes, Headers, Framing] | None = None
    body: bytes = b""
    trailers: Headers = ()
    ended: str = "no"
    """`no`, `done`, `switched` or `broke`."""


class Responses:
    """Receives what an upstream's connection reads."""

    def __init__(self, method: bytes) -> None:
        self.method = method
        self.told = Told([])

    def interim(self, status: int, reason: bytes, headers: Headers) -> None:
        self.told.interim.append((status, reason, tuple(headers)))

    def head(self, status: int, reason: bytes, headers: list[tuple[bytes, bytes]], framing: Framing) -> None:
        assert self.told.head is None, "two heads"
        self.told.head = (status, reason, tuple(headers), framing)

    def data(self, data: bytes) -> None:
        assert self.told.head is not None
        self.told.body += data

    def chunk_end(self) -> None:
        pass

    def flush(self) -> None:
        pass

    def done(self, trailers: Headers) -> None:
        assert self.told.ended == "no"
        self.told.trailers, self.told.ended = tuple(trailers), "done"

    def switch(self, reason: bytes, headers: list[tuple[bytes, bytes]], said: bytes) -> None:
        assert self.told.ended == "no"
        self.told.ended = "switched"

    def broke(self, problem: str, *, reset: bool) -> None:
        assert self.told.ended == "no"
        self.told.ended = "broke"
        self.told.body, self.told.trailers = b"", ()  # how much came before that is a matter of how it was cut up

    def upstream_full(self, full: bool) -> None:
        pass


class NoPool:
    """Keeps nothing."""

    def give_back(self, connection: UpstreamConnection) -> None:
        pass

    def forget(self, connection: UpstreamConnection) -> None:
        pass


def read_response(method: bytes, pieces: Sequence[bytes], *, asks_to_switch: bool = False) -> Told:
    """What is read of a connection on which these bytes come, and then FIN."""
    connection = UpstreamConnection(NoPool(), ORIGIN)
    receiver = Responses(method)
    connection.connection_made(Paper())
    connection.send(receiver, b"", whole=True, asked=b"websocket" if asks_to_switch else None)
    for piece in pieces:
        connection.data_received(piece)
    connection.connection_lost(None)
    return receiver.told


def check_written(method: bytes, told: Told) -> None:
    """What goes on to the agent is the same response to whoever else reads it."""
    if told.head is None or told.ended != "done":
        return
    status, reason, headers, framing = told.head
    written = response_head(status, reason, headers)
    if framing is Framing.CHUNKED:
        written += (chunk(told.body) if told.body else b"") + last_chunk(told.trailers)
    elif framing is not Framing.NONE:
        written += told.body
    (message, *more), left_over = read_messages(written, [method], ended=True)
    assert not more
    assert left_over == b""
    assert message.complete
    assert message.body == told.body
