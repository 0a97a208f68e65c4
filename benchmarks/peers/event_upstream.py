"""Server-sent events that say when they were sent: `event_upstream.py PORT`.

`GET ...?count=N&gap=MS` is answered with N events, the first at once and the others MS milliseconds apart. The data of
each is the sender's monotonic clock in nanoseconds, which on one machine every process shares. A thread a connection.
"""

import re
import socket
import sys
import threading
import time

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
ASKED = re.compile(rb"count=(\d+)&gap=(\d+)")


def answer(connection: socket.socket) -> None:
    """Answer until the connection ends."""
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while request := read_head(connection):
                asked = ASKED.search(request)
                if asked is None:
                    return
                send(connection, int(asked[1]), int(asked[2]) / 1000)
        except OSError:
            return  # whoever listened has gone


def read_head(connection: socket.socket) -> bytes:
    """One request without a body; nothing at the end."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = connection.recv(65536)
        if not piece:
            return b""
        head += piece
    return head


def send(connection: socket.socket, count: int, gap: float) -> None:
    """Send the events, each in a chunk of its own."""
    connection.sendall(HEAD)
    due = time.monotonic()
    for _ in range(count):
        time.sleep(max(0.0, due - time.monotonic()))
        event = b"data: %d\n\n" % time.monotonic_ns()
        connection.sendall(b"%x\r\n%s\r\n" % (len(event), event))
        due += gap
    connection.sendall(b"0\r\n\r\n")


def serve(port: int) -> None:
    """Accept until ended."""
    with socket.create_server(("127.0.0.1", port), backlog=256) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=answer, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
