"""mitmproxy's HTTP as we have it: the client's bytes in, the listener's bytes out, and back."""

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset, TrailersReceived
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy.layers.http import HTTPMode

from chaosproxy.capture.handing import Handing
from chaosproxy.capture.http_layers import CaughtHttp
from tests.capture.conversation import Conversation, Hooks, a_context

LISTENER = ("127.0.0.1", 8080)


def hooks() -> Hooks:
    handing = Handing(Proxyserver())
    handing.listener = LISTENER
    return {name: getattr(handing, name) for name in ("requestheaders", "request", "responseheaders")}


def http1() -> Conversation:
    """A client of `reverse:http://tool.example`."""
    context = a_context("reverse:http://tool.example")
    context.server.address = ("tool.example", 80)
    return Conversation(CaughtHttp(context, HTTPMode.transparent), hooks())


class Http2:
    """The same over HTTP/2."""

    def __init__(self) -> None:
        context = a_context("reverse:http://tool.example")
        context.server.address = ("tool.example", 80)
        context.client.alpn = b"h2"
        self.conversation = Conversation(CaughtHttp(context, HTTPMode.transparent), hooks())
        self._client = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self._client.initiate_connection()

    def asks(self, stream: int, *headers: tuple[str, str], method: str = "GET", body: bytes | None = None) -> None:
        head = [(":method", method), (":scheme", "http"), (":authority", "tool.example"), (":path", "/find"), *headers]
        self._client.send_headers(stream, head, end_stream=body is None)
        if body is not None:
            self._client.send_data(stream, body, end_stream=True)
        self.conversation.client_says(self._client.data_to_send())

    def hears(self) -> list[Event]:
        heard = self._client.receive_data(self.conversation.to_client)
        self.conversation.to_client = b""
        return [
            each
            for each in heard
            if isinstance(each, ResponseReceived | DataReceived | StreamEnded | StreamReset | TrailersReceived)
        ]


GET = b"GET /find HTTP/1.1\r\nHost: localhost:8081\r\n\r\n"
HANDED = b"GET http://tool.example/find HTTP/1.1\r\nHost: localhost:8081\r\n\r\n"


def test_a_request_is_handed_to_the_listener_as_to_a_forward_proxy() -> None:
    talk = http1()

    talk.client_says(GET)

    assert talk.to_listener == HANDED
    assert [each.address for each in talk.opened] == [LISTENER]


def test_a_response_passes_as_it_is() -> None:
    talk = http1()
    talk.client_says(GET)
    reply = b"HTTP/1.1 200 Fine by me\r\nX-Odd: 1\r\nx-odd: 2\r\nContent-Length: 2\r\n\r\nhi"

    talk.listener_says(reply)

    assert talk.to_client == reply


def test_one_client_keeps_one_connection() -> None:
    talk = http1()
    for _ in range(2):
        talk.client_says(GET)
        talk.listener_says(b"HTTP/1.1 204 No Content\r\n\r\n")

    assert len(talk.opened) == 1
    assert talk.to_listener == HANDED * 2


def test_interim_responses_are_not_taken_for_the_last() -> None:
    talk = http1()
    talk.client_says(GET)

    talk.listener_says(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n")
    talk.listener_says(b"\r\nHTTP/1.1 204 No Content\r\n\r\n")

    assert talk.to_client == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_trailers_pass() -> None:
    talk = http1()
    talk.client_says(GET)
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n"

    talk.listener_says(reply)

    assert talk.to_client == reply


def test_trailers_of_a_request_end_here() -> None:
    talk = http1()

    talk.client_says(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n"
    )

    assert talk.to_listener.endswith(b"\r\n\r\n2\r\nhi\r\n0\r\n\r\n")


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_a_broken_call_is_a_closed_connection_and_no_page(said: bytes) -> None:
    talk = http1()
    talk.client_says(GET)
    if said:
        talk.listener_says(said)

    talk.listener_closes()

    assert talk.to_client == said
    assert talk.client in talk.closed
    assert talk.asked[-1] == "error"  # where a reset is passed on


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"GARBAGE\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, b"431 Request Header Fields Too Large"),
    ],
)
def test_what_is_no_request_is_refused_in_our_words(said: bytes, status: bytes) -> None:
    talk = http1()

    talk.client_says(said)

    assert talk.to_client.startswith(b"HTTP/1.1 " + status + b"\r\nContent-Type: application/problem+json\r\n")
    assert b"mitm" not in talk.to_client.lower()
    assert (talk.client in talk.closed, talk.to_listener) == (True, b"")


def test_two_framings_are_refused_without_a_word() -> None:
    talk = http1()

    talk.client_says(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")

    assert b"mitm" not in talk.to_client.lower()
    assert (talk.client in talk.closed, talk.to_listener) == (True, b"")


# HTTP/2


def test_each_stream_has_a_connection_onward() -> None:
    talk = Http2()
    for stream in (1, 3):
        talk.asks(stream)

    assert len(talk.conversation.opened) == 2
    one = b"GET http://tool.example/find HTTP/1.1\r\nHost: tool.example\r\n\r\n"
    assert talk.conversation.to_listener == one * 2


def test_a_body_without_a_length_comes_in_chunks() -> None:
    talk = Http2()

    talk.asks(1, method="POST", body=b"hi")

    head, _, body = talk.conversation.to_listener.partition(b"\r\n\r\n")
    assert head.endswith(b"\r\nTransfer-Encoding: chunked")
    assert body == b"2\r\nhi\r\n0\r\n\r\n"


def test_a_body_with_a_length_keeps_it() -> None:
    talk = Http2()

    talk.asks(1, ("content-length", "2"), method="POST", body=b"hi")

    assert talk.conversation.to_listener.endswith(b"\r\ncontent-length: 2\r\n\r\nhi")


def test_a_reply_with_trailers_is_one_in_http2() -> None:
    talk = Http2()
    talk.asks(1)

    talk.conversation.listener_says(
        b"HTTP/1.1 103 Early Hints\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n"
    )

    response, data, trailers, _ = talk.hears()
    assert isinstance(response, ResponseReceived)
    assert response.headers == [(":status", "200"), ("x-a", "1")]
    assert isinstance(data, DataReceived)
    assert data.data == b"hi"
    assert isinstance(trailers, TrailersReceived)
    assert trailers.headers == [("x-sum", "7")]


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_a_broken_call_is_a_reset_stream_and_the_others_go_on(said: bytes) -> None:
    talk = Http2()
    talk.asks(1)
    if said:
        talk.conversation.listener_says(said)

    talk.conversation.listener_closes()

    *_, last = talk.hears()
    assert isinstance(last, StreamReset)
    assert talk.conversation.client not in talk.conversation.closed
    talk.asks(3)
    talk.conversation.listener_says(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert isinstance(talk.hears()[0], ResponseReceived)


def test_connections_that_have_ended_are_forgotten() -> None:
    talk = Http2()
    for stream in range(1, 40, 2):
        talk.asks(stream)
        talk.conversation.listener_says(b"HTTP/1.1 204 No Content\r\n\r\n")
        talk.conversation.opened[-1].timestamp_end = 3.0

    layer = talk.conversation.top
    assert isinstance(layer, CaughtHttp)
    assert len(layer.connections) <= 3
