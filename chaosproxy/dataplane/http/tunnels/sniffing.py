"""What an agent speaks, told by the first bytes of it. Knows no connection."""

import re
from enum import Enum


class Spoken(Enum):
    """What bytes are the beginning of."""

    TLS = "tls"
    HTTP = "http"
    OTHER = "other"


LONGEST_METHOD = 24
"""Bytes; registered methods have up to 17."""

_METHOD = re.compile(rb"[A-Z-]{1,%d}" % LONGEST_METHOD)


def sniff(data: bytes | bytearray) -> Spoken | None:
    """What these bytes are the beginning of; None if too few have come to say.

    TLS begins with a record of type 22 and major version 3 (RFC 8446, 5.1), an HTTP request with its method, which is
    in capitals if it is a registered one, and a space; a greeting such as `SSH-2.0-…` with neither.
    """
    if not data:
        return None
    if data[0] == 0x16:
        if len(data) < 2:
            return None
        return Spoken.TLS if data[1] == 0x03 else Spoken.OTHER
    method, space, _ = data[: LONGEST_METHOD + 1].partition(b" ")
    if not _METHOD.fullmatch(method):
        return Spoken.OTHER
    return Spoken.HTTP if space else None
