"""Tools that answer what two readers could understand differently: neither agent nor next call is left in doubt."""

import pytest

from chaosproxy.core.answer import Origin
from chaosproxy.core.failures import Outcome
from tests.doubles.plane import Plane
from tests.doubles.streams import End
from tests.doubles.upstream import OK, ScriptedUpstream

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"3\r\nabc\r\n0\r\n\r\n"

NO_ANSWER = {
    "two lengths": HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "the same length twice": HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "list of lengths": HEAD + b"Content-Length: 3, 3\r\n\r\nabc",
    "negative length": HEAD + b"Content-Length: -3\r\n\r\nabc",
    "length beyond all sizes": HEAD + b"Content-Length: 9223372036854775808\r\n\r\nabc",
    "length and chunks": HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "chunks and length": CHUNKED + b"Content-Length: 3\r\n\r\n" + CHUNKS,
    "chunked twice": CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "xchunked": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKS,
    "chunked, then gzip": HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + CHUNKS,
    "folded": HEAD + b"X: a\r\n b\r\nContent-Length: 3\r\n\r\nabc",
    "bare LF": HEAD + b"X: a\nContent-Length: 3\r\n\r\nabc",
    "bare CR": HEAD + b"X: a\rContent-Length: 3\r\n\r\nabc",
    "NUL": HEAD + b"X: a\0b\r\nContent-Length: 3\r\n\r\nabc",
    "NUL in the phrase": b"HTTP/1.1 200 O\0K\r\nContent-Length: 3\r\n\r\nabc",
    "escape in the phrase": b"HTTP/1.1 200 \x1b[31m\r\nContent-Length: 3\r\n\r\nabc",
    "space before the colon": HEAD + b"X : a\r\nContent-Length: 3\r\n\r\nabc",
    "status 99": b"HTTP/1.1 099 S\r\nContent-Length: 0\r\n\r\n",
    "status 1000": b"HTTP/1.1 1000 S\r\nContent-Length: 0\r\n\r\n",
    "no status": b"HTTP/1.1 \r\nContent-Length: 0\r\n\r\n",
    "HTTP/2": b"HTTP/2 200\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.2": b"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/0.9": b"<html>hello",
    "101 that nobody asked for": b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "gzip without chunks": HEAD + b"Transfer-Encoding: gzip\r\n\r\nabc",
    "interim with a length": b"HTTP/1.1 103 Early\r\nContent-Length: 5\r\n\r\n" + OK,
    "interim with chunks": b"HTTP/1.1 103 Early\r\nTransfer-Encoding: chunked\r\n\r\n" + OK,
    "endless interim": b"HTTP/1.1 103 Early\r\nX: 1\r\n\r\n" * 20_000,
}


async def next_call_is_fine(plane: Plane, tool: ScriptedUpstream) -> None:
    """And it is made on another connection."""
    before = tool.connections
    tool.says(OK)
    assert (await plane.ask(GET)).raw == OK
    assert tool.connections == before + 1


@pytest.mark.parametrize("name", NO_ANSWER)
async def test_answer_in_doubt_is_a_502(plane: Plane, tool: ScriptedUpstream, name: str) -> None:
    tool.says(NO_ANSWER[name])

    assert (await plane.ask(GET)).status == 502
    answer = await plane.answer()
    assert (answer.origin, answer.outcome) == (Origin.PROXY, Outcome.UNAVAILABLE)
    assert answer.problem
    await next_call_is_fine(plane, tool)


CUT = {
    "not a size": b"3\r\nabc\r\nzz\r\n",
    "negative size": b"3\r\nabc\r\n-3\r\nabc\r\n",
    "space in the size": b"3\r\nabc\r\n3 \r\nabc\r\n",
    "no end of the data": b"3\r\nabc0\r\n\r\n",
    "length in the trailers": b"3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n",
    "1 MiB of trailers": b"3\r\nabc\r\n0\r\n" + b"X: 1\r\n" * 180_000 + b"\r\n",
}


@pytest.mark.parametrize("name", CUT)
async def test_body_that_goes_wrong_is_cut(plane: Plane, tool: ScriptedUpstream, name: str) -> None:
    tool.says(CHUNKED + b"\r\n" + CUT[name])
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ended() == (CHUNKED + b"\r\n3\r\nabc\r\n", End.FIN)
    assert (await plane.answer()).outcome is Outcome.TRUNCATED
    await next_call_is_fine(plane, tool)


@pytest.mark.parametrize(
    ("said", "got"),
    [
        (
            HEAD + b"Connection: content-length\r\nContent-Length: 3\r\n\r\nabc",
            HEAD + b"Content-Length: 3\r\n\r\nabc",
        ),
        (CHUNKED + b"Connection: transfer-encoding\r\n\r\n" + CHUNKS, CHUNKED + b"\r\n" + CHUNKS),
        (
            CHUNKED + b"\r\n3\r\nabc\r\n0\r\nConnection: x\r\nA: 1\r\n\r\n",
            CHUNKED + b"\r\n3\r\nabc\r\n0\r\nA: 1\r\n\r\n",
        ),
    ],
    ids=["length named", "chunks named", "hop in the trailers"],
)
async def test_answer_that_could_be_misread_is_made_plain(
    plane: Plane, tool: ScriptedUpstream, said: bytes, got: bytes
) -> None:
    tool.says(said)
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ending() == (got, End.SILENT)
