"""A stand for the examples: a small shop with a tool API, and a scripted language model, on free ports of 127.0.0.1.

    python examples/stand.py -- COMMAND...

runs COMMAND with SHOP_URL (the tools) and MODEL_URL (the model, in the words of OpenAI and of Anthropic) in its
environment, and ends with its exit status. What the shop really did is printed at the end: the truth to compare with.
"""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PRICE = 1900


class Stand(ThreadingHTTPServer):
    """Serves one handler on a free port."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.counts: Counter[str] = Counter()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def count(self, what: str) -> int:
        with self.lock:
            self.counts[what] += 1
            return self.counts[what]


class JsonHandler(BaseHTTPRequestHandler):
    """Reads and writes JSON over persistent connections."""

    protocol_version = "HTTP/1.1"
    server: Stand

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class has
        """Say nothing."""

    def asked(self) -> Any:  # noqa: ANN401 - JSON
        size = int(self.headers.get("Content-Length") or 0)
        return json.loads(self.rfile.read(size)) if size else None

    def answer(self, body: object, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Shop(JsonHandler):
    """GET /v1/search, POST /v1/charges, GET /v1/charges/ID, and /v1/archive for when the search is down."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self.server.count(f"GET {path.rsplit('/', 1)[0] if path.startswith('/v1/charges/') else path}")
        if path in ("/v1/search", "/v1/archive"):
            self.answer({"query": query, "items": [{"sku": "mug-blue", "price": PRICE}]})
        else:
            self.answer({"id": path.rsplit("/", 1)[-1], "status": "paid"})

    def do_POST(self) -> None:
        wanted = self.asked()
        number = self.server.count("POST /v1/charges")
        self.server.count(f"charged {wanted['order']}")
        self.answer({"id": f"ch_{number}", "order": wanted["order"], "amount": wanted["amount"], "paid": True})


class Model(JsonHandler):
    """A language model that does what a rule says: search, then charge; after an error it decides as models do."""

    def do_POST(self) -> None:
        wanted = self.asked()
        self.server.count(f"POST {self.path}")
        messages = wanted["messages"]
        if self.path.endswith("/chat/completions"):
            self.answer(_openai(messages, self.server.counts[f"POST {self.path}"], tools=bool(wanted.get("tools"))))
        else:
            self.answer(_anthropic(messages))


def _openai(messages: list[dict[str, Any]], number: int, *, tools: bool) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": "Done."}
    call = _next_call(messages) if tools else None
    if call is not None:
        name, arguments = call
        function = {"name": name, "arguments": json.dumps(arguments)}
        message = {"role": "assistant", "content": None}
        message["tool_calls"] = [{"id": f"call_{number}", "type": "function", "function": function}]
    elif tools and _errors(messages, None) and not _succeeded(messages, "charge"):
        message["content"] = "I could not do it."
    finish = "tool_calls" if call else "stop"
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    choice = {"index": 0, "finish_reason": finish, "message": message}
    head = {"id": f"chatcmpl-{number}", "object": "chat.completion", "created": 1, "model": "scripted"}
    return {**head, "choices": [choice], "usage": usage}


def _anthropic(messages: list[dict[str, Any]]) -> dict[str, Any]:
    text = f"You said {len(messages)} things."
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "scripted"}
    usage = {"input_tokens": 9, "output_tokens": 3}
    return {**head, "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "usage": usage}


def _next_call(messages: list[dict[str, Any]]) -> tuple[str, dict[str, Any]] | None:
    """What to call next; None to end. It tries a tool up to three times, and the archive when the search is down."""
    order = next(message["content"] for message in messages if message["role"] == "user").split()[-1]
    if not _succeeded(messages, "search") and not _succeeded(messages, "archive"):
        if _errors(messages, "search") < 3:
            return "search", {"q": "blue mug"}
        return ("archive", {"q": "blue mug"}) if not _errors(messages, "archive") else None
    if _succeeded(messages, "charge") or _errors(messages, "charge") >= 3:
        return None
    if "403" in str(messages[-1].get("content")):
        return None
    return "charge", {"order": order, "amount": PRICE}


def _results(messages: list[dict[str, Any]], tool: str | None) -> list[str]:
    """What a tool said, each time; of all tools if None."""
    names = {call["id"]: call["function"]["name"] for message in messages for call in message.get("tool_calls") or ()}
    said = [message for message in messages if message["role"] == "tool"]
    return [str(message["content"]) for message in said if tool in (None, names.get(message["tool_call_id"]))]


def _errors(messages: list[dict[str, Any]], tool: str | None) -> int:
    return sum(result.startswith("error") for result in _results(messages, tool))


def _succeeded(messages: list[dict[str, Any]], tool: str) -> bool:
    return any(not result.startswith("error") for result in _results(messages, tool))


def main() -> int:
    """Serve, run the command, and say what really happened."""
    command = sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]
    if not command:
        print("usage: python examples/stand.py -- COMMAND...", file=sys.stderr)
        return 2
    shop, model = Stand(Shop), Stand(Model)
    for server in (shop, model):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    status = subprocess.run(  # noqa: S603 - running a command is what this is for
        command, env={**os.environ, "SHOP_URL": shop.url, "MODEL_URL": model.url}, check=False
    ).returncode
    for name, server in (("shop", shop), ("model", model)):
        for what, count in sorted(server.counts.items()):
            print(f"stand: {name}: {what}: {count}", file=sys.stderr)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
