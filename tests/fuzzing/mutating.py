"""Inputs for readers of bytes: real messages, spoiled in the ways in which messages are spoiled. Seeded."""

import random
from collections.abc import Sequence

TOKENS = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\0",
    b" ",
    b"\t",
    b"\x0b",
    b":",
    b",",
    b";",
    b"\xff",
    b"\x80",
    b"0\r\n\r\n",
    b"5\r\nabcde\r\n",
    b"ffffffffffffffff\r\n",
    b"-1\r\n",
    b"0x5\r\n",
    b"+5",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: xchunked\r\n",
    b"Transfer-Encoding : chunked\r\n",
    b"transfer-encoding:\tchunked\r\n",
    b"Transfer-Encoding: identity\r\n",
    b"Connection: close\r\n",
    b"Connection: upgrade\r\nUpgrade: websocket\r\n",
    b"Expect: 100-continue\r\n",
    b"Host: other\r\n",
    b" folded\r\n",
    b"Trailer: x\r\n",
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"HTTP/0.9",
    b"HTTP/2.0",
    b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"\x05\x01\x00",
)


def spoiled(dice: random.Random, seeds: Sequence[bytes]) -> bytes:
    """A seed with up to six mistakes in it; now and then none, or nothing but noise."""
    data = bytearray(dice.choice(seeds))
    for _ in range(dice.choice((0, 1, 1, 2, 2, 3, 6))):
        _spoil(dice, data, seeds)
    if dice.random() < 0.01:
        return dice.randbytes(dice.randrange(200))
    return bytes(data[:20_000])


def _spoil(dice: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at = dice.randrange(len(data) + 1)
    to = min(len(data), at + dice.choice((1, 1, 2, 5, 40)))
    match dice.randrange(7):
        case 0:
            data[at:at] = dice.choice(TOKENS)
        case 1:
            data[at:to] = dice.choice(TOKENS)
        case 2:
            del data[at:to]
        case 3:
            data[at:at] = data[at:to]
        case 4:
            data[at:to] = dice.randbytes(to - at)
        case 5:
            data[at:] = dice.choice(seeds)[at:]
        case _:
            del data[at:]


def pieces(dice: random.Random, data: bytes) -> list[bytes]:
    """The same bytes as they may come: in up to eight pieces, or each byte by itself."""
    if len(data) < 300 and dice.random() < 0.1:
        return [data[at : at + 1] for at in range(len(data))]
    cuts = sorted(dice.randrange(len(data) + 1) for _ in range(dice.randrange(8)))
    return [part for part in (data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)) if part]
