"""How a TCP connection is ended on purpose: what is still on its way, and RST. Knows no HTTP."""

import asyncio
import fcntl
import os
import socket
import struct
import termios
from time import monotonic

FLUSH_TIME = 30.0
"""Seconds that what comes before a reset may take to be delivered: an agent may read slowly."""

_LOOK_AGAIN = 0.001
_LOOK_AGAIN_AT_MOST = 0.05
"""Seconds between two looks at what has not been delivered; the longer it takes, the less often we look."""

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


async def reset_when_sent(transport: asyncio.Transport) -> None:
    """RST, as soon as what was said before has been delivered."""
    until, pause = monotonic() + FLUSH_TIME, _LOOK_AGAIN
    while not transport.is_closing() and unsent(transport) and monotonic() < until:
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LOOK_AGAIN_AT_MOST)
    if not transport.is_closing():
        reset(transport)


def _descriptor(transport: asyncio.Transport) -> int:
    return int(transport.get_extra_info("socket").fileno())
