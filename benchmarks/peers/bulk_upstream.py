"""Sends and takes large bodies as fast as sockets do: `bulk_upstream.py PORT`.

`GET ...?bytes=N` is answered with N bytes; a POST's body is read, and its length is the answer. A thread a connection.
"""

import re
import socket
import sys
import threading

BLOCK = 1024 * 1024


def answer(connection: socket.socket) -> None:
    """Answer until the connection ends."""
    sent, taken = memoryview(bytes(BLOCK)), memoryview(bytearray(BLOCK))
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while head := read_head(connection):
            if size := re.search(rb"bytes=(\d+)", head.partition(b"\r\n")[0]):
                send(connection, int(size[1]), sent)
            elif length := re.search(rb"(?i)content-length: *(\d+)", head):
                take(connection, head, int(length[1]), taken)


def read_head(connection: socket.socket) -> bytes:
    """Up to the empty line, and what of the body came with it; nothing at the end."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            return b""
        head += piece
    return head


def send(connection: socket.socket, size: int, block: memoryview) -> None:
    """Answer with `size` bytes."""
    kind = b"Content-Type: application/octet-stream\r\n"
    connection.sendall(b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n" % (kind, size))
    while size:
        piece = block[: min(size, BLOCK)]
        connection.sendall(piece)
        size -= len(piece)


def take(connection: socket.socket, head: bytes, size: int, block: memoryview) -> None:
    """Read a body, and answer with its length."""
    got = len(head.partition(b"\r\n\r\n")[2])
    while got < size:
        piece = connection.recv_into(block, min(BLOCK, size - got))
        if not piece:
            return
        got += piece
    length = b"%d" % got
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(length), length))


def serve(port: int) -> None:
    """Accept until ended."""
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=answer, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
