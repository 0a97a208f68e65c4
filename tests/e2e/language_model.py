"""A small server that streams as models do: OpenAI's chat completions and responses, and Anthropic's messages."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

WORDS = ("one ", "two ", "three ", "four ", "five ", "six ")
HOUR = 3_600
"""Events of a stream that says something every second for an hour."""
COMPRESSED = 0.001
"""Seconds from one of them to the next, here."""


def chat() -> list[str]:
    """Unnamed events: the role, a word each, why it ends, and that it ends."""
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": word}, None) for word in WORDS]
    deltas += [({}, "stop")]
    whose = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt"}
    chunks = [{**whose, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]} for delta, end in deltas]
    return [*(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks), "data: [DONE]\n\n"]


def responses() -> list[str]:
    response = {"id": "resp_1", "object": "response", "created_at": 1, "model": "gpt", "output": [], "tools": []}
    response |= {"parallel_tool_calls": True, "tool_choice": "auto", "status": "in_progress"}
    item = {"id": "msg_1", "type": "message", "status": "in_progress", "role": "assistant", "content": []}
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    events: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": response}),
        ("response.output_item.added", {"output_index": 0, "item": item}),
        ("response.content_part.added", {**place, "part": {"type": "output_text", "text": "", "annotations": []}}),
        *(("response.output_text.delta", {**place, "delta": word, "logprobs": []}) for word in WORDS),
        ("response.output_text.done", {**place, "text": "".join(WORDS), "logprobs": []}),
        ("response.completed", {"response": {**response, "status": "completed"}}),
    ]
    return [named(name, {"sequence_number": number, **data}) for number, (name, data) in enumerate(events)]


def messages() -> list[str]:
    message: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": []}
    message |= {"stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 1}}
    events: list[tuple[str, dict[str, Any]]] = [
        ("message_start", {"message": message}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        ("ping", {}),
        *(("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": word}}) for word in WORDS),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}}),
        ("message_stop", {}),
    ]
    return [named(name, data) for name, data in events]


def named(name: str, data: Mapping[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n"


STREAMS: Mapping[str, Sequence[str]] = MappingProxyType(
    {"/v1/chat/completions": chat(), "/v1/responses": responses(), "/v1/messages": messages()}
)


class LanguageModel(ThreadingHTTPServer):
    """Listens on a free port. Counts what it was asked, by the header X-Case."""

    daemon_threads = True
    address_family = 2

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: Counter[str] = Counter()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  the base's own types
        """An agent that leaves in the middle is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: LanguageModel

    def do_GET(self) -> None:
        """An hour of events, each with its number and the moment at which it was said."""
        self._begin()
        for number in range(HOUR):
            self._say(f"data: {number} {time.monotonic():.6f}\n\n")
            time.sleep(COMPRESSED)
        self.wfile.write(b"0\r\n\r\n")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked[self.headers.get("X-Case", "")] += 1
        self._begin()
        for event in STREAMS[self.path.partition("?")[0]]:
            self._say(event)
        self.wfile.write(b"0\r\n\r\n")

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _say(self, event: str) -> None:
        data = event.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


@contextmanager
def language_model() -> Iterator[LanguageModel]:
    """One that is running."""
    with LanguageModel() as model:
        thread = threading.Thread(target=model.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield model
        finally:
            model.shutdown()
            thread.join()
