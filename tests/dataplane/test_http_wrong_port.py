"""Clients that speak something else to the port: told no in words that they understand, and counted by name."""

import logging
from contextlib import suppress

import pytest

from tests.doubles.plane import Plane
from tests.doubles.streams import End
from tests.doubles.upstream import ScriptedUpstream

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
TLS = bytes.fromhex("16030102000100 01fc0303".replace(" ", "")) + bytes(range(200))
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
GO_AWAY = bytes.fromhex("000000040000000000" + "000008070000000000" + "00000000" + "0000000d")
TEXT = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n"

WRONG = {
    "TLS": (TLS, "tls_on_plain_port", TEXT),
    "SSL 3": (b"\x16\x03\x00" + TLS[3:], "tls_on_plain_port", TEXT),
    "HTTP/2": (HTTP2, "http2", GO_AWAY),
    "SOCKS 5": (b"\5\1\0", "socks", b"\5\xff"),
    "SOCKS 5, three ways": (b"\5\3\0\1\2", "socks", b"\5\xff"),
    "SOCKS 4": (b"\4\1\0\x50\x7f\0\0\1user\0", "socks", b"\0\x5b\0\0\0\0\0\0"),
    "random": (b"\xde\xad\xbe\xef" * 50, "malformed", TEXT),
    "a word": (b"hello there\r\n", "malformed", TEXT),
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", "malformed", TEXT),
    "the proxy protocol": (b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" + GET, "malformed", TEXT),
    "not the first on its connection": (GET + TLS, "malformed", b""),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("split", [False, True], ids=["whole", "in bytes"])
async def test_other_protocol_is_told_no(plane: Plane, tool: ScriptedUpstream, name: str, split: bool) -> None:
    sent, reason, word = WRONG[name]
    agent = await plane.agent()
    pieces = [sent[at : at + 1] for at in range(len(sent))] if split else [sent]
    with suppress(OSError):  # it may have heard enough
        await agent.send(*pieces)

    said, end = await agent.ended()
    assert word in said
    assert end in (End.FIN, End.RESET) if split else end is End.FIN
    assert [each.reason for each in plane.path.refused.all] == [reason]
    assert (await plane.ask(GET)).status == 200, "the next connection is served"


async def test_each_kind_is_a_clear_line_in_the_log_and_a_flood_of_it_no_more(
    plane: Plane, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            for sent in (TLS, HTTP2, b"\5\1\0"):
                agent = await plane.agent()
                await agent.send(sent)
                await agent.ended()
                agent.close()

    lines = [line.getMessage() for line in caplog.records]
    assert len(lines) == 3
    assert "this port speaks plain HTTP, and got a TLS greeting: use http://, not https://" in lines[0]
    assert "this port speaks HTTP/1.1, and got the preface of HTTP/2" in lines[1]
    assert "got a SOCKS greeting" in lines[2]
    assert len(plane.path.refused) == 60, "every one of them is counted"
