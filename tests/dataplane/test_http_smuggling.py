"""Requests that two readers could understand differently: refused before a byte goes on, or passed in one plain form.

Each is followed by another request on the same connection, which is never part of the first, nor the first of it.
"""

import msgspec
import pytest

from tests.doubles.plane import Plane
from tests.doubles.streams import End
from tests.doubles.upstream import ScriptedUpstream

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /tool/x HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
HIDDEN = b"GET /tool/hidden HTTP/1.1\r\nHost: a\r\n\r\n"


class Refused(msgspec.Struct, frozen=True):
    """Sent, and answered with this status; nothing reaches the tool."""

    sent: bytes
    status: int = 400


class Passed(msgspec.Struct, frozen=True):
    """Sent, and what the tool gets: exactly this."""

    sent: bytes
    got: bytes


def to_tool(lines: bytes, method: bytes = b"GET") -> bytes:
    return method + b" /x HTTP/1.1\r\nHost: TOOL\r\n" + lines


def body_in_chunks(chunks: bytes) -> Refused:
    return Refused(CHUNKED + b"\r\n" + chunks)


LENGTHS = {
    "and chunks": Refused(POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG"),
    "after chunks": Refused(POST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG"),
    "and chunks, to a GET": Refused(GET + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "two": Refused(POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
    "two in other cases": Refused(POST + b"Content-Length: 3\r\ncontent-length: 4\r\n\r\nabcd"),
    "twice the same": Refused(POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    "a list": Refused(POST + b"Content-Length: 3, 3\r\n\r\nabc"),
    "with a plus": Refused(POST + b"Content-Length: +3\r\n\r\nabc"),
    "with a minus": Refused(POST + b"Content-Length: -3\r\n\r\nabc"),
    "in hex": Refused(POST + b"Content-Length: 0x3\r\n\r\nabc"),
    "octal to some": Refused(POST + b"Content-Length: 010\r\n\r\n12345678" + b"90"),
    "with zeros before it": Refused(POST + b"Content-Length: 003\r\n\r\nabc"),
    "with a space in it": Refused(POST + b"Content-Length: 1 1\r\n\r\nabcdefghijk"),
    "with an underscore": Refused(POST + b"Content-Length: 1_0\r\n\r\nabcdefghij"),
    "with a fraction": Refused(POST + b"Content-Length: 3.0\r\n\r\nabc"),
    "with an exponent": Refused(POST + b"Content-Length: 3e0\r\n\r\nabc"),
    "with a parameter": Refused(POST + b"Content-Length: 3;x\r\n\r\nabc"),
    "in other digits": Refused(POST + "Content-Length: \u0663\r\n\r\nabc".encode()),
    "empty": Refused(POST + b"Content-Length:\r\n\r\n"),
    "more than 64 bits": Refused(POST + b"Content-Length: 18446744073709551619\r\n\r\nabc"),
    "more than 63 bits": Refused(POST + b"Content-Length: 9223372036854775808\r\n\r\nabc"),
    "with spaces around it": Passed(
        POST + b"Content-Length: \t 3 \t\r\n\r\nabc", to_tool(b"Content-Length: 3\r\n\r\nabc", b"POST")
    ),
    "to a GET": Passed(GET + b"Content-Length: 3\r\n\r\nabc", to_tool(b"Content-Length: 3\r\n\r\nabc")),
    "named by Connection": Refused(
        POST + b"Connection: content-length\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN
    ),
    "named by Connection further on": Refused(
        POST + b"Connection: close\r\nConnection: x, Content-Length\r\nContent-Length: 3\r\n\r\nabc"
    ),
    "with an underscore in its name": Refused(POST + b"Content_Length: 3\r\n\r\nabc"),
}

PLAIN_CHUNKS = b"3\r\nabc\r\n0\r\n\r\n"
IN_CHUNKS = to_tool(b"Transfer-Encoding: chunked\r\n\r\n" + PLAIN_CHUNKS, b"POST")


def coded(coding: bytes, status: int = 400) -> Refused:
    return Refused(POST + b"Transfer-Encoding:" + coding + b"\r\n\r\n" + PLAIN_CHUNKS, status)


CODINGS = {
    "gzip": coded(b" gzip", 501),
    "identity": coded(b" identity", 501),
    "identity and a length": Refused(POST + b"Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc"),
    "gzip, chunked": coded(b" gzip, chunked", 501),
    "identity, chunked": coded(b" identity, chunked", 501),
    "chunked, identity": coded(b" chunked, identity"),
    "chunked, then another line": coded(b" chunked\r\nTransfer-Encoding: x"),
    "another line, then chunked": coded(b" x\r\nTransfer-Encoding: chunked", 501),
    "chunked twice": coded(b" chunked\r\nTransfer-Encoding: chunked"),
    "chunked, chunked": coded(b" chunked, chunked"),
    "xchunked": coded(b" xchunked", 501),
    "chunked with a parameter": coded(b" chunked;q=1", 501),
    "quoted": coded(b' "chunked"', 501),
    "a comma before": coded(b" ,chunked", 501),
    "a comma after": coded(b" chunked,"),
    "vertical tab": coded(b"\x0bchunked"),
    "form feed": coded(b" \x0cchunked"),
    "NUL": coded(b" chunked\0"),
    "not ascii": coded(b" chunked\x80", 501),
    "empty": coded(b""),
    "space before the colon": Refused(POST + b"Transfer-Encoding : chunked\r\n\r\n" + PLAIN_CHUNKS),
    "tab before the colon": Refused(POST + b"Transfer-Encoding\t: chunked\r\n\r\n" + PLAIN_CHUNKS),
    "space before the name": Refused(POST + b" Transfer-Encoding: chunked\r\n\r\n" + PLAIN_CHUNKS),
    "folded": Refused(POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + PLAIN_CHUNKS),
    "behind a bare LF": Refused(POST + b"X: y\nTransfer-Encoding: chunked\r\n\r\n" + PLAIN_CHUNKS),
    "behind a bare CR": Refused(POST + b"X: y\rTransfer-Encoding: chunked\r\n\r\n" + PLAIN_CHUNKS),
    "underscore": Refused(POST + b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
    "a name that is not ascii": Refused(POST + b"Transfer-Encoding\xff: chunked\r\nContent-Length: 3\r\n\r\nabc"),
    "in HTTP/1.0": Refused(b"POST /tool/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + PLAIN_CHUNKS),
    "named by Connection": Refused(CHUNKED + b"Connection: Transfer-Encoding\r\n\r\n" + PLAIN_CHUNKS),
    "other case": Passed(POST + b"Transfer-Encoding: cHuNKed\r\n\r\n" + PLAIN_CHUNKS, IN_CHUNKS),
    "a tab after it": coded(b" chunked\t"),
    "a tab before and a space after": Passed(POST + b"Transfer-Encoding:\tchunked \r\n\r\n" + PLAIN_CHUNKS, IN_CHUNKS),
}

CHUNKS = {
    "negative": body_in_chunks(b"-3\r\nabc\r\n0\r\n\r\n"),
    "with a plus": body_in_chunks(b"+3\r\nabc\r\n0\r\n\r\n"),
    "0x": body_in_chunks(b"0x3\r\nabc\r\n0\r\n\r\n"),
    "no size": body_in_chunks(b"\r\nabc\r\n0\r\n\r\n"),
    "not a number": body_in_chunks(b"zz\r\nabc\r\n0\r\n\r\n"),
    "too many digits": body_in_chunks(b"10000000000000003\r\nabc\r\n0\r\n\r\n"),
    "space before": body_in_chunks(b" 3\r\nabc\r\n0\r\n\r\n"),
    "space after": body_in_chunks(b"3 \r\nabc\r\n0\r\n\r\n"),
    "tab after": body_in_chunks(b"3\t\r\nabc\r\n0\r\n\r\n"),
    "bare LF after the size": body_in_chunks(b"3\nabc\r\n0\r\n\r\n"),
    "bare LF after the data": body_in_chunks(b"3\r\nabc\n0\r\n\r\n"),
    "nothing after the data": body_in_chunks(b"3\r\nabc0\r\n\r\n"),
    "longer than it says": body_in_chunks(b"3\r\nabcd\r\n0\r\n\r\n"),
    "bare LF at the end": body_in_chunks(b"3\r\nabc\r\n0\r\n\n"),
    "extension with a bare LF": body_in_chunks(b"3;a\nabc\r\n0\r\n\r\n"),
    "extension with a quoted LF": body_in_chunks(b'3;a="\nb"\r\nabc\r\n0\r\n\r\n'),
    "extension with a quoted CRLF": body_in_chunks(b'3;a="\r\n"\r\nabc\r\n0\r\n\r\n'),
    "extension with a bare CR": body_in_chunks(b"3;a\rb\r\nabc\r\n0\r\n\r\n"),
    "extension with NUL": body_in_chunks(b"3;a\0b\r\nabc\r\n0\r\n\r\n"),
    "extension without a name": body_in_chunks(b"3;\r\nabc\r\n0\r\n\r\n"),
    "extension of 1 MiB": body_in_chunks(b"3;" + b"a" * 2**20 + b"\r\nabc\r\n0\r\n\r\n"),
    "trailer Transfer-Encoding": body_in_chunks(b"0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "trailer Content-Length": body_in_chunks(b"0\r\nContent-Length: 5\r\n\r\n"),
    "trailer Host": body_in_chunks(b"0\r\nHost: b\r\n\r\n"),
    "trailer Authorization": body_in_chunks(b"3\r\nabc\r\n0\r\nAuthorization: b\r\n\r\n"),
    "trailer Connection": body_in_chunks(b"3\r\nabc\r\n0\r\nConnection: x\r\n\r\n"),
    "folded trailer": body_in_chunks(b"0\r\nX: a\r\n b\r\n\r\n"),
    "trailer with a bare LF": body_in_chunks(b"0\r\nX: a\nY: b\r\n\r\n"),
    "trailer with a space before the colon": body_in_chunks(b"0\r\nX : a\r\n\r\n"),
    "1 MiB of trailers": body_in_chunks(b"0\r\n" + b"X: 1\r\n" * 180_000 + b"\r\n"),
    "extension": Passed(CHUNKED + b'\r\n3;a=b;c="d"\r\nabc\r\n0;e\r\n\r\n', IN_CHUNKS),
    "zeros before the size": Passed(CHUNKED + b"\r\n00000000000000000003\r\nabc\r\n000\r\n\r\n", IN_CHUNKS),
    "trailer": Passed(
        CHUNKED + b"\r\n3\r\nabc\r\n0\r\nX-Sum:\t1\r\n\r\n", IN_CHUNKS.removesuffix(b"\r\n") + b"X-Sum: 1\r\n\r\n"
    ),
}

HEADS = {
    "bare LF everywhere": Refused(b"GET /tool/x HTTP/1.1\nHost: a\n\n"),
    "bare LF after the start line": Refused(b"GET /tool/x HTTP/1.1\nHost: a\r\n\r\n"),
    "CR CR LF": Refused(GET + b"\r\r\n"),
    "CR CR LF after a value": Refused(GET + b"X: a\r\r\n\r\n"),
    "folded": Refused(GET + b"X: a\r\n b\r\n\r\n"),
    "folded with a tab": Refused(GET + b"X: a\r\n\tb\r\n\r\n"),
    "NUL in a value": Refused(GET + b"X: a\0b\r\n\r\n"),
    "control in a value": Refused(GET + b"X: a\x01b\r\n\r\n"),
    "control in a name": Refused(GET + b"X\x01: a\r\n\r\n"),
    "parenthesis in a name": Refused(GET + b"X(: a\r\n\r\n"),
    "no name": Refused(GET + b": a\r\n\r\n"),
    "no colon": Refused(GET + b"X\r\n\r\n"),
    "white space after the start line": Refused(b"GET /tool/x HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n"),
    "space before the method": Refused(b" " + GET + b"\r\n"),
    "tabs in the start line": Refused(b"GET\t/tool/x\tHTTP/1.1\r\nHost: a\r\n\r\n"),
    "space after the version": Refused(b"GET /tool/x HTTP/1.1 \r\nHost: a\r\n\r\n"),
    "lower-case method": Refused(b"get /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"),
    "odd method": Refused(b"GE(T /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"),
    "lower-case version": Refused(b"GET /tool/x http/1.1\r\nHost: a\r\n\r\n"),
    "HTTP/1.2": Refused(b"GET /tool/x HTTP/1.2\r\nHost: a\r\n\r\n"),
    "HTTP/1.10": Refused(b"GET /tool/x HTTP/1.10\r\nHost: a\r\n\r\n"),
    "HTTP/0.9": Refused(b"GET /tool/x HTTP/0.9\r\nHost: a\r\n\r\n", 505),
    "RTSP": Refused(b"DESCRIBE /tool/x RTSP/1.0\r\nHost: a\r\n\r\n", 505),
    "target that is not ascii": Refused(b"GET /tool/\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"),
    "control in the target": Refused(b"GET /tool/\x01 HTTP/1.1\r\nHost: a\r\n\r\n"),
    "no host": Refused(b"GET /tool/x HTTP/1.1\r\n\r\n"),
    "two hosts": Refused(GET + b"Host: b\r\n\r\n"),
    "two hosts, the same": Refused(GET + b"host: a\r\n\r\n"),
    "two hosts in one": Refused(b"GET /tool/x HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    "host with a user": Refused(b"GET /tool/x HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    "host with a path": Refused(b"GET /tool/x HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    "host that is not ascii": Refused(b"GET /tool/x HTTP/1.1\r\nHost: \xe9\r\n\r\n"),
    "host named by Connection": Refused(GET + b"Connection: host\r\n\r\n"),
    "user in the target": Refused(b"GET http://u@TOOL/x HTTP/1.1\r\nHost: a\r\n\r\n"),
    "CONNECT with a body": Refused(
        b"CONNECT TOOL HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN
    ),
    "target of another host than Host": Passed(
        b"GET http://TOOL/x HTTP/1.1\r\nHost: other.test\r\n\r\n", to_tool(b"\r\n")
    ),
    "two spaces in the start line": Passed(b"GET  /tool/x  HTTP/1.1\r\nHost: a\r\n\r\n", to_tool(b"\r\n")),
    "empty lines before": Passed(b"\r\n\r\n\r\n" + GET + b"\r\n", to_tool(b"\r\n")),
    "more headers named by Connection": Passed(
        GET + b"Connection: keep-alive, X-One\r\nX-One: 1\r\nConnection: X-Two\r\nX-Two: 2\r\n\r\n", to_tool(b"\r\n")
    ),
}

UPGRADES = {
    "with a body": Passed(
        POST + b"Connection: upgrade\r\nUpgrade: x\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
        to_tool(b"Content-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN, b"POST"),
    ),
    "with a body in chunks": Passed(
        CHUNKED + b"Connection: upgrade\r\nUpgrade: x\r\n\r\n%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n0\r\n\r\n",
        to_tool(b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n0\r\n\r\n", b"POST"),
    ),
    "with a bad body in chunks": Refused(CHUNKED + b"Connection: upgrade\r\nUpgrade: x\r\n\r\nzz\r\n"),
    "to h2c": Passed(
        GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n", to_tool(b"\r\n")
    ),
    "to HTTP/2.0, or x": Passed(
        GET + b"Connection: upgrade\r\nUpgrade: HTTP/2.0, H2C, x/1\r\n\r\n",
        to_tool(b"Connection: Upgrade\r\nUpgrade: x/1\r\n\r\n"),
    ),
    "without saying so in Connection": Passed(GET + b"Upgrade: x\r\n\r\n", to_tool(b"\r\n")),
    "in HTTP/1.0": Passed(
        b"GET /tool/x HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", to_tool(b"\r\n")
    ),
}

VECTORS = {
    f"{kind}: {name}": vector
    for kind, table in (
        ("length", LENGTHS), ("coding", CODINGS), ("chunk", CHUNKS), ("head", HEADS), ("upgrade", UPGRADES)
    )
    for name, vector in table.items()
}  # fmt: skip

PASSED = {name: vector for name, vector in VECTORS.items() if isinstance(vector, Passed)}
REFUSED = {name: vector for name, vector in VECTORS.items() if isinstance(vector, Refused)}


async def heard(tool: ScriptedUpstream) -> bytes:
    return b"".join([bytes(stream.heard) for stream in tool.streams.all])


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("split", [False, True], ids=["whole", "split"])
async def test_ambiguous_request_is_refused_and_nothing_goes_on(
    plane: Plane, tool: ScriptedUpstream, name: str, split: bool
) -> None:
    vector = REFUSED[name]
    sent = vector.sent.replace(b"TOOL", tool.authority) + HIDDEN
    agent = await plane.agent()
    # In two segments, so that the end of the head and the beginning of the body are read apart.
    cut = sent.index(b"\r\n\r\n") + 4 if split and b"\r\n\r\n" in sent else len(sent)
    await agent.send(sent[:cut], *([sent[cut:]] if sent[cut:] else []))

    said, end = await agent.ended()
    assert said.startswith(b"HTTP/1.1 %d " % vector.status)
    assert said.count(b"\r\n\r\n") == 1
    assert end is End.FIN
    assert len(plane.path.refused) == 1
    assert tool.executions == 0
    got = await heard(tool)
    # A body that streams may have begun to go on before it turned out to be wrong; it never ends there.
    assert not got or (split and vector.sent.startswith(CHUNKED) and not got.endswith(b"0\r\n\r\n"))
    assert b"hidden" not in got


@pytest.mark.parametrize("name", PASSED)
async def test_request_that_could_be_misread_goes_on_in_one_plain_form(
    plane: Plane, tool: ScriptedUpstream, name: str
) -> None:
    vector = PASSED[name]
    agent = await plane.agent()
    await agent.send(vector.sent.replace(b"TOOL", tool.authority))

    assert (await agent.response()).status == 200
    assert await heard(tool) == vector.got.replace(b"TOOL", tool.authority)
    if b"HTTP/1.0" not in vector.sent:
        await agent.send(b"GET /tool/next HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await agent.response()).status == 200
        assert [each.start.split(b" ")[1] for each in tool.received.all] == [b"/x", b"/next"]


def test_there_are_enough_of_them() -> None:
    assert len(VECTORS) >= 100
