"""How a TCP connection is ended on purpose: what is still on its way, and RST. Knows no HTTP."""

import asyncio
import fcntl
import os
import socket
import struct
import termios

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def unsent(transport: asyncio.Transport) -> int:
    """Bytes that have not reached the other side: ours, and those in the kernel, which a reset would throw away."""
    try:
        queued = fcntl.ioctl(_descriptor(transport), termios.TIOCOUTQ, b"\0\0\0\0")
    except OSError:
        queued = b"\0\0\0\0"
    return transport.get_write_buffer_size() + int(struct.unpack("i", queued)[0])


def reset(transport: asyncio.Transport) -> None:
    """RST: closing with SO_LINGER 0, armed here and nowhere else, throws the connection away."""
    with socket.socket(fileno=os.dup(_descriptor(transport))) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


def _descriptor(transport: asyncio.Transport) -> int:
    return int(transport.get_extra_info("socket").fileno())
