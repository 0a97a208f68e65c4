"""What comes before and after: interim answers, trailers both ways, and agents and tools of another age."""

import asyncio

import pytest

from chaosproxy.core.failures import Outcome
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Stream
from tests.doubles.upstream import OK, ScriptedUpstream, Then

POST = b"POST /tool/x HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n"
HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("kind", [b"application/json", b"application/grpc"], ids=["held", "streamed"])
async def test_trailers_of_a_request_reach_the_tool(plane: Plane, tool: ScriptedUpstream, kind: bytes) -> None:
    head = b"Content-Type: " + kind + b"\r\nTrailer: X-Sum\r\n\r\n"
    agent = await plane.agent()
    await agent.send(CHUNKED + head, b"3\r\n[1]\r\n", b"0\r\n", b"X-Sum: 1\r\nx-sum:2\r\n", b"\r\n")

    assert (await agent.response()).status == 200
    got = await tool.received.first()
    assert got.body == b"[1]"
    assert got.trailers == [(b"X-Sum", b"1"), (b"x-sum", b"2")]
    assert got.values(b"trailer") == [b"X-Sum"]


@pytest.mark.parametrize(
    ("headers", "got"),
    [
        (b"TE: trailers\r\nConnection: TE\r\n", b"TE: trailers\r\nConnection: TE\r\n"),
        (b"Connection: close, te\r\nte: gzip;q=0.5, Trailers\r\n", b"Connection: TE\r\nte: trailers\r\n"),
        (b"TE: gzip\r\nConnection: TE\r\n", b""),
        (b"TE: trailers\r\n", b""),
    ],
    ids=["alone", "among others", "another", "not about the connection"],
)
async def test_wish_for_trailers_is_passed_on_as_our_own(
    plane: Plane, tool: ScriptedUpstream, headers: bytes, got: bytes
) -> None:
    await plane.ask(GET + headers + b"\r\n")

    assert (await tool.received.first()).raw == b"GET /x HTTP/1.1\r\nHost: " + tool.authority + b"\r\n" + got + b"\r\n"


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_trailers_of_an_answer_reach_agents_that_know_them(
    plane: Plane, tool: ScriptedUpstream, version: bytes
) -> None:
    tool.says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")
    agent = await plane.agent()
    await agent.send(b"GET /tool/x HTTP/" + version + b"\r\nHost: a\r\n\r\n")
    got = await agent.response()

    assert got.body == b"abc"
    assert got.trailers == ([(b"X-Sum", b"1")] if version == b"1.1" else [])


async def test_agent_that_does_not_wait_for_100(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)
    agent = await plane.agent()
    await agent.send(POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")

    assert await agent.ending() == (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, End.SILENT)
    assert (await tool.received.first()).body == b"hello"


async def test_tool_that_does_not_say_100(plane: Plane, tool: ScriptedUpstream) -> None:
    agent = await plane.agent()
    await agent.send(POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    await tool.streams.first()
    await agent.send(b"hello")

    assert await agent.ending() == (OK, End.SILENT)


async def test_interim_answers_come_when_they_are_said(plane: Plane, tool: ScriptedUpstream) -> None:
    heard = asyncio.Event()

    async def play(stream: Stream) -> None:
        await stream.request()
        await stream.send(b"HTTP/1.1 102 Processing\r\n\r\n")
        await heard.wait()
        await stream.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\n" + OK)

    tool.play = play
    agent = await plane.agent()
    await agent.send(GET + b"\r\n")
    assert await agent.until(b"\r\n\r\n") == b"HTTP/1.1 102 Processing\r\n\r\n"
    heard.set()
    assert await agent.until(b"\r\n\r\n") == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\n"
    assert (await agent.response()).raw == OK


async def test_tool_that_answers_and_closes_while_the_body_is_coming(plane: Plane, tool: ScriptedUpstream) -> None:
    """The agent hears the answer, although it is still sending and the tool is gone."""
    refusal = b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"

    async def play(stream: Stream) -> None:
        await stream.until(b"\r\n\r\n")
        await stream.send(refusal)
        stream.half_close()
        await stream.ended()

    tool.play = play
    agent = await plane.agent()
    sending = asyncio.ensure_future(agent.send(POST + b"Content-Length: 50000000\r\n\r\n", b"x" * 50_000_000))

    assert await agent.ended() == (refusal.replace(b"Connection: close\r\n", b""), End.FIN)
    await asyncio.gather(sending, return_exceptions=True)
    assert (await plane.answer()).status == 413


@pytest.mark.parametrize("headers", [b"", b"Connection: keep-alive\r\n"])
async def test_old_agent_is_closed_after_its_answer(plane: Plane, tool: ScriptedUpstream, headers: bytes) -> None:
    agent = await plane.agent()
    await agent.send(b"POST /tool/x HTTP/1.0\r\n" + headers + b"Content-Length: 2\r\n\r\n{}")

    assert await agent.ended() == (OK, End.FIN)
    assert (await tool.received.first()).body == b"{}"


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
        b"HTTP/1.0 200 OK\r\nContent-Length: 13\r\n\r\nuntil the end",
    ],
)
async def test_old_tool_is_asked_on_a_new_connection_each_time(
    plane: Plane, tool: ScriptedUpstream, said: bytes
) -> None:
    tool.says(said, then=Then.CLOSE)
    for _ in range(2):
        got = await plane.ask(GET + b"\r\n")
        assert (got.start, got.body) == (b"HTTP/1.1 200 OK", b"until the end")

    assert tool.connections == 2
    assert [each.outcome for each in plane.path.answers.all] == [Outcome.OK] * 2
