"""A small tool API, as httpx and requests call one, and the three vendors' whose SDKs are tried.

Answers the same to everybody, always well. Knows nothing of faults.
"""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

from tests.e2e.language_model import STREAMS

TEXT = "The tea is from Assam."
ITEMS: list[dict[str, Any]] = [
    {"id": "it_1001", "name": "Assam", "price": 7.5, "currency": "eur", "in_stock": True},
    {"id": "it_1002", "name": "Darjeeling", "price": 12.25, "currency": "eur", "in_stock": True},
    {"id": "it_1003", "name": "Sencha", "price": 9.9, "currency": "usd", "in_stock": False},
    {"id": "it_1004", "name": "Keemun", "price": 11.0, "currency": "usd", "in_stock": True},
]
LISTING: Mapping[str, Any] = MappingProxyType({"object": "list", "data": ITEMS, "total": 4, "has_more": False})
CHARGE: Mapping[str, Any] = MappingProxyType(
    {"id": "ch_1", "object": "charge", "amount": 1250, "currency": "eur", "status": "succeeded", "paid": True}
)

_COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16},
}
_MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": TEXT}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 9, "output_tokens": 7},
}
_ANSWERS: Mapping[str, Any] = MappingProxyType(
    {
        "/v1/items": dict(LISTING),
        "/v1/charges": dict(CHARGE),
        "/v1/chat/completions": _COMPLETION,
        "/v1/messages": _MESSAGE,
    }
)


class Tool(ThreadingHTTPServer):
    """Listens on a free port."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    @property
    def port(self) -> int:
        """The port, of 127.0.0.1."""
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  the base's own types
        """A caller that leaves in the middle is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self._asked == "/v1/events":
            self._stream(STREAMS["/v1/chat/completions"])
        else:
            self._answer(_ANSWERS[self._asked])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if b'"stream":true' in body.replace(b" ", b""):
            self._stream(STREAMS[self._asked])
        else:
            self._answer(_ANSWERS[self._asked])

    @property
    def _asked(self) -> str:
        """The path, whatever vendor's name comes before it."""
        return "/v1" + self.path.partition("/v1")[2]

    def _answer(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, events: Iterator[str] | Any) -> None:  # noqa: ANN401  any iterable of events
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event.encode()))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


@contextmanager
def tool(tls: ssl.SSLContext | None = None) -> Iterator[Tool]:
    """One that is running; with `tls`, it speaks that."""
    with Tool(tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
