"""Is an agent still there, although we do not read from it, or it has said that it will send no more?

A FIN is the same packet whether a program has closed its socket or has only shut down the sending half of it. The
kernel knows: a socket that a program still holds has an inode. For agents on the same machine we ask it (sock_diag,
Linux, needs no privileges); of others it cannot be known. Reads no byte, and knows no HTTP.
"""

import asyncio
import socket
import struct
from enum import Enum

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_ALL_STATES = 0xFFFF_FFFF
_ANY_COOKIE = b"\xff" * 8
_TCP_CLOSE_WAIT, _TCP_CLOSE = 8, 7
_HEADER = struct.Struct("=IHHII")
_QUERY = struct.Struct("=BBBBI")
_PORTS = struct.Struct("!HH")
_INODE_AT = _HEADER.size + 4 + 48 + 16
"""After the header: family, state, timer and retransmits; both ends; expiry, two queues and the user."""


class Presence(Enum):
    """What is known about the other end."""

    THERE = "there"
    GONE = "gone"
    UNKNOWN = "unknown"
    """It is not on this machine, or this is not Linux."""


def presence(transport: asyncio.BaseTransport) -> Presence:
    """Is the other end still held open by a program?"""
    sock = transport.get_extra_info("socket")
    if sock is None or sock.fileno() < 0:
        return Presence.GONE
    if _state(sock) == _TCP_CLOSE:
        return Presence.GONE  # it was reset
    family = sock.family
    if family not in (socket.AF_INET, socket.AF_INET6) or not hasattr(socket, "AF_NETLINK"):
        return Presence.UNKNOWN
    try:
        inode = _inode(family, sock.getpeername(), sock.getsockname())
    except OSError:
        return Presence.UNKNOWN
    if inode is None:
        return Presence.UNKNOWN
    return Presence.THERE if inode else Presence.GONE


def has_left(transport: asyncio.BaseTransport) -> bool:
    """Has it said all, and does no program hold it open any longer, as far as can be known?"""
    return has_said_fin(transport) and presence(transport) is not Presence.THERE


def has_said_fin(transport: asyncio.BaseTransport) -> bool:
    """Has all that the other end will ever send arrived in the kernel, read or not?"""
    sock = transport.get_extra_info("socket")
    return sock is None or sock.fileno() < 0 or _state(sock) in (_TCP_CLOSE_WAIT, _TCP_CLOSE)


def _state(sock: socket.socket) -> int:
    """The kernel's number for the state of our end; 0 where it does not say."""
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return 0
    try:
        return int(sock.getsockopt(socket.IPPROTO_TCP, option, 1)[0])
    except OSError:
        return 0


def _inode(family: int, source: tuple[str, int], target: tuple[str, int]) -> int | None:
    """The inode of the socket on this machine whose own end is `source`: 0 if no program has it, None if there is none.

    Format: sock_diag(7).
    """
    ends = [socket.inet_pton(family, end[0].partition("%")[0]).ljust(16, b"\0") for end in (source, target)]
    query = _QUERY.pack(family, socket.IPPROTO_TCP, 0, 0, _ALL_STATES) + _PORTS.pack(source[1], target[1])
    query += ends[0] + ends[1] + struct.pack("=I", 0) + _ANY_COOKIE
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, kind, _NETLINK_SOCK_DIAG) as kernel:
        kernel.send(_HEADER.pack(_HEADER.size + len(query), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0) + query)
        reply = kernel.recv(1024)
    if len(reply) < _INODE_AT + 4 or _HEADER.unpack_from(reply)[1] != _SOCK_DIAG_BY_FAMILY:
        return None
    return int(struct.unpack_from("=I", reply, _INODE_AT)[0])
