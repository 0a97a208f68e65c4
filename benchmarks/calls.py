"""What is asked of every relay: the same thousand calls, as bytes on the wire, and the reply that each must bring back.

They differ in session, path and query as the calls of many agents do, because one target repeated for ever would
flatter whoever remembers targets. Must not know who is asked.
"""

import json

SESSIONS = 64
ITEMS = 16
COUNT = SESSIONS * ITEMS

BODY_BYTES = 1024


def reply_body() -> bytes:
    """The upstream's reply: one JSON object of exactly 1 024 bytes, without a quote or `$` that nginx would read."""
    head, tail = '{"items": [{"id": 7, "text": "', '"}], "next": null}'
    return (head + "x" * (BODY_BYTES - len(head) - len(tail)) + tail).encode()


def targets(prefix: str) -> list[str]:
    """Path and query of each call; `prefix` is where the relay keeps the upstream (`/tool`, or nothing)."""
    return [f"{prefix}/v1/items/{number % ITEMS}?page={number}" for number in range(COUNT)]


def requests(prefix: str, host: str) -> list[bytes]:
    """Each call as it goes over the wire, to be sent in this order and again from the start."""
    return [
        (
            f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: benchmark/1\r\nAccept: application/json\r\n"
            f"X-Session-Id: agent-{number // ITEMS}\r\n\r\n"
        ).encode()
        for number, target in enumerate(targets(prefix))
    ]


def wrk_script(requests_on_the_wire: list[bytes]) -> str:
    """A script for wrk that sends these requests in order. They are made beforehand, to keep wrk quick."""
    # A JSON string of printable characters, \r and \n is a Lua string too.
    lines = ",\n".join(json.dumps(request.decode()) for request in requests_on_the_wire)
    return (
        f"local calls = {{\n{lines}\n}}\nlocal last = 0\n"
        "function request()\n  last = last % #calls + 1\n  return calls[last]\nend\n"
    )
